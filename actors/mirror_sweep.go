package actors

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// The sweep looks after boards that are not in memory: those that left it while
// the mirror was away, and, at the start and after a loss, all that there are.
// It compares marks, which the store gives without recovering anything, and
// recovers only what must be rewritten, one board at a time.

// sweepList is what is to be swept.
type sweepList struct {
	mu    sync.Mutex
	ids   map[string]struct{}
	all   bool
	since time.Time // zero when there is nothing
	wake  chan struct{}
}

func newSweepList() *sweepList {
	return &sweepList{ids: map[string]struct{}{}, wake: make(chan struct{}, 1)}
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
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// take is what to sweep next: all, or some.
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
	return false, ids
}

// rest says that what was taken is swept.
func (l *sweepList) rest() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.all && len(l.ids) == 0 {
		l.since = time.Time{}
	}
}

func (l *sweepList) lag(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.since.IsZero() {
		return 0
	}
	return now.Sub(l.since)
}

const sweepPage = 256 // competitions looked at together

// runSweep sweeps whenever there is something to sweep.
func (m *mirror) runSweep() {
	if !m.awaitRecovery() {
		return
	}
	for {
		all, ids := m.sweep.take()
		switch {
		case all:
			m.sweepAll()
		case len(ids) > 0:
			m.inspect(ids)
		default:
			m.sweep.rest()
			select {
			case <-m.sweep.wake:
			case <-m.sweeping.Done():
			}
		}
		if m.sweeping.Err() != nil {
			return
		}
	}
}

// awaitRecovery waits until the competitions that take syncs are in memory: they
// come first, and are nothing to sweep. False means stopped.
func (m *mirror) awaitRecovery() bool {
	select {
	case <-m.engine.clock.read:
		return true
	case <-m.sweeping.Done():
		return false
	}
}

func (m *mirror) sweepAll() {
	after := ""
	for {
		var page []string
		m.persist(func() error {
			page = page[:0]
			ctx, cancel := context.WithTimeout(m.sweeping, m.engine.RecoveryTimeout)
			defer cancel()
			return m.engine.Store.List(ctx, after, func(s competition.Summary) bool {
				page = append(page, s.Definition.ID)
				return len(page) < sweepPage
			})
		})
		if len(page) == 0 || m.sweeping.Err() != nil {
			return
		}
		m.inspect(page)
		after = page[len(page)-1]
	}
}

// persist does something until it works or the sweep ends.
func (m *mirror) persist(do func() error) {
	for failures := 1; ; failures++ {
		if err := do(); err == nil || m.sweeping.Err() != nil {
			return
		}
		timer := time.NewTimer(backoff(failures))
		select {
		case <-timer.C:
		case <-m.sweeping.Done():
		}
		timer.Stop()
	}
}

// inspect has the boards of competitions rewritten whose mirror shows another
// state. Those in memory are the worker's.
func (m *mirror) inspect(ids []string) {
	var away, marks []string
	for _, id := range ids {
		if h := m.engine.registry.find(id); h != nil {
			m.behind.tell(h, h.pid)
			continue
		}
		if mark, ok := m.storedMark(id); ok {
			away, marks = append(away, id), append(marks, mark)
		}
	}
	if len(away) == 0 {
		return
	}
	var found []competition.Mirrored
	m.persist(func() (err error) {
		began := time.Now()
		found, err = m.to.Look(m.sweeping, away)
		m.note(err, time.Since(began))
		return err
	})
	if m.sweeping.Err() != nil {
		return
	}
	for i, id := range away {
		if found[i].Mark != marks[i] {
			m.persist(func() error { return m.redraw(id) })
		}
	}
}

// storedMark is the mark of a competition's stored state; false for one that is
// damaged, which has no state to show.
func (m *mirror) storedMark(id string) (mark string, ok bool) {
	m.persist(func() (err error) {
		ctx, cancel := context.WithTimeout(m.sweeping, m.engine.RecoveryTimeout)
		defer cancel()
		mark, err = competition.StoredMark(ctx, id, m.engine.Store)
		if ok = err == nil; errors.Is(err, competition.ErrCorrupt) {
			return nil // its actor says so, to everybody who asks
		}
		return err
	})
	return mark, ok
}

// redraw rewrites the board of a competition from the store. It looks again
// first: much may have happened since.
func (m *mirror) redraw(id string) error {
	if h := m.engine.registry.find(id); h != nil {
		m.behind.tell(h, h.pid)
		return nil
	}
	ctx, cancel := context.WithTimeout(m.sweeping, m.engine.RecoveryTimeout)
	defer cancel()
	began := time.Now()
	found, err := m.to.Look(ctx, []string{id})
	m.note(err, time.Since(began))
	if err != nil {
		return err
	}
	core, err := m.recoverFor(ctx, id)
	switch {
	case errors.Is(err, competition.ErrCorrupt):
		return nil
	case err != nil:
		return err
	case !core.Exists() || core.Mark() == found[0].Mark:
		return nil
	}
	err = core.Redraw(ctx, watched{m}, m.name(), competition.MirrorShow{Over: found[0].Stored}, nil)
	if err != nil {
		return fmt.Errorf("mirror %q anew: %w", id, err)
	}
	m.engine.Logger.InfoContext(ctx, "a board was mirrored anew", "competition", id, "participants", core.OnBoard(), "took", time.Since(began))
	return nil
}

// recoverFor reads a competition beside its actor, if it has one by now.
func (m *mirror) recoverFor(ctx context.Context, id string) (*competition.Competition, error) {
	select {
	case m.engine.recoveries <- struct{}{}:
		defer func() { <-m.engine.recoveries }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return competition.Recover(ctx, id, m.engine.Store, m.engine.newKey, nil)
}

// watched is the mirror with the outcome of writes noted.
type watched struct{ *mirror }

// Write implements competition.Mirror.
func (w watched) Write(ctx context.Context, writes []competition.MirrorWrite) (competition.Written, error) {
	return w.tryWrite(ctx, writes)
}

// Look implements competition.Mirror.
func (w watched) Look(ctx context.Context, ids []string) ([]competition.Mirrored, error) {
	return w.to.Look(ctx, ids)
}

// Members implements competition.Mirror.
func (w watched) Members(ctx context.Context, id string, visit func(string, float64) error) error {
	return w.to.Members(ctx, id, visit)
}
