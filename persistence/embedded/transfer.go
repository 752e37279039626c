package embedded

import (
	"context"
	"maps"
	"slices"

	"github.com/paceboard/paceboard/competition"
)

// What moving competitions from store to store takes besides the ports.

// Span is the seqs with which a competition's journal begins, 1 or what Retain
// has left, and ends; 0 and 0 if there is none.
func (s *Store) Span(ctx context.Context, competitionID string) (first, last uint64, err error) {
	lower, upper := under(journalKeys, competitionID)
	err = each(ctx, s.db, lower, upper, func(key, _ []byte) error {
		first, _ = firstSeq(key, competitionID)
		return errEnough
	})
	if err != nil {
		return 0, 0, translate(err, competitionID, 1)
	}
	journal, err := storedHead(s.db, competitionID)
	return first, journal.seq, err
}

// MembershipsIn visits all ties to a competition in the order of user ids.
func (s *Store) MembershipsIn(ctx context.Context, competitionID string, visit func(competition.Membership) error) error {
	users := map[string]bool{}
	err := s.ReadIdentities(ctx, competitionID, func(i competition.Identity) error {
		users[i.UserID] = true
		return nil
	})
	if err != nil {
		return err
	}
	for _, user := range slices.Sorted(maps.Keys(users)) {
		key := appendMembershipKey(nil, user, competitionID)
		value, err := get(s.db, key)
		if err != nil {
			return translate(err, competitionID, 1)
		}
		if value == nil {
			continue
		}
		m, err := membership(key, value, user, competitionID)
		if err == nil {
			err = visit(m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Graft appends the first batch of a journal whose beginning was removed by
// Retain, in this store or another: it may begin with any seq. A competition
// that has a journal gives competition.ErrConflict. Until the snapshot that the
// journal stands on is saved, the competition cannot be recovered.
func (s *Store) Graft(ctx context.Context, b *competition.Batch) error {
	if b.FirstSeq > 1 {
		if err := s.expect(ctx, b); err != nil {
			return err
		}
	}
	if errs := s.Append(ctx, []*competition.Batch{b}); errs != nil {
		return errs[0]
	}
	return nil
}

// expect has Append take a batch for the next one where there is none.
func (s *Store) expect(ctx context.Context, b *competition.Batch) error {
	if err := s.acquire(ctx); err != nil {
		return err
	}
	defer s.release()
	last, err := s.verifiedHead(s.db, b.CompetitionID)
	if err == nil && last == 0 {
		s.heads[b.CompetitionID] = b.FirstSeq - 1
	}
	return err
}
