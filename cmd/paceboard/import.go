package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/paceboard/paceboard/cmd/internal/transfer"
	"github.com/paceboard/paceboard/config"
)

// imports is the command import: it takes what export wrote into a store.
func imports(ctx context.Context, p *program, args []string) (err error) {
	var only string
	cmd := config.Command{
		Name: "import",
		Summary: "Take competitions that `paceboard export` wrote into a store, from a file or from standard input. Each is verified before " +
			"any of it is stored. One that is there already is left alone if it is the same, and refused if it is not, so that an import " +
			"that was interrupted can be repeated. With the embedded store, stop the server first.",
		Arguments: "[FILE]",
		Example:   "DATABASE_URL=postgres://… paceboard import all.jsonl",
		Optional:  storeSettingNames,
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&only, "competition", "", "`ID` of the only competition to take")
		},
	}
	settings, files, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	input := p.in
	switch len(files) {
	case 0:
	case 1:
		file, err := os.Open(files[0])
		if err != nil {
			return fmt.Errorf("open the export: %w", err)
		}
		defer func() { _ = file.Close() }()
		input = file
	default:
		return errors.New("name one file, or none for standard input")
	}
	to, err := openStore(ctx, settings, newLogger(p.err, settings, settings.LogLevel))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	bar := newProgress(p.err, "import", -1, "events")
	m := &transfer.Import{Store: to, Only: only, Progress: bar.addN, Same: func(id string) {
		fmt.Fprintf(p.out, "%q is there already, the same to the last byte\n", id)
	}}
	err = m.Run(ctx, input)
	bar.finish()
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "imported  %d competitions, %d events; %d were there already\n", m.Taken, m.Events, m.There)
	return nil
}
