package actors

import (
	"context"
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
	id      string
	pid     *actor.PID
	mailbox *mailbox      // the actor's
	gone    chan struct{} // closed when the activation has ended
	ended   bool          // the same for the registry, under its lock

	// guests counts the requests that rely on this activation. When it is idle
	// the actor swaps 0 for closed, and nobody can enter any more.
	guests atomic.Int64
	used   atomic.Bool // somebody entered since the actor last looked

	// version is the board's version as acknowledged. top may be behind it where
	// nobody reads, and is then made again by the actor for the first reader.
	version atomic.Uint64
	top     atomic.Pointer[competition.Published]
	read    atomic.Bool // somebody wanted the top since it was published last
	summary atomic.Pointer[competition.Summary]
	damage  atomic.Pointer[competition.CorruptError] // why it cannot run

	audience audience // the actor's
	view     view     // the mirror's
	orphans  []waiter // the actor's; see bequeath
	written  uint64   // the writer's; see job.last
}

const closed = int64(-1) << 40

func (h *handle) enter() bool {
	if h.guests.Add(1) <= 0 {
		h.guests.Add(-1)
		return false
	}
	if !h.used.Load() { // a store for each guest would have the cores fight over it
		h.used.Store(true)
	}
	return true
}

func (h *handle) leave() { h.guests.Add(-1) }

// close lets nobody in any more, if nobody is in.
func (h *handle) close() bool { return h.guests.CompareAndSwap(0, closed) }

// shut lets nobody in any more, whoever is in.
func (h *handle) shut() { h.guests.Add(closed) }

// isClosed reports whether nobody can enter any more.
func (h *handle) isClosed() bool { return h.guests.Load() < 0 }

// registry finds activations by competition. The supervisor puts them in; each
// takes itself out when it has ended.
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

// add takes an activation in, unless it has ended already: an actor may run, and
// stop, before the supervisor has its name.
func (r *registry) add(h *handle) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !h.ended {
		r.handles[h.id] = h
	}
}

// forget ends an activation.
func (r *registry) forget(h *handle) {
	r.mu.Lock()
	if r.handles[h.id] == h {
		delete(r.handles, h.id)
	}
	h.ended = true
	r.mu.Unlock()
	h.top.Store(nil) // the mirror may remember the handle for long
	close(h.gone)
}

// deadline is when a request that begins now must have its answer.
func (e *Engine) deadline() time.Time { return time.Now().Add(e.RequestTimeout) }

// enter admits a request to a competition, bringing the competition into
// memory if it is not there. Made-up ids cost no actor. Each successful enter
// needs a leave.
func (e *Engine) enter(id string, deadline time.Time) (*handle, error) {
	if err := e.admit(); err != nil {
		return nil, err
	}
	h, err := e.find(id, true, deadline)
	if err != nil {
		e.dismiss()
		return nil, err
	}
	return h, nil
}

// admit counts a request in, within the limit. Each success needs a dismiss.
func (e *Engine) admit() error {
	if e.inFlight.Add(1) > int64(e.MaxInFlight) {
		e.dismiss()
		return competition.ErrOverloaded
	}
	if e.draining.Load() {
		e.dismiss()
		return fmt.Errorf("%w: the server is shutting down", competition.ErrUnavailable)
	}
	return nil
}

func (e *Engine) dismiss() { e.inFlight.Add(-1) }

func (e *Engine) leave(h *handle) {
	h.leave()
	e.dismiss()
}

// find enters a competition for a request that was admitted; mustExist false enters
// also one that was never created. Each success needs a handle.leave.
func (e *Engine) find(id string, mustExist bool, deadline time.Time) (*handle, error) {
	for {
		h := e.registry.find(id)
		if h == nil {
			var err error
			if h, err = e.activate(id, mustExist, deadline); err != nil {
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

// activate has the supervisor start a competition's actor, or finds the one
// that somebody else has just had started.
func (e *Engine) activate(id string, mustExist bool, deadline time.Time) (*handle, error) {
	ctx, cancel := context.WithDeadline(e.life, deadline)
	defer cancel()
	if mustExist {
		if _, err := e.Store.Find(ctx, id); err != nil {
			return nil, err
		}
	}
	answer := make(chan activated, 1)
	e.system.Root.Send(e.competitions, &activate{id: id, answer: answer})
	select {
	case a := <-answer:
		return a.handle, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: the competition's actor did not start", competition.ErrUnavailable)
	}
}

// tell sends without waiting for an answer.
func (e *Engine) tell(h *handle, message any) { e.system.Root.Send(h.pid, message) }
