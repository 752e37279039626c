package embedded

import (
	"context"

	"github.com/cockroachdb/pebble/v2"
)

func newTurns() turns { return make(turns, 1) }

// take waits for the caller's turn, which lasts until done is called.
func (t turns) take(ctx context.Context, s *Store) (done func(), err error) {
	if ctx.Err() != nil {
		return nil, outOfTime(ctx, "nothing was begun")
	}
	if refusal := s.refusal.Load(); refusal != nil {
		return nil, *refusal
	}
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-s.log.dead:
		return nil, errStopped
	case <-ctx.Done():
		return nil, outOfTime(ctx, "the write before this one is not over")
	}
}

// write fills a batch while it is the caller's turn, and commits it with an fsync,
// unless it stays empty. It returns by ctx's deadline: what the disk has not
// confirmed by then may or may not be stored, and keeps the turn until it is over.
func (s *Store) write(ctx context.Context, t turns, fill func(batch *pebble.Batch) error) error {
	done, err := t.take(ctx, s)
	if err != nil {
		return err
	}
	batch := s.db.NewBatch()
	if err := fill(batch); err != nil || batch.Empty() {
		defer done()
		closeAfter(batch, &err)
		return err
	}
	written := make(chan error, 1)
	s.running.Go(func() {
		defer done()
		written <- s.apply(batch)
	})
	select {
	case err := <-written:
		return err
	case <-ctx.Done():
		return outOfTime(ctx, "the disk has not confirmed the write")
	}
}

// apply commits with an fsync. What Pebble cannot write it reports by Fatalf, or,
// once a write has failed already, by a panic.
func (s *Store) apply(batch *pebble.Batch) error {
	defer func() {
		if failure := recover(); failure != nil {
			s.log.Fatalf("commit: %v", failure)
		}
	}()
	return s.db.Apply(batch, pebble.Sync)
}
