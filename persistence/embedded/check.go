package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"
)

// Checked is what [CheckOpen] found in a data folder that Open would open.
type Checked struct {
	New      bool    // there is no store yet; Open would make one
	Warnings []error // what Open would log, or what would keep the store from taking writes
}

// CheckOpen finds out whether Open would work, by ctx's deadline. It changes no file and
// makes none. The errors are those of Open.
func CheckOpen(ctx context.Context, o Options) (Checked, error) {
	type outcome struct {
		found Checked
		err   error
	}
	over := make(chan outcome, 1)
	go func() { // Pebble has ways to wait forever; then it ends with the process
		found, err := checkOpen(&o)
		over <- outcome{found, err}
	}()
	select {
	case done := <-over:
		if done.err != nil {
			return Checked{}, fmt.Errorf("open the data folder %s: %w", o.Dir, done.err)
		}
		return done.found, nil
	case <-ctx.Done():
		return Checked{}, fmt.Errorf("open the data folder %s: %w: the disk may be full, slow or broken: %w", o.Dir, ErrHangs, context.Cause(ctx))
	}
}

func checkOpen(o *Options) (found Checked, err error) {
	o.FS = vfs.Default
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return found, err
	}
	path := filepath.Join(dir, pebbleFolder)
	there := path
	for { // the folder that exists already
		_, err := o.FS.Stat(there)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || there == filepath.Dir(there) {
			return found, err
		}
		there = filepath.Dir(there)
	}
	if err := unix.Access(there, unix.R_OK|unix.W_OK|unix.X_OK); err != nil {
		return found, &fs.PathError{Op: "write to the folder", Path: there, Err: err}
	}
	switch free, known, err := freeBytes(o.FS, there); {
	case err != nil:
		return found, err
	case known && free < o.MinFreeBytes:
		found.Warnings = append(found.Warnings, fmt.Errorf("only %s free, below MIN_FREE_DISK (%s): no writes would be taken", readable(free), readable(o.MinFreeBytes)))
	}
	if err := checkWhole(o); err != nil {
		return found, err
	}
	before, err := pebble.Peek(path, o.FS)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !before.Exists {
		said, _, err := readWatermark(o.FS, dir)
		if err == nil && said.manifest.name != "" {
			err = fmt.Errorf("%w: %s was in use, and now there is none", ErrDamaged, said.manifest.name)
		}
		found.New = true
		return found, err
	}
	if err != nil {
		return found, err
	}
	damage, err := readStore(path, dir, before.ManifestFilename)
	found.Warnings = append(found.Warnings, damage...)
	return found, err
}

// readStore looks at a store that is there: its lock, its level, and what it has lost.
func readStore(path, dir, manifest string) (damage []error, err error) {
	lock, err := pebble.LockDirectory(path, vfs.Default) // whose file is there
	if err != nil {
		if _, ok := errors.AsType[*fs.PathError](err); ok {
			return nil, err
		}
		return nil, fmt.Errorf("%w: another paceboard uses this DATA_DIR; stop it first: %w", ErrInUse, err)
	}
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("%w: pebble cannot read its files: %v", ErrDamaged, failure)
		}
		err = errors.Join(err, lock.Close())
	}()
	said, _, err := readWatermark(vfs.Default, dir)
	if err != nil {
		return nil, err
	}
	if err := checkManifest(vfs.Default, manifest, said.manifest); err != nil {
		return nil, err
	}
	log := newPebbleLog(slog.New(slog.DiscardHandler), nil)
	db, err := pebble.Open(path, &pebble.Options{
		ReadOnly: true, Lock: lock, FormatMajorVersion: pebble.FormatNewest, Logger: log, EventListener: log.events(),
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := readFormat(db); err != nil {
		return nil, err
	}
	damaged, err := holdAgainst(db, &said)
	for _, corrupt := range damaged {
		damage = append(damage, fmt.Errorf("a competition lost acknowledged events and would be refused: %w", corrupt))
	}
	return damage, err
}
