package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/paceboard/paceboard/cmd/internal/transfer"
	"github.com/paceboard/paceboard/config"
)

// export writes competitions down, so that another store can take them.
func export(ctx context.Context, p *program, args []string) (err error) {
	var only string
	cmd := config.Command{
		Name: "export",
		Summary: "Write one competition or all of them as JSON lines, to a file or to standard output. Everything is verified " +
			"before it is written. The file contains names and days of people: protect it like the database. With the embedded store, stop the server first.",
		Arguments: "[FILE]",
		Example:   "DATA_DIR=./data paceboard export all.jsonl",
		Optional:  storeSettingNames,
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&only, "competition", "", "`ID` of the only competition to export")
		},
	}
	settings, files, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	if len(files) > 1 {
		return errors.New("name one file, or none for standard output")
	}
	from, err := openExisting(ctx, p, settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	x, err := transfer.PlanExport(ctx, from, only)
	if err != nil {
		return err
	}
	bar := newProgress(p.err, "export", x.Events, "events")
	x.Progress = bar.addN
	if len(files) == 0 {
		err = x.Write(ctx, p.out)
	} else {
		err = writeWhole(files[0], func(w io.Writer) error { return x.Write(ctx, w) })
	}
	bar.finish()
	if err == nil {
		fmt.Fprintf(p.err, "exported  %d competitions, %d events\n", len(x.IDs), x.Written)
	}
	return err
}

// storeSettingNames are the settings of tools that open a store.
var storeSettingNames = []string{"DATA_DIR", "DATABASE_URL", "MIN_FREE_DISK", "LOG_LEVEL", "LOG_FORMAT"}

// openExisting opens the store that the settings choose, if there is one, for a tool
// that changes nothing in it.
func openExisting(ctx context.Context, p *program, settings config.Settings) (store, error) {
	if settings.DatabaseURL == "" { // opening would make an empty one
		if _, err := os.Stat(settings.DataDir); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no store in %s; set DATA_DIR or DATABASE_URL as for the server", settings.DataDir)
		}
	}
	return openForReading(ctx, settings, newLogger(p.err, settings, settings.LogLevel))
}

// writeWhole makes a file that is there only once it is complete.
func writeWhole(path string, write func(io.Writer) error) (err error) {
	unfinished := path + ".part"
	file, err := os.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // G304: the operator's own path.
	if err != nil {
		return fmt.Errorf("make the file: %w", err)
	}
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(unfinished))
	}
	return os.Rename(unfinished, path)
}
