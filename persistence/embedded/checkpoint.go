package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// checkpointFolder is where the one checkpoint is, in the data folder: on the same disk,
// so that tables are linked and not copied.
const checkpointFolder = "checkpoint"

// checkpointPatience is how long the checkpoint before may take to go: a tool that has
// ended, or was killed, may just have let go of it.
const checkpointPatience = time.Second

// lockFile is Pebble's, and no part of a store.
const lockFile = "LOCK"

// Checkpoint makes a folder, inside the data folder, that holds the store as of a
// moment during the call, with every commit that was confirmed before it. Its files are
// not changed any more. The caller reads them, and then calls release, which removes
// them: they keep old tables on the disk, also those from which something was erased
// meanwhile. Commits go on. Error: ErrBackingUp if there is another one, and it is not
// released within a second. Cost: a link for each table, and a copy of what was written
// since the last flush, which is made first.
func (s *Store) Checkpoint(ctx context.Context) (dir string, release func() error, err error) {
	if refusal := s.refusal.Load(); refusal != nil {
		return "", nil, *refusal
	}
	select {
	case s.checkpointing <- struct{}{}:
	case <-time.After(checkpointPatience):
		return "", nil, ErrBackingUp
	case <-ctx.Done():
		return "", nil, outOfTime(ctx, "nothing was begun")
	}
	files := s.options.FS
	dir = files.PathJoin(s.options.Dir, checkpointFolder)
	release = func() error {
		defer func() { <-s.checkpointing }()
		return files.RemoveAll(dir)
	}
	if err := s.makeCheckpoint(ctx, dir); err != nil {
		return "", nil, errors.Join(fmt.Errorf("make a checkpoint: %w", err), release())
	}
	return dir, release, nil
}

func (s *Store) makeCheckpoint(ctx context.Context, dir string) error {
	if err := s.options.FS.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	// The claims come first: what they claim was durable before the checkpoint begins.
	said, _, err := readWatermark(s.options.FS, s.options.Dir)
	if err != nil {
		return err
	}
	said.manifest = claim{} // The copy is another file.
	if err := writeFile(s.options.FS, s.options.FS.PathJoin(dir, watermarkFile), said.append(nil)); err != nil {
		return err
	}
	return s.db.Checkpoint(s.options.FS.PathJoin(dir, pebbleFolder), pebble.WithFlushedWAL())
}

// CheckpointFiles returns the names of a checkpoint's files, relative to its folder and
// with slashes.
func CheckpointFiles(dir string) (names []string, err error) {
	tables, err := vfs.Default.List(vfs.Default.PathJoin(dir, pebbleFolder))
	if err != nil {
		return nil, err
	}
	for _, name := range tables {
		if name != lockFile {
			names = append(names, pebbleFolder+"/"+name)
		}
	}
	return append(names, watermarkFile), nil
}

// JournalEnds returns the last seq of each competition's journal in a checkpoint, and
// what is wrong with those that lost their end; it changes none of its files.
func JournalEnds(dir string) (ends map[string]uint64, damage []error, err error) {
	said, _, err := readWatermark(vfs.Default, dir)
	if err != nil {
		return nil, nil, err
	}
	log := newPebbleLog(slog.New(slog.DiscardHandler), nil)
	db, err := pebble.Open(vfs.Default.PathJoin(dir, pebbleFolder), &pebble.Options{
		ReadOnly: true, FormatMajorVersion: pebble.FormatNewest, Logger: log, EventListener: log.events(),
	})
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	damaged, err := holdAgainst(db, &said)
	if err := errors.Join(err, db.Close()); err != nil {
		return nil, nil, err
	}
	for id, corrupt := range damaged {
		damage = append(damage, corrupt)
		delete(said.journals, id)
	}
	return said.journals, damage, nil
}
