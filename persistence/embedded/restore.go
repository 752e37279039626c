package embedded

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/paceboard/paceboard/competition"
)

// unfinishedFile is in a folder while a backup is being restored into it.
const unfinishedFile = "unfinished-restore"

// Restore makes a data folder of a checkpoint's files, which fetch puts into it, synced.
// The folder must be empty, or not there, or hold a restore that was not finished, which
// is begun again. Each journal goes on under a new epoch of its board, see
// [Store.RestoredTo]; ends says where they end now. Extend, if it is not nil, may have them
// go on before. Errors: ErrNotEmpty, those of Open, and of fetch and extend: the folder is
// refused then, until this is repeated.
func Restore(ctx context.Context, o Options, fetch func(dir string) error, extend func(context.Context, *Store) error) (ends map[string]uint64, err error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if err := clearUnfinished(o.FS, o.Dir); err != nil {
		return nil, err
	}
	if err := makeDir(o.FS, o.Dir); err != nil {
		return nil, err
	}
	marker := o.FS.PathJoin(o.Dir, unfinishedFile)
	if err := errors.Join(writeFile(o.FS, marker, nil), syncDir(o.FS, o.Dir), makeDir(o.FS, o.FS.PathJoin(o.Dir, pebbleFolder))); err != nil {
		return nil, err
	}
	if err := fetch(o.Dir); err != nil {
		return nil, err
	}
	if err := errors.Join(syncDir(o.FS, o.FS.PathJoin(o.Dir, pebbleFolder)), syncDir(o.FS, o.Dir)); err != nil {
		return nil, err
	}
	o.restoring = true
	s, err := Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if extend != nil {
		err = extend(ctx, s)
	}
	if err == nil {
		ends, err = s.NoteRestored(ctx)
	}
	if err := errors.Join(err, s.Close()); err != nil { //nolint:contextcheck // Close takes as long as the commit under way
		return nil, err
	}
	return ends, errors.Join(o.FS.Remove(marker), syncDir(o.FS, o.Dir))
}

// clearUnfinished empties a folder that a restore has left halfway, and refuses any other
// one that is not empty.
func clearUnfinished(files vfs.FS, dir string) error {
	names, err := files.List(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(names) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if !slices.Contains(names, unfinishedFile) {
		return fmt.Errorf("%w: %s; name an empty folder, or one that is not there", ErrNotEmpty, dir)
	}
	for _, name := range names {
		if name == unfinishedFile { // The last to go, so that this can be repeated.
			continue
		}
		if err := files.RemoveAll(files.PathJoin(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// checkWhole refuses a folder that holds half a backup.
func checkWhole(o *Options) error {
	if o.restoring {
		return nil
	}
	unfinished, err := exists(o.FS, o.FS.PathJoin(o.Dir, unfinishedFile))
	if err == nil && unfinished {
		err = fmt.Errorf("%w: run it again", ErrUnfinished)
	}
	return err
}

// NoteRestored notes where each journal ends, because the folder came back as it was
// earlier; see [Store.RestoredTo].
func (s *Store) NoteRestored(ctx context.Context) (ends map[string]uint64, err error) {
	ends = map[string]uint64{}
	batch := s.db.NewBatch()
	defer closeAfter(batch, &err)
	lower, upper := allOf(headKeys)
	err = each(ctx, s.db, lower, upper, func(key, value []byte) error {
		id := name(key)
		h, err := parseHead(key, value)
		if err != nil {
			return nil //nolint:nilerr // recovery tells, and refuses the competition
		}
		ends[id] = h.seq
		key = appendKey(nil, restoredKeys, id)
		return batch.Set(key, seal(key, binary.BigEndian.AppendUint64([]byte{rowVersion}, h.seq)), nil)
	})
	if err != nil {
		return nil, err
	}
	key := appendKey(nil, archiveKeys, restoredName)
	if err := batch.Set(key, seal(key, append([]byte{rowVersion}, rand.Text()...)), nil); err != nil {
		return nil, err
	}
	return ends, s.db.Apply(batch, pebble.Sync)
}

// RestoredTo returns the seq at which a competition's journal ended when this folder was
// restored from a backup; 0 if it was not. See competition.Restored.
func (s *Store) RestoredTo(_ context.Context, competitionID string) (seq uint64, err error) {
	seq, _, err = rowOf(s.db, appendKey(nil, restoredKeys, competitionID), competitionID, "where its journal was restored to", func(key, value []byte) (uint64, error) {
		r := fieldsOf(key, value)
		seq := r.Uint64()
		return seq, r.End()
	})
	return seq, err
}

var _ competition.Restored = (*Store)(nil)
