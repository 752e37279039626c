package embedded

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
)

// storedHead is the head row of a competition; zero if there is none.
func storedHead(from pebble.Reader, id string) (head, error) {
	h, _, err := rowOf(from, appendKey(nil, headKeys, id), id, "the head of its journal", parseHead)
	return h, err
}

// verifiedHead is the last seq of a competition whose journal can be trusted at
// its end: no claim goes beyond the head, and the last batch ends with it.
func (s *Store) verifiedHead(from pebble.Reader, id string) (uint64, error) {
	if damage, known := s.damaged[id]; known {
		return 0, damage
	}
	h, err := storedHead(from, id)
	if err != nil {
		return 0, err
	}
	last, err := lastStored(from, id)
	if err != nil {
		return 0, err
	}
	switch {
	case last < h.seq:
		return 0, corrupt(id, last+1, "the journal should go on to seq %d", h.seq)
	case last > h.seq:
		return 0, corrupt(id, h.seq+1, "the journal has records up to seq %d that its head does not know of", last)
	}
	return last, nil
}

// lastStored is the last seq of the last batch; 0 if there is none.
func lastStored(from pebble.Reader, id string) (last uint64, err error) {
	lower, upper := under(journalKeys, id)
	rows, err := from.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return 0, translate(err, id, 1)
	}
	defer func() {
		if closing := rows.Close(); err == nil && closing != nil {
			err = translate(closing, id, 1)
		}
	}()
	if !rows.Last() {
		return 0, nil
	}
	first, ok := firstSeq(rows.Key(), id)
	records, err := rows.ValueAndErr()
	if err != nil {
		return 0, translate(err, id, first)
	}
	n, err := countRecords(records)
	if err != nil || !ok {
		return 0, corrupt(id, first, "the last batch of the journal cannot be read: %v", err)
	}
	return first + n - 1, nil
}

// holdAgainst finds the competitions whose head falls short of a claim, and
// raises the claims of all others to their heads, so that none goes without.
func holdAgainst(db *pebble.DB, c *claims) (map[string]*competition.CorruptError, error) {
	heads := map[string]uint64{}
	lower, upper := allOf(headKeys)
	rows, err := db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, err
	}
	for valid := rows.First(); valid; valid = rows.Next() {
		if h, err := parseHead(rows.Key(), rows.Value()); err == nil {
			id := name(rows.Key())
			heads[id] = h.seq
			c.journals[id] = max(c.journals[id], h.seq)
		}
	}
	// A damaged block ends the loop; what comes after it is looked up one by one.
	if err := rows.Close(); err != nil && !pebble.IsCorruptionError(err) {
		return nil, err
	}

	damaged := map[string]*competition.CorruptError{}
	for id, claimed := range c.journals {
		seq, known := heads[id]
		if !known {
			h, err := storedHead(db, id)
			var damage *competition.CorruptError
			switch {
			case errors.As(err, &damage):
				damaged[id] = damage
				continue
			case err != nil:
				return nil, err
			}
			seq = h.seq
		}
		if seq < claimed {
			damaged[id] = &competition.CorruptError{
				CompetitionID: id, Seq: seq + 1,
				Reason: fmt.Sprintf("the journal ends before seq %d, which was acknowledged", claimed),
			}
		}
	}
	return damaged, nil
}
