package embedded

import (
	"context"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
)

// ReadEvents visits the published records between two seqs; see
// competition.FeedStore. Cost: the records between, and those before them in the first
// batch.
func (s *Store) ReadEvents(ctx context.Context, competitionID string, after, upTo uint64, visit func(record []byte) error) error {
	return s.readRecords(ctx, competitionID, after, upTo, competition.IsPublished, visit)
}

// ReadRecords visits all records between two seqs; see competition.FeedStore.
func (s *Store) ReadRecords(ctx context.Context, competitionID string, after, upTo uint64, visit func(record []byte) error) error {
	return s.readRecords(ctx, competitionID, after, upTo, every, visit)
}

// readRecords visits the wanted records between two seqs.
func (s *Store) readRecords(ctx context.Context, competitionID string, after, upTo uint64, wanted func(record []byte) bool, visit func(record []byte) error) (err error) {
	view, err := s.view(ctx)
	if err != nil {
		return err
	}
	defer closeAfter(view, &err)
	return s.readRecordsOf(ctx, view, competitionID, after, upTo, wanted, visit)
}

func (s *Store) readRecordsOf(ctx context.Context, view pebble.Reader, competitionID string, after, upTo uint64, wanted func(record []byte) bool, visit func(record []byte) error) (err error) {
	if damage, known := s.damaged[competitionID]; known {
		return damage
	}
	if after >= upTo {
		return nil
	}
	places := s.newBulk()
	defer places.end()
	lower, upper := under(journalKeys, competitionID)
	next := uint64(0) // the first seq of the next batch; 0 before the first
	begin := func(rows *pebble.Iterator) bool {
		return rows.SeekLT(appendJournalKey(nil, competitionID, after+2)) || rows.First()
	}
	err = walk(ctx, view, lower, upper, begin, (*pebble.Iterator).Next, func(key, records []byte) error {
		if err := places.row(ctx); err != nil {
			return err
		}
		first, ok := firstSeq(key, competitionID)
		switch {
		case !ok || next != 0 && first != next:
			return corrupt(competitionID, max(next, 1), "it is missing; the next batch begins with seq %d", first)
		case next == 0 && first > after+1:
			return &competition.EventsRemovedError{First: first}
		}
		for next = first; len(records) > 0; next++ {
			var record []byte
			if record, records, err = competition.SplitRecord(records); err != nil {
				return corrupt(competitionID, next, "%v", err)
			}
			if next > upTo {
				return errEnough
			}
			if next > after && wanted(record) {
				if err := visit(record); err != nil {
					return err
				}
			}
		}
		if next > upTo {
			return errEnough
		}
		return nil
	})
	if err == nil && next <= upTo {
		return corrupt(competitionID, max(next, 1), "the journal should go on to seq %d", upTo)
	}
	return eachError(err, competitionID, max(next, 1))
}

// IdentitiesOf returns some identity rows; see competition.FeedStore.
func (s *Store) IdentitiesOf(ctx context.Context, competitionID string, numbers []uint32) (rows []competition.Identity, err error) {
	view, err := s.view(ctx)
	if err != nil {
		return nil, err
	}
	defer closeAfter(view, &err)
	for _, number := range numbers {
		key := appendNumberKey(nil, identityKeys, competitionID, number)
		row, there, err := rowOf(view, key, competitionID, "an identity row", parseIdentity)
		switch {
		case err != nil:
			return nil, err
		case there:
			row.Number = number
			rows = append(rows, row)
		}
	}
	return rows, nil
}
