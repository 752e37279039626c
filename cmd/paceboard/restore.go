package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/paceboard/paceboard/config"
	"github.com/paceboard/paceboard/persistence/embedded"
)

// restore makes a data folder of a backup, of an archive, or of both.
func restore(ctx context.Context, p *program, args []string) error {
	var point pointInTime
	cmd := config.Command{
		Name: "restore",
		Summary: "Make a data folder of a backup: of its folder, of the latest in a folder of backups, of a tar, or, with -, of a tar from standard input. " +
			"DIR must be empty, or not there. Every byte is verified. Whatever happened after the backup is gone, so each board goes on under a new epoch: " +
			"clients get it whole, and should send their latest days again. With ARCHIVE and DIR alone, make one of what the archive has after the backup that --from names, " +
			"up to a point, or to its end. If anything of that is missing or damaged, nothing is restored.",
		Arguments: "[BACKUP] DIR",
		Example:   "paceboard restore --archive /mnt/archive --from /mnt/backups --until 2026-11-27T06:15:00Z ./restored",
		Optional:  []string{"ARCHIVE", "ARCHIVE_ACCESS_KEY", "ARCHIVE_SECRET_KEY", "MIN_FREE_DISK", "LOG_LEVEL", "LOG_FORMAT"},
		Flags:     func(f *flag.FlagSet) { point.flags(f) },
	}
	settings, where, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	o := func(dir string) embedded.Options {
		return embedded.Options{Dir: dir, MinFreeBytes: uint64(settings.MinFreeDisk), Logger: newLogger(p.err, settings, settings.LogLevel)}
	}
	switch {
	case len(where) == 1 && settings.Archive != "":
		return p.restoreArchive(ctx, &settings, point, o(where[0]))
	case point.given():
		return misused("a point in time needs ARCHIVE, and no other argument than an empty folder to restore to; --from names the backup")
	case len(where) != 2:
		return errors.New("name the backup, or - for standard input, and an empty folder to restore it to; or set ARCHIVE, and name the folder alone")
	}
	m, err := p.restoreTo(ctx, where[0], o(where[1]))
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "restored  %d competitions, %d events, as of %s, to %s\n", len(m.Journals), m.Events(), m.MadeAt.UTC().Format(time.RFC3339), where[1])
	fmt.Fprintf(p.out, "next      DATA_DIR=%s paceboard audit, and then start the server on it; each board goes on under a new epoch\n", where[1])
	return nil
}
