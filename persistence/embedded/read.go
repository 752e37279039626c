package embedded

import (
	"context"

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

// readJSON reads one row; absent is the error where there is none.
func (s *Store) readJSON(key []byte, row any, absent error) error {
	value, err := get(s.db, key)
	switch {
	case err != nil:
		return unread(err)
	case value == nil:
		return absent
	}
	return parseJSON(key, value, row)
}
