package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
)

// view is the store as of the last commit that is over, so that what it shows
// is durable. The caller closes it. It waits for a commit under way.
func (s *Store) view(ctx context.Context) (*pebble.Snapshot, error) {
	if err := s.acquire(ctx); err != nil {
		return nil, err
	}
	defer s.release()
	return s.db.NewSnapshot(), nil
}

// Read visits the records after a seq, the records of one batch at a time; see
// competition.Journal.
func (s *Store) Read(ctx context.Context, competitionID string, after uint64, visit func(records []byte) error) (err error) {
	view, err := s.view(ctx)
	if err != nil {
		return err
	}
	defer closeAfter(view, &err)
	last, err := s.verifiedHead(view, competitionID)
	if err != nil {
		return err
	}
	if after > last {
		return corrupt(competitionID, last+1, "the journal ends before seq %d, which was read already", after)
	}
	next, err := readBatches(ctx, view, competitionID, after, visit)
	if err != nil {
		return err
	}
	if next != last+1 {
		return corrupt(competitionID, next, "the journal should go on to seq %d", last)
	}
	return nil
}

// readBatches visits the batches after a seq and returns the seq after them.
func readBatches(ctx context.Context, from pebble.Reader, id string, after uint64, visit func(records []byte) error) (next uint64, err error) {
	lower, upper := under(journalKeys, id)
	next = after + 1
	err = each(ctx, from, appendJournalKey(lower[:0], id, next), upper, func(key, records []byte) error {
		if first, ok := firstSeq(key, id); !ok || first != next {
			return corrupt(id, next, "it is missing; the next batch begins with seq %d", first)
		}
		n, err := countRecords(records)
		if err != nil {
			return corrupt(id, next, "%v", err)
		}
		if err := visit(records); err != nil {
			return err
		}
		next += n
		return nil
	})
	return next, eachError(err, id, next)
}

// ReadIdentities visits a competition's identity rows by number; see
// competition.Journal.
func (s *Store) ReadIdentities(ctx context.Context, competitionID string, visit func(competition.Identity) error) (err error) {
	view, err := s.view(ctx)
	if err != nil {
		return err
	}
	defer closeAfter(view, &err)
	lower, upper := under(identityKeys, competitionID)
	err = each(ctx, view, lower, upper, func(key, value []byte) error {
		number, ok := rowNumber(key, competitionID)
		identity, err := parseIdentity(key, value)
		if err != nil || !ok {
			return corrupt(competitionID, 1, "the identity row of participant %d cannot be read: %v", number, err)
		}
		identity.Number = number
		return visit(identity)
	})
	return eachError(err, competitionID, 1)
}

// each visits the rows from lower to upper; key and value are the visitor's
// only until it returns. errEnough ends the visit without an error. Its errors are
// the visitor's, Pebble's marked as corruption (see eachError), and
// competition.ErrUnavailable.
func each(ctx context.Context, from pebble.Reader, lower, upper []byte, visit func(key, value []byte) error) (err error) {
	rows, err := from.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return unread(err)
	}
	defer func() {
		if closing := rows.Close(); err == nil { // It repeats the error that ended the loop.
			err = unread(closing)
		}
	}()
	const checkEvery = 256
	n := 0
	for valid := rows.First(); valid; valid = rows.Next() {
		if n++; n%checkEvery == 0 && ctx.Err() != nil {
			return outOfTime(ctx, "reading was not finished")
		}
		value, err := rows.ValueAndErr()
		if err != nil {
			return unread(err)
		}
		switch err := visit(rows.Key(), value); {
		case errors.Is(err, errEnough):
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

// errEnough ends a visit.
var errEnough = errors.New("the visitor has enough")

// eachError turns an error of each, which visited the rows of a competition from a
// seq on, into one of the core's. An empty id stands for several competitions.
func eachError(err error, id string, seq uint64) error {
	if pebble.IsCorruptionError(err) {
		return translate(err, id, seq)
	}
	return err
}

// unread leaves corruption to the caller, who knows what it concerns.
func unread(err error) error {
	if err == nil || pebble.IsCorruptionError(err) {
		return err
	}
	return fmt.Errorf("%w: %w", competition.ErrUnavailable, err)
}

// closeAfter closes what was read from, and keeps an error that came before.
func closeAfter(from io.Closer, err *error) {
	if closing := from.Close(); *err == nil && closing != nil {
		*err = fmt.Errorf("%w: %w", competition.ErrUnavailable, closing)
	}
}

// get is the value of a row, copied; nil if there is none.
func get(from pebble.Reader, key []byte) ([]byte, error) {
	value, closer, err := from.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	row := append(make([]byte, 0, len(value)), value...)
	return row, closer.Close()
}
