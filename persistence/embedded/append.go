package embedded

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// Append makes the batches durable in one commit; see competition.Journal. A
// batch of a damaged competition gives a *competition.CorruptError, and nothing
// is written over the hole. Concurrent calls take turns. Cost: one fsync, and
// one allocation when all goes well; the caller gathers what should share the
// fsync.
func (s *Store) Append(ctx context.Context, batches []*competition.Batch) []error {
	if refusal := s.refusal.Load(); refusal != nil {
		return refuseAll(batches, *refusal)
	}
	if err := s.acquire(ctx); err != nil {
		return refuseAll(batches, err)
	}
	c := s.newCommit()
	errs := s.gather(ctx, c, batches)
	if c.batches == 0 {
		s.release()
		s.spare.Put(c)
		return errs
	}
	s.commits <- c // Has room: we hold the slot.
	if err := s.outcome(ctx, c); err != nil {
		for i := range batches {
			if errs == nil || errs[i] == nil {
				errs = refuse(errs, len(batches), i, err)
			}
		}
	}
	return errs
}

// outcome waits for a commit until the deadline. After that nobody knows: the
// commit goes on, and holds the slot until it is over.
func (s *Store) outcome(ctx context.Context, c *commit) error {
	select {
	case err := <-c.done:
		s.spare.Put(c)
		return err
	case <-s.log.dead:
		return errStopped
	case <-ctx.Done():
		return outOfTime(ctx, "the disk has not confirmed the write yet")
	}
}

func (s *Store) newCommit() *commit {
	c, ok := s.spare.Get().(*commit)
	if !ok {
		return &commit{batch: s.db.NewBatch(), done: make(chan error, 1)}
	}
	c.batch.Reset()
	c.claims, c.batches, c.bytes = c.claims[:0], 0, 0
	return c
}

// gather puts every batch that may be stored into the commit. The slot is held.
func (s *Store) gather(ctx context.Context, c *commit, batches []*competition.Batch) (errs []error) {
	for i, b := range batches {
		if err := s.admit(b); err != nil {
			errs = refuse(errs, len(batches), i, err)
			continue
		}
		erased, err := s.erasing(ctx, b)
		if err != nil {
			errs = refuse(errs, len(batches), i, err)
			continue
		}
		before := s.summaryBefore(b)
		if err := errors.Join(c.erase(erased, before), c.add(b, before)); err != nil {
			// Part of the batch is in the commit: the commit is of no use any more.
			clear(s.heads)
			c.batches = 0
			return refuseAll(batches, fmt.Errorf("%w: %w", competition.ErrUnavailable, err))
		}
		s.heads[b.CompetitionID] = b.LastSeq
		if s.options.OnAppend != nil {
			s.options.OnAppend(b)
		}
	}
	return errs
}

// admit checks that a batch comes next.
func (s *Store) admit(b *competition.Batch) error {
	last, known := s.heads[b.CompetitionID]
	if !known {
		if !competition.ValidID(b.CompetitionID) {
			return fmt.Errorf("%w: %q is no competition id", competition.ErrUnknownCompetition, b.CompetitionID)
		}
		var err error
		if last, err = s.verifiedHead(s.db, b.CompetitionID); err != nil {
			return err
		}
		s.heads[b.CompetitionID] = last
	}
	if b.FirstSeq != last+1 || b.LastSeq < b.FirstSeq {
		return fmt.Errorf("append seq %d to %d after %d: %w", b.FirstSeq, b.LastSeq, last, competition.ErrConflict)
	}
	return nil
}

// add puts all rows of a batch into the commit; before is the summary that it
// replaces.
func (c *commit) add(b *competition.Batch, before *competition.Summary) error {
	id := b.CompetitionID
	c.key = appendJournalKey(c.key[:0], id, b.FirstSeq)
	if err := c.set(b.Records); err != nil {
		return err
	}
	c.key = appendKey(c.key[:0], headKeys, id)
	c.value = appendHead(c.value[:0], c.key, head{seq: b.LastSeq, hash: b.Hash})
	if err := c.set(c.value); err != nil {
		return err
	}
	for i := range b.Identities {
		identity := &b.Identities[i]
		c.key = appendNumberKey(c.key[:0], identityKeys, id, identity.Number)
		c.value = appendIdentity(c.value[:0], c.key, identity)
		if err := c.set(c.value); err != nil {
			return err
		}
	}
	for i := range b.Memberships {
		m := &b.Memberships[i]
		c.key = appendMembershipKey(c.key[:0], m.UserID, m.CompetitionID)
		c.value = appendMembership(c.value[:0], c.key, m)
		if err := errors.Join(c.set(c.value), c.tie(m, before)); err != nil {
			return err
		}
	}
	if b.Summary != nil {
		c.key = appendKey(c.key[:0], summaryKeys, id)
		c.value = appendSummary(c.value[:0], c.key, b.Summary)
		if err := errors.Join(c.set(c.value), c.list(before, b.Summary)); err != nil {
			return err
		}
	}
	if err := c.addLedger(&b.Rows); err != nil {
		return err
	}
	c.claims = appendClaim(c.claims, claimJournal, b.LastSeq, id)
	c.batches++
	c.bytes += len(b.Records)
	return nil
}

// runCommits makes commits durable, one after another. It is a goroutine of its
// own so that Append can leave at its deadline.
func (s *Store) runCommits() {
	for c := range s.commits {
		began := time.Now()
		s.counters.begin(began)
		err := s.apply(c.batch)
		if err == nil {
			s.mark.add(c.claims) // W1 and W2: after the fsync, before the answer.
		} else {
			clear(s.heads) // They are read again.
			err = fmt.Errorf("%w: %w", competition.ErrUnavailable, err)
		}
		s.counters.end(c, time.Since(began), err)
		s.release()
		c.done <- err
	}
}

// refuse notes the error of one batch of n.
func refuse(errs []error, n, i int, err error) []error {
	if errs == nil {
		errs = make([]error, n)
	}
	errs[i] = err
	return errs
}

func refuseAll(batches []*competition.Batch, err error) []error {
	errs := make([]error, len(batches))
	for i := range errs {
		errs[i] = err
	}
	return errs
}
