package embedded

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// Retain removes journal batches of which all records are older than a time, of
// each competition from the beginning on, and as far as its snapshot holds them,
// so that recovery finds all it needs, every webhook that is not disabled was sent
// them, and, with [Options].Archived, they are archived. The last batch always stays: the head is
// held against it. It removes some step records in a write (0 means 1,000). It
// returns how many are gone, also when it fails; asking again goes on. Damaged
// competitions are left as they are. Safe for concurrent use. Errors:
// competition.ErrUnavailable.
func (s *Store) Retain(ctx context.Context, olderThan time.Time, step int) (deleted int64, err error) {
	if step <= 0 {
		step = 1000
	}
	ids, err := s.snapshotted(ctx)
	if err != nil {
		return 0, err
	}
	active, err := s.activeWebhooks(ctx)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		n, err := s.retain(ctx, active, id, calendar.MillisOf(olderThan), uint64(step))
		deleted += int64(n)
		if err != nil {
			return deleted, err
		}
	}
	return deleted, nil
}

// Retainable visits the competitions of which Retain would remove something, in the order
// of ids, with the number of records; it removes nothing.
func (s *Store) Retainable(ctx context.Context, olderThan time.Time, visit func(competitionID string, records uint64) error) error {
	ids, err := s.snapshotted(ctx)
	if err != nil {
		return err
	}
	active, err := s.activeWebhooks(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		from, to, err := s.removable(ctx, active, id, calendar.MillisOf(olderThan), math.MaxUint64)
		if _, damaged := errors.AsType[*competition.CorruptError](err); damaged || err == nil && from == to {
			continue
		}
		if err != nil {
			return err
		}
		if err := visit(id, to-from); err != nil {
			return err
		}
	}
	return nil
}

// snapshotted returns the competitions of which there is a snapshot, in the order of ids.
func (s *Store) snapshotted(ctx context.Context) (ids []string, err error) {
	lower, upper := allOf(snapshotKeys)
	err = each(ctx, s.db, lower, upper, func(key, _ []byte) error {
		ids = append(ids, name(key))
		return nil
	})
	if err != nil {
		return nil, unread(err)
	}
	return ids, nil
}

// retain removes a competition's old batches. A removal does not wait for the
// disk. It is a later write than the snapshot that made it possible, so that a
// crash never leaves it without that (see Save).
func (s *Store) retain(ctx context.Context, active map[string][]string, id string, before calendar.Millis, step uint64) (deleted uint64, err error) {
	if refusal := s.refusal.Load(); refusal != nil {
		return 0, *refusal
	}
	for {
		from, to, err := s.removable(ctx, active, id, before, step)
		if _, damaged := errors.AsType[*competition.CorruptError](err); damaged {
			return deleted, nil // recovery names it; nothing is removed from what is damaged
		}
		if err != nil || from == to {
			return deleted, err
		}
		err = s.db.DeleteRange(appendJournalKey(nil, id, from), appendJournalKey(nil, id, to), pebble.NoSync)
		if err != nil {
			return deleted, fmt.Errorf("%w: remove old records of competition %q: %w", competition.ErrUnavailable, id, err)
		}
		deleted += to - from
	}
}

// removable is the half-open range of seqs of the first batches that may go:
// some step records, less at the end.
func (s *Store) removable(ctx context.Context, active map[string][]string, id string, before calendar.Millis, step uint64) (from, to uint64, err error) {
	if damage, known := s.damaged[id]; known {
		return 0, 0, damage
	}
	snapshot, _, err := snapshotHeader(s.db, id)
	if err != nil {
		return 0, 0, err
	}
	most, err := s.neededBy(active, id, snapshot)
	if err != nil {
		return 0, 0, err
	}
	journal, err := storedHead(s.db, id)
	if err != nil {
		return 0, 0, err
	}
	if s.options.Archived {
		archived, err := archivedEnd(s.db, id)
		if err != nil {
			return 0, 0, err
		}
		most = min(most, archived.Seq)
	}
	lower, upper := under(journalKeys, id)
	err = each(ctx, s.db, lower, upper, func(key, records []byte) error {
		first, ok := firstSeq(key, id)
		if from == 0 {
			from, to = first, first
		}
		if !ok || first != to {
			return corrupt(id, to, "it is missing; the next batch begins with seq %d", first)
		}
		n, newest, err := ageOf(records)
		if err != nil {
			return corrupt(id, first, "%v", err)
		}
		if last := first + n - 1; last > most || last >= journal.seq || newest >= before || to-from >= step {
			return errEnough
		}
		to = first + n
		return nil
	})
	return from, to, eachError(err, id, to)
}

// ageOf is how many records there are, and when the newest of them was made.
func ageOf(records []byte) (n uint64, newest calendar.Millis, err error) {
	for len(records) > 0 {
		var record []byte
		if record, records, err = competition.SplitRecord(records); err != nil {
			return n, newest, err
		}
		at, err := competition.TimeOf(record)
		if err != nil {
			return n, newest, err
		}
		n, newest = n+1, max(newest, at)
	}
	return n, newest, nil
}
