package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/paceboard/paceboard/cmd/internal/backup"
	"github.com/paceboard/paceboard/config"
	"github.com/paceboard/paceboard/persistence/embedded"
)

// restore makes a data folder of a backup.
func restore(ctx context.Context, p *program, args []string) error {
	cmd := config.Command{
		Name: "restore",
		Summary: "Make a data folder of a backup: of its folder, of the latest in a folder of backups, of a tar, or, with -, of a tar from standard input. " +
			"DIR must be empty, or not there. Every byte is verified. Whatever happened after the backup is gone, so each board goes on under a new epoch: " +
			"clients get it whole, and should send their latest days again.",
		Arguments: "BACKUP DIR",
		Example:   "paceboard restore /mnt/backups ./restored",
		Optional:  []string{"MIN_FREE_DISK", "LOG_LEVEL", "LOG_FORMAT"},
	}
	settings, where, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	if len(where) != 2 {
		return errors.New("name the backup, or - for standard input, and an empty folder to restore it to")
	}
	m, err := p.restoreTo(ctx, where[0], embedded.Options{Dir: where[1], MinFreeBytes: uint64(settings.MinFreeDisk), Logger: newLogger(p.err, settings, settings.LogLevel)})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "restored  %d competitions, %d events, as of %s, to %s\n", len(m.Journals), m.Events(), m.MadeAt.UTC().Format(time.RFC3339), where[1])
	fmt.Fprintf(p.out, "next      DATA_DIR=%s paceboard audit, and then start the server on it; each board goes on under a new epoch\n", where[1])
	return nil
}

// restoreTo restores a backup, and returns its manifest.
func (p *program) restoreTo(ctx context.Context, from string, o embedded.Options) (m *backup.Manifest, err error) {
	source, err := backup.Open(from, p.in)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	total := -1
	if source.Manifest != nil {
		total = int(source.Manifest.Bytes())
	}
	bar := newProgress(p.err, "restore", total, "bytes")
	ends, err := embedded.Restore(ctx, o, func(to string) error { return source.Fetch(ctx, to, bar.addN) })
	bar.finish()
	if err != nil {
		return nil, err
	}
	for id := range ends { // a competition that was damaged when the backup was made has an end, and none in the manifest
		if _, named := source.Manifest.Journals[id]; !named {
			delete(ends, id)
		}
	}
	if !maps.Equal(ends, source.Manifest.Journals) {
		return nil, fmt.Errorf("%w: its journals do not end where the manifest says", backup.ErrDamaged)
	}
	return source.Manifest, nil
}
