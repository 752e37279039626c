package mirror

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// sweep looks after boards that are not in memory: those that left it while the
// mirror was away, and, at the start and after a loss, all that there are. It
// compares marks, which can be read from the store without recovering a competition,
// and recovers only the boards that must be rewritten, one at a time.
type sweep struct {
	options *Options
	target  *target
	list    *sweepList
	queue   *queue
}

// sweepList is what is to be swept.
type sweepList struct {
	wake  worker.Signal
	mu    sync.Mutex
	ids   map[string]struct{}
	all   bool
	since time.Time // zero when there is nothing
}

func newSweepList() *sweepList {
	return &sweepList{wake: worker.NewSignal(), ids: map[string]struct{}{}}
}

func (l *sweepList) add(id string) { l.change(func() { l.ids[id] = struct{}{} }) }
func (l *sweepList) addAll()       { l.change(func() { l.all = true }) }

func (l *sweepList) change(how func()) {
	l.mu.Lock()
	how()
	if l.since.IsZero() {
		l.since = time.Now()
	}
	l.mu.Unlock()
	l.wake.Set()
}

// take returns what to sweep next: all, or some. A call that returns nothing says that
// all that was taken before is swept.
func (l *sweepList) take() (all bool, ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all {
		l.all = false
		clear(l.ids)
		return true, nil
	}
	for id := range l.ids {
		if len(ids) == sweepPage {
			break
		}
		ids = append(ids, id)
		delete(l.ids, id)
	}
	if len(ids) == 0 {
		l.since = time.Time{}
	}
	return false, ids
}

func (l *sweepList) lag() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.since.IsZero() {
		return 0
	}
	return time.Since(l.since)
}

const sweepPage = 256 // competitions looked at together

// run sweeps whenever there is something to sweep, once the competitions that take
// syncs are in memory, where they need no sweep.
func (s *sweep) run(ctx context.Context) {
	select {
	case <-s.options.Recovered:
	case <-ctx.Done():
		return
	}
	s.list.wake.Drain(ctx, func() bool {
		if ctx.Err() != nil {
			return false
		}
		all, ids := s.list.take()
		if all {
			s.sweepAll(ctx)
		} else {
			s.inspect(ctx, ids)
		}
		return all || len(ids) > 0
	})
}

func (s *sweep) sweepAll(ctx context.Context) {
	after := ""
	for {
		var page []string
		s.persist(ctx, func() error {
			page = page[:0]
			within, cancel := context.WithTimeout(ctx, s.options.Timeout)
			defer cancel()
			return s.options.Store.List(within, after, func(s competition.Summary) bool {
				page = append(page, s.Definition.ID)
				return len(page) < sweepPage
			})
		})
		if len(page) == 0 || ctx.Err() != nil {
			return
		}
		s.inspect(ctx, page)
		after = page[len(page)-1]
	}
}

// persist repeats something until it succeeds or the sweep ends.
func (s *sweep) persist(ctx context.Context, do func() error) {
	for failures := 0; do() != nil && ctx.Err() == nil; {
		failures++
		worker.Pause(ctx, retries.After(failures))
	}
}

// inspect rewrites those boards that show another state than the store has, except
// those of competitions in memory, which the rounds keep.
func (s *sweep) inspect(ctx context.Context, ids []string) {
	var away, marks []string
	for _, id := range ids {
		if s.isInMemory(id) || s.options.Ours != nil && !s.options.Ours(id) {
			continue
		}
		if mark, ok := s.storedMark(ctx, id); ok {
			away, marks = append(away, id), append(marks, mark)
		}
	}
	if len(away) == 0 {
		return
	}
	var found []competition.Mirrored
	s.persist(ctx, func() (err error) {
		found, err = s.target.Look(ctx, away)
		return err
	})
	if ctx.Err() != nil {
		return
	}
	for i, id := range away {
		if found[i].Mark != marks[i] || found[i].Err != nil {
			s.insist(ctx, id)
			continue
		}
		s.target.refusals.remove(id)
	}
}

// insist redraws a board. If that does not go, it is another one's turn: this one
// is swept again.
func (s *sweep) insist(ctx context.Context, id string) {
	const tries = 3
	for failures := 1; s.redraw(ctx, id) != nil; failures++ {
		worker.Pause(ctx, retries.After(failures))
		if failures == tries {
			s.list.add(id)
			return
		}
	}
}

// isInMemory reports whether a competition has an activation. If so, it leaves the
// board to the rounds.
func (s *sweep) isInMemory(id string) bool {
	a, pid := s.options.Find(id)
	if a != nil {
		s.queue.tell(a, pid)
	}
	return a != nil
}

// storedMark returns the mark of a competition's stored state; false if the
// competition is damaged, and so has no state to show.
func (s *sweep) storedMark(ctx context.Context, id string) (mark string, ok bool) {
	s.persist(ctx, func() (err error) {
		within, cancel := context.WithTimeout(ctx, s.options.Timeout)
		defer cancel()
		mark, err = competition.StoredMark(within, id, s.options.Store)
		if ok = err == nil; errors.Is(err, competition.ErrCorrupt) {
			return nil // its actor reports it to everybody who asks
		}
		return err
	})
	return mark, ok
}

// redraw rewrites the board of a competition from the store, unless it has become
// right since it was looked at.
func (s *sweep) redraw(ctx context.Context, id string) error {
	if s.isInMemory(id) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	began := time.Now()
	found, err := s.target.Look(ctx, []string{id})
	if err != nil {
		return err
	}
	if found[0].Err != nil {
		return found[0].Err
	}
	core, err := s.recover(ctx, id)
	switch {
	case errors.Is(err, competition.ErrCorrupt):
		return nil
	case err != nil:
		return err
	case !core.Exists() || core.Mark() == found[0].Mark:
		return nil
	}
	err = core.Redraw(ctx, s.target, s.target.name(), competition.MirrorShow{Over: found[0].Stored}, nil)
	if err != nil {
		return fmt.Errorf("rewrite the mirror of %q: %w", id, err)
	}
	s.options.Logger.InfoContext(ctx, redrawn, "competition", id, "participants", core.OnBoard(), "took", time.Since(began))
	return nil
}

// recover reads a competition without its actor, which it may have by now.
func (s *sweep) recover(ctx context.Context, id string) (*competition.Competition, error) {
	select {
	case s.options.Recoveries <- struct{}{}:
		defer func() { <-s.options.Recoveries }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return competition.Recover(ctx, id, s.options.Store, s.options.NewKey, nil)
}
