package embedded

import (
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
)

// What is known of the archive of the journals, which somebody else fills: how far each
// journal is in it, and where it stood when that was noted. Rows are written without
// waiting for the disk. If the last of them are lost, the archive is told again what it has.

const (
	positionName = "archive"  // the ArchivePosition
	restoredName = "restored" // a random name of the last restore
)

// ArchivePosition is where an archive stood.
type ArchivePosition struct {
	Archive  string // its id; empty before there is one
	Segment  uint64 // the last one of which this store knows; what came before is in the journals
	SHA256   []byte // of that
	Declared string // the restore of which the archive was told, see [Store.LastRestore]
}

// ArchivePosition returns what SaveArchived wrote last.
func (s *Store) ArchivePosition() (p ArchivePosition, err error) {
	err = s.readJSON(appendKey(nil, archiveKeys, positionName), &p, errNoRow)
	if errors.Is(err, errNoRow) {
		return ArchivePosition{}, nil
	}
	return p, err
}

var errNoRow = errors.New("there is no such row")

// LastRestore returns a random name of the restore from which this folder comes; empty if
// it comes from none.
func (s *Store) LastRestore() (string, error) {
	name, _, err := rowOf(s.db, appendKey(nil, archiveKeys, restoredName), "", "the name of its restore", func(key, value []byte) (string, error) {
		r := fieldsOf(key, value)
		return string(r.Rest()), r.Err()
	})
	return name, err
}

// SaveArchived notes where the archive stands, and how far it has some journals. Fresh
// says that nothing else is archived.
func (s *Store) SaveArchived(p ArchivePosition, ends []competition.Chain, fresh bool) (err error) {
	batch := s.db.NewBatch()
	defer closeAfter(batch, &err)
	if fresh {
		lower, upper := allOf(archivedKeys)
		err = batch.DeleteRange(lower, upper, nil)
	}
	for i := range ends {
		key := appendKey(nil, archivedKeys, ends[i].CompetitionID)
		err = errors.Join(err, batch.Set(key, appendHead(nil, key, head{seq: ends[i].Seq, hash: ends[i].Hash}), nil))
	}
	if err := errors.Join(err, setJSON(batch, appendKey(nil, archiveKeys, positionName), p)); err != nil {
		return unread(err)
	}
	return unread(s.db.Apply(batch, pebble.NoSync))
}

func archivedEnd(from pebble.Reader, id string) (competition.Chain, error) {
	h, _, err := rowOf(from, appendKey(nil, archivedKeys, id), id, "how far it is archived", parseHead)
	return competition.Chain{CompetitionID: id, Seq: h.seq, Hash: h.hash}, err
}

// ArchiveView is the store as of a moment, for whoever archives it. It keeps old tables
// on the disk, so it must be closed soon.
type ArchiveView struct {
	store *Store
	view  *pebble.Snapshot
}

// ArchiveView takes a view. It waits for the commit under way.
func (s *Store) ArchiveView(ctx context.Context) (*ArchiveView, error) {
	view, err := s.view(ctx)
	return &ArchiveView{s, view}, err
}

// Close ends the view.
func (v *ArchiveView) Close() error { return v.view.Close() }

// Ends visits where each journal ends, in the order of ids. Those that cannot be read are
// left out.
func (v *ArchiveView) Ends(ctx context.Context, visit func(competition.Chain)) error {
	lower, upper := allOf(headKeys)
	return each(ctx, v.view, lower, upper, func(key, value []byte) error {
		if h, err := parseHead(key, value); err == nil {
			visit(competition.Chain{CompetitionID: name(key), Seq: h.seq, Hash: h.hash})
		}
		return nil
	})
}

// RestoredEnds visits where each journal ended when the folder was restored last.
func (v *ArchiveView) RestoredEnds(ctx context.Context, visit func(competition.Chain) error) error {
	lower, upper := allOf(restoredKeys)
	return each(ctx, v.view, lower, upper, func(key, value []byte) error {
		r := fieldsOf(key, value)
		seq := r.Uint64()
		if err := r.End(); err != nil {
			return corrupt(name(key), 1, "where its journal was restored to cannot be read: %v", err)
		}
		end, known, err := v.At(ctx, name(key), seq)
		if err != nil || !known {
			return errors.Join(err, corruptUnless(known, name(key), seq))
		}
		return visit(end)
	})
}

func corruptUnless(known bool, id string, seq uint64) error {
	if known {
		return nil
	}
	return corrupt(id, seq, "it is missing, and the journal was restored to there")
}

// End returns where a journal ends; the seq is 0 if there is none.
func (v *ArchiveView) End(id string) (competition.Chain, error) {
	if damage, known := v.store.damaged[id]; known {
		return competition.Chain{}, damage
	}
	h, err := storedHead(v.view, id)
	return competition.Chain{CompetitionID: id, Seq: h.seq, Hash: h.hash}, err
}

// Archived returns how far a journal is archived.
func (v *ArchiveView) Archived(id string) (competition.Chain, error) { return archivedEnd(v.view, id) }

// At returns the chain at a seq of a journal; known is false if the journal does not have
// the seq, or not the record after it any more.
func (v *ArchiveView) At(ctx context.Context, id string, seq uint64) (at competition.Chain, known bool, err error) {
	end, err := v.End(id)
	switch {
	case err != nil || seq > end.Seq:
		return at, false, err
	case seq == end.Seq:
		return end, true, nil
	}
	err = v.store.readRecordsOf(ctx, v.view, id, seq, seq+1, every, func(record []byte) error {
		at, err = competition.ChainBefore(id, record)
		return err
	})
	if _, removed := errors.AsType[*competition.EventsRemovedError](err); removed {
		return at, false, nil
	}
	return at, err == nil, err
}

// Records visits the records after a seq, or those that retention has left of them, up to
// another one that the journal has. An error of the visitor ends it.
func (v *ArchiveView) Records(ctx context.Context, id string, after, upTo uint64, visit func(record []byte) error) error {
	err := v.store.readRecordsOf(ctx, v.view, id, after, upTo, every, visit)
	if removed, ok := errors.AsType[*competition.EventsRemovedError](err); ok {
		return v.store.readRecordsOf(ctx, v.view, id, removed.First-1, upTo, every, visit)
	}
	return err
}

func every([]byte) bool { return true }

// Identity returns the identity row of a number; false if there is none.
func (v *ArchiveView) Identity(id string, number uint32) (i competition.Identity, there bool, err error) {
	i, there, err = rowOf(v.view, appendNumberKey(nil, identityKeys, id, number), id, "an identity row", parseIdentity)
	i.Number = number
	return i, there, err
}
