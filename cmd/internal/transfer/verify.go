package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/paceboard/paceboard/competition"
)

// verify checks the spool against itself: checksums and the chain
// of the whole journal, and that snapshot, journal, identities, memberships and
// summary are of one state. Cost: linear, twice; the state is in memory.
func (s *spool) verify(ctx context.Context, progress func(records int)) error {
	id := s.begin.Competition
	if !competition.ValidID(id) || s.begin.FirstSeq == 0 {
		return fmt.Errorf("%q is no competition that begins with seq %d", id, s.begin.FirstSeq)
	}
	if s.at != partEnd || s.end.End != id {
		return fmt.Errorf("it does not end with its own end, but with %q", s.end.End)
	}
	if err := s.verifyChain(ctx, progress); err != nil {
		return err
	}
	c, err := competition.Recover(ctx, id, s, func() competition.Key { return competition.Key{} }, nil)
	if err != nil {
		return err
	}
	summary := c.Summary()
	if !bytes.Equal(s.begin.Summary, competition.AppendSummary(nil, &summary)) {
		return errors.New("its summary is not what its journal comes to")
	}
	return s.verifyMemberships(ctx, c)
}

// errBeginning is given for a journal whose beginning is missing without a
// reason, or was not removed although there is one.
var errBeginning = errors.New("it must have a snapshot where the beginning of its journal was removed, and only there")

// verifyChain follows the journal from its first record to its last one. One
// whose beginning was removed is proved by the hash that its snapshot has.
func (s *spool) verifyChain(ctx context.Context, progress func(records int)) error {
	id := s.begin.Competition
	var proof competition.Chain
	if header, err := s.header(ctx); err != nil {
		return err
	} else if header != nil {
		if proof, err = competition.SnapshotChain(id, header); err != nil {
			return err
		}
	}
	if (s.begin.FirstSeq > 1) != s.hasSnapshot() {
		return errBeginning
	}
	chain := competition.NewChain(id)
	proved := s.begin.FirstSeq == 1
	err := s.each(ctx, partRecords, func(l *line) (err error) {
		if chain.Seq == 0 && s.begin.FirstSeq > 1 {
			if chain, err = competition.ChainBefore(id, l.Records); err != nil {
				return err
			}
			if chain.Seq+1 != s.begin.FirstSeq {
				return fmt.Errorf("its journal begins with seq %d and should begin with %d", chain.Seq+1, s.begin.FirstSeq)
			}
			proved = chain.Seq == proof.Seq && chain.Hash == proof.Hash
		}
		count := 0
		for rest := l.Records; len(rest) > 0; count++ {
			if _, rest, err = chain.Next(rest); err != nil {
				return err
			}
			proved = proved || chain.Seq == proof.Seq && chain.Hash == proof.Hash
		}
		progress(count)
		return nil
	})
	switch {
	case err != nil:
		return err
	case chain.Seq != s.end.LastSeq || !bytes.Equal(chain.Hash[:], s.end.Hash):
		return fmt.Errorf("its journal ends with seq %d, and should end with %d and another hash", chain.Seq, s.end.LastSeq)
	case !proved:
		return fmt.Errorf("its snapshot, of seq %d, is not of this journal", proof.Seq)
	}
	return nil
}

// verifyMemberships checks each membership against the state and the identities.
func (s *spool) verifyMemberships(ctx context.Context, c *competition.Competition) error {
	want := map[string]competition.Membership{}
	last := int64(-1)
	err := s.ReadIdentities(ctx, c.ID(), func(i competition.Identity) error {
		if int64(i.Number) <= last {
			return fmt.Errorf("the identity of participant %d is out of place", i.Number)
		}
		last = int64(i.Number)
		if competition.IsPseudonym(i.UserID) {
			return nil // who was erased has no ties
		}
		m := want[i.UserID]
		m.UserID, m.CompetitionID, m.Number = i.UserID, c.ID(), max(m.Number, i.Number)
		m.Creator = m.Creator || i.Number == 0
		m.Present = c.TakesPart(i.UserID)
		want[i.UserID] = m
		return nil
	})
	if err != nil {
		return err
	}
	var users []string
	err = s.memberships(ctx, func(m competition.Membership) error {
		if want[m.UserID] != m {
			return fmt.Errorf("the membership of user %q is not what its journal comes to", m.UserID)
		}
		users = append(users, m.UserID)
		return nil
	})
	if err == nil && (len(users) != len(want) || !slices.IsSorted(users)) {
		err = fmt.Errorf("it has %d memberships of %d, or not in order", len(users), len(want))
	}
	return err
}
