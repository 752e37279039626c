package actors

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/competition"
)

// handle is one activation of a competition as the rest of the process sees it:
// where to send, and what may be read without asking.
type handle struct {
	id   string
	pid  *actor.PID
	gone chan struct{} // closed when the activation has ended

	// guests counts the requests that rely on this activation. When it is idle
	// the actor swaps 0 for closed, and nobody can enter any more.
	guests atomic.Int64

	// version is the board's version as acknowledged; top may be behind it, and
	// is then made anew by the actor for the first reader who asks.
	version atomic.Uint64
	top     atomic.Pointer[competition.Published]
	summary atomic.Pointer[competition.Summary]
	damage  atomic.Pointer[competition.CorruptError] // why it cannot run

	audience audience // the actor's
}

const closed = int64(-1) << 40

func (h *handle) enter() bool {
	if h.guests.Add(1) > 0 {
		return true
	}
	h.guests.Add(-1)
	return false
}

func (h *handle) leave() { h.guests.Add(-1) }

// close lets nobody in any more, if nobody is in.
func (h *handle) close() bool { return h.guests.CompareAndSwap(0, closed) }

// registry finds activations by competition.
type registry struct {
	mu      sync.RWMutex
	handles map[string]*handle
}

func (r *registry) find(id string) *handle {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.handles[id]
}

func (r *registry) all() []*handle {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := make([]*handle, 0, len(r.handles))
	for _, h := range r.handles {
		all = append(all, h)
	}
	return all
}

// forget ends an activation.
func (r *registry) forget(h *handle) {
	r.mu.Lock()
	if r.handles[h.id] == h {
		delete(r.handles, h.id)
	}
	r.mu.Unlock()
	close(h.gone)
}

// enter admits a request to a competition, bringing the competition into
// memory if it is not there. Each successful enter needs a leave.
func (e *Engine) enter(id string) (*handle, error) {
	return e.enterIf(id, e.exists)
}

// exists reports ErrUnknownCompetition for what was never created, so that
// made-up ids cost no actor.
func (e *Engine) exists(id string) error {
	ctx, cancel := e.storeContext()
	defer cancel()
	_, err := e.Store.Find(ctx, id)
	return err
}

func (e *Engine) enterIf(id string, exists func(id string) error) (*handle, error) {
	if err := e.admit(); err != nil {
		return nil, err
	}
	h, err := e.find(id, exists)
	if err != nil {
		e.inFlight.Add(-1)
		return nil, err
	}
	return h, nil
}

// admit counts a request in, within the limit.
func (e *Engine) admit() error {
	if e.inFlight.Add(1) > int64(e.MaxInFlight) {
		e.inFlight.Add(-1)
		return competition.ErrOverloaded
	}
	if e.draining.Load() {
		e.inFlight.Add(-1)
		return fmt.Errorf("%w: the server is shutting down", competition.ErrUnavailable)
	}
	return nil
}

func (e *Engine) leave(h *handle) {
	h.leave()
	e.inFlight.Add(-1)
}

func (e *Engine) find(id string, exists func(id string) error) (*handle, error) {
	deadline := time.Now().Add(e.RequestTimeout)
	for {
		h := e.registry.find(id)
		if h == nil {
			if err := exists(id); err != nil {
				return nil, err
			}
			var err error
			if h, err = e.activate(id); err != nil {
				return nil, err
			}
		}
		if h.enter() {
			return h, nil
		}
		// It is leaving memory; the next activation begins when it is gone.
		if !awaitClosed(h.gone, time.Until(deadline)) {
			return nil, fmt.Errorf("%w: the competition is being stored", competition.ErrUnavailable)
		}
	}
}

func awaitClosed(c <-chan struct{}, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-c:
		return true
	case <-timer.C:
		return false
	}
}

// activate starts a competition's actor, or finds the one that somebody else
// has just started.
func (e *Engine) activate(id string) (*handle, error) {
	e.registry.mu.Lock()
	defer e.registry.mu.Unlock()
	if h := e.registry.handles[id]; h != nil {
		return h, nil
	}
	h := &handle{id: id, gone: make(chan struct{})}
	spawned := make(chan error, 1)
	e.system.Root.Send(e.competitions, &spawn{handle: h, done: spawned})
	timer := time.NewTimer(e.RequestTimeout)
	defer timer.Stop()
	select {
	case err := <-spawned:
		if err != nil {
			return nil, errors.Join(competition.ErrUnavailable, err)
		}
	case <-timer.C:
		return nil, fmt.Errorf("%w: the competition's actor did not start", competition.ErrUnavailable)
	}
	e.registry.handles[id] = h
	return h, nil
}

// tell sends without waiting for an answer.
func (e *Engine) tell(h *handle, message any) { e.system.Root.Send(h.pid, message) }
