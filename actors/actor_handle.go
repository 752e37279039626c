package actors

import (
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
)

// handle is one activation of a competition as the rest of the process sees it:
// where to send, and what may be read without asking.
type handle struct {
	id      string
	pid     *actor.PID
	mailbox *mailbox.Mailbox // the actor's
	gone    chan struct{}    // closed when the activation has ended
	ended   bool             // the same for the registry, under its lock

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
