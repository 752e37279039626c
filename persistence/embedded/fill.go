package embedded

import (
	"context"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
)

// listsFilled says that every summary and every membership has the rows that lead
// to it; see listing.go. A store of before there were any gets them when it is
// opened: the row is written last, so that whatever cuts the work short, it begins
// again. A release of before there were any does not keep them up, nor does it know
// of a format level that would keep it away. So the row holds which opening of the
// folder wrote it, and when another one came in between they are made again. Pebble
// tells openings apart: each one leaves an OPTIONS file with a new number.
const listsFilled = "lists"

// fillBatch is about how many bytes of rows are written at a time.
const fillBatch = 1 << 20

// fillLists makes the rows for what is there, if they were never made, or if last,
// which names the opening before this one, did not keep them up. Where the
// disk has damaged what they are made of, it says so, leaves the rest as it is, and
// tries again at the next start.
func (s *Store) fillLists(last, now string) error {
	err := s.fill(last, now)
	if pebble.IsCorruptionError(err) {
		s.options.Logger.Error("lists of competitions are not complete, because part of the data folder cannot be read", "error", err)
		return nil
	}
	return err
}

func (s *Store) fill(last, now string) error {
	key := appendKey(nil, filledKeys, listsFilled)
	value, err := get(s.db, key)
	if err != nil {
		return err
	}
	if kept, err := unseal(key, value); value != nil && err == nil && string(kept) == last {
		return s.db.Set(key, filledRow(key, now), pebble.Sync)
	}
	began := time.Now()
	f := filling{store: s, commit: &commit{batch: s.db.NewBatch()}, closed: map[string]bool{}}
	for _, kind := range []byte{listedKeys, dueKeys, openTieKeys, overKeys} {
		lower, upper := allOf(kind)
		if err := f.commit.batch.DeleteRange(lower, upper, nil); err != nil {
			return err
		}
	}
	if err := f.summaries(); err != nil {
		return err
	}
	if err := f.memberships(); err != nil {
		return err
	}
	if err := f.commit.batch.Set(key, filledRow(key, now), nil); err != nil {
		return err
	}
	if err := s.db.Apply(f.commit.batch, pebble.Sync); err != nil {
		return err
	}
	if f.rows > 0 {
		s.options.Logger.Info("the index of lists of competitions was made", "rows", f.rows, "took", time.Since(began))
	}
	return f.commit.batch.Close()
}

// filledRow says which opening keeps the rows up.
func filledRow(key []byte, opening string) []byte {
	return seal(key, append([]byte{rowVersion}, opening...))
}

// filling makes rows, some at a time.
type filling struct {
	store  *Store
	commit *commit
	closed map[string]bool // competitions that are over and public: no list needs ties to them
	rows   int
}

// Rows that cannot be read are left out: whoever needs them finds that out.
func (f *filling) summaries() error {
	lower, upper := allOf(summaryKeys)
	return each(context.Background(), f.store.db, lower, upper, func(key, value []byte) error {
		summary, err := parseSummary(key, value)
		if err != nil {
			return nil //nolint:nilerr // see above
		}
		if summary.Status.Over() && summary.Definition.Visibility != competition.Private {
			f.closed[summary.Definition.ID] = true
		}
		return f.note(f.commit.list(nil, &summary))
	})
}

// memberships leaves out those that lead to nothing any more.
func (f *filling) memberships() error {
	lower, upper := allOf(membershipKeys)
	return each(context.Background(), f.store.db, lower, upper, func(key, value []byte) error {
		m, err := parseMembership(key, value)
		user, id, ok := splitPair(key)
		if err != nil || !ok || f.closed[id] || !m.Present && !m.Creator {
			return nil //nolint:nilerr // see above
		}
		m.UserID, m.CompetitionID = user, id
		return f.note(f.commit.tie(&m, nil))
	})
}

// note goes on, and writes what has gathered now and then.
func (f *filling) note(err error) error {
	if f.rows++; err != nil || f.commit.batch.Len() < fillBatch {
		return err
	}
	if err := f.store.db.Apply(f.commit.batch, pebble.NoSync); err != nil {
		return fmt.Errorf("fill the index of lists: %w", err)
	}
	f.commit.batch.Reset()
	return nil
}
