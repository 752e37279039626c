package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/paceboard/paceboard/cmd/internal/backup"
	"github.com/paceboard/paceboard/cmd/internal/control"
	"github.com/paceboard/paceboard/config"
	"github.com/paceboard/paceboard/persistence/embedded"
)

const (
	// checkpointCall has the server make a checkpoint, and keep it while the call lasts.
	checkpointCall = "checkpoint"
	// checkpointWithin is how long the server may take for that.
	checkpointWithin = time.Minute
	// checkpointKept is how long it keeps one: a checkpoint keeps old tables on the disk.
	checkpointKept = 12 * time.Hour
	// restBeside is how many times as long as it works a backup beside a server rests.
	restBeside = 9
)

// backUp makes a backup of the embedded store, beside the server or without one.
func backUp(ctx context.Context, p *program, args []string) (err error) {
	var verify bool
	cmd := config.Command{
		Name: "backup",
		Summary: "Back up the embedded store, while its server runs or without one: into a new folder inside DIR, with hard links for what the " +
			"backup before has as well, or, with -, as a tar to standard output. It contains names and days of people: protect it like DATA_DIR. " +
			"PostgreSQL has its own tools.",
		Arguments: "DIR|-",
		Example:   "DATA_DIR=./data paceboard backup --verify /mnt/backups",
		Optional:  []string{"DATA_DIR", "MIN_FREE_DISK", "LOG_LEVEL", "LOG_FORMAT"},
		Flags: func(f *flag.FlagSet) {
			f.BoolVar(&verify, "verify", false, "restore the backup beside itself and audit it")
		},
	}
	settings, where, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	if len(where) != 1 {
		return errors.New("name one folder for backups, or - for standard output")
	}
	to := where[0]
	if verify && to == "-" {
		return errors.New("--verify needs a folder; of a tar, `paceboard restore` verifies every byte")
	}
	if to != "-" {
		if err := outside(settings.DataDir, to); err != nil {
			return err
		}
	}
	dir, beside, release, err := p.checkpoint(ctx, settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	c, err := p.readCheckpoint(dir)
	if err != nil {
		return err
	}
	size, err := c.Size()
	if err != nil {
		return err
	}
	bar := newProgress(p.err, "backup", int(size), "bytes")
	c.Progress = bar.addN
	if beside {
		c.Rest = restBeside
	}
	if to == "-" {
		m, err := backup.WriteTar(ctx, p.out, c)
		bar.finish()
		if err == nil {
			fmt.Fprintf(p.err, "backed up %d competitions, %d events, %d bytes\n", len(m.Journals), m.Events(), m.Bytes())
		}
		return err
	}
	w, err := backup.WriteFolder(ctx, to, c)
	bar.finish()
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "backed up %d competitions, %d events, %d bytes (%d linked) to %s\n", len(w.Journals), w.Events(), w.Bytes(), w.Linked, w.Dir)
	if verify {
		return p.verifyBackup(ctx, w.Dir)
	}
	return nil
}

// checkpoint has the running server make a checkpoint, or else opens the store and makes
// one itself. beside reports whether there is a server.
func (p *program) checkpoint(ctx context.Context, settings config.Settings) (dir string, beside bool, release func() error, err error) {
	server, err := control.Dial(ctx, settings.DataDir)
	if err == nil {
		var name string // of the folder, inside DATA_DIR: the server may know that by another path
		release, err := server.Hold(ctx, checkpointCall, struct{}{}, &name)
		if err == nil && !filepath.IsLocal(name) {
			err = errors.Join(fmt.Errorf("the server answered %q", name), release())
		}
		return filepath.Join(settings.DataDir, name), true, release, err
	}
	if !errors.Is(err, control.ErrNoServer) {
		return "", false, nil, err
	}
	if _, err := os.Stat(settings.DataDir); err != nil {
		return "", false, nil, fmt.Errorf("there is no store in %s; set DATA_DIR as for the server", settings.DataDir)
	}
	opening, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	s, err := embedded.Open(opening, embedded.Options{Dir: settings.DataDir, MinFreeBytes: uint64(settings.MinFreeDisk), Logger: newLogger(p.err, settings, settings.LogLevel)})
	if err != nil {
		return "", false, nil, err
	}
	dir, remove, err := s.Checkpoint(opening)
	if err != nil {
		return "", false, nil, errors.Join(err, s.Close())
	}
	return dir, false, func() error { return errors.Join(remove(), s.Close()) }, nil
}

// readCheckpoint finds out what is in a checkpoint. Competitions that the store itself has
// lost the end of are named; the others are backed up all the same.
func (p *program) readCheckpoint(dir string) (*backup.Checkpoint, error) {
	at := time.Now()
	ends, damage, err := embedded.JournalEnds(dir)
	if err != nil {
		return nil, err
	}
	for _, d := range damage {
		fmt.Fprintf(p.err, "warning   the store has lost acknowledged events, and the backup lacks them, too: %v\n", d)
	}
	names, err := embedded.CheckpointFiles(dir)
	return &backup.Checkpoint{Dir: dir, Files: names, Journals: ends, Program: Version, At: at}, err
}

// verifyBackup restores a backup beside itself, and audits it.
func (p *program) verifyBackup(ctx context.Context, dir string) (err error) {
	scratch := dir + ".verify"
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	if err := os.RemoveAll(scratch); err != nil {
		return err
	}
	quiet := *p
	quiet.out = io.Discard
	if _, err := quiet.restoreTo(ctx, dir, embedded.Options{Dir: scratch, BallastBytes: -1}); err != nil {
		return err
	}
	return audit(ctx, &program{in: p.in, out: p.out, err: p.err, environ: []string{"MIN_FREE_DISK=0"}}, []string{"--data-dir", scratch})
}

// checkpointer is the store that can be backed up beside a running server.
type checkpointer interface {
	Checkpoint(ctx context.Context) (dir string, release func() error, err error)
}

// serveCheckpoints answers checkpointCall.
func serveCheckpoints(store checkpointer) control.Call {
	return func(ctx context.Context, _ json.RawMessage, answer func(any) error) error {
		making, cancel := context.WithTimeout(ctx, checkpointWithin)
		defer cancel()
		dir, release, err := store.Checkpoint(making)
		if err != nil {
			return err
		}
		err = answer(filepath.Base(dir))
		if err == nil {
			kept, cancel := context.WithTimeout(ctx, checkpointKept)
			defer cancel()
			<-kept.Done() // the tool has what it wanted, or has gone
		}
		return errors.Join(err, release())
	}
}
