package actors

import (
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/actors/internal/mirror"
	"github.com/paceboard/paceboard/competition"
)

// handle is one activation of a competition as the rest of the process sees it:
// where to send messages, and what may be read without asking.
type handle struct {
	id      string
	pid     *actor.PID
	mailbox *mailbox.Mailbox // the actor's
	gone    chan struct{}    // closed when the activation has ended
	ended   bool             // the same for the registry, under its lock

	// leases counts the requests that rely on this activation. When it is idle
	// the actor swaps 0 for closed, and there are no new leases.
	leases atomic.Int64
	unused func()      // tells the actor that there are none any more; nil if it does not wait for that
	used   atomic.Bool // a lease was acquired since the actor last looked

	// version is the board's version as acknowledged. top may be older where
	// there are no readers; the actor then renews it for the first one.
	version atomic.Uint64
	top     atomic.Pointer[competition.Published]
	read    atomic.Bool // the top was read since it was published last
	summary atomic.Pointer[competition.Summary]

	// For operators; see Engine.Loaded.
	applied atomic.Uint64 // events since the competition was loaded
	changed atomic.Int64  // when the last of them was, in milliseconds; 0 for none
	bytes   atomic.Int64  // about how much memory it takes

	damage atomic.Pointer[competition.CorruptError] // why it cannot run

	// elsewhere is set when this process is not, or no longer, the competition's owner.
	elsewhere atomic.Pointer[competition.ElsewhereError]

	subscribers subscribers       // the actor's
	mirrored    mirror.Activation // the mirror's
	carriedOver []waiter          // the actor's; see carryOver
	written     uint64            // the writer's; see job.last
}

const closed = int64(-1) << 40

// acquire takes a lease: until its release the activation does not end by itself.
// It returns false if the activation is closed.
func (h *handle) acquire() bool {
	if h.leases.Add(1) <= 0 {
		h.release()
		return false
	}
	if !h.used.Load() { // a store for each lease would have the cores fight over it
		h.used.Store(true)
	}
	return true
}

// release gives a lease back. The last one of a closed activation is told to the actor.
func (h *handle) release() {
	if h.leases.Add(-1) == closed && h.unused != nil {
		h.unused()
	}
}

// closeIfIdle ends the granting of leases, if there are none.
func (h *handle) closeIfIdle() bool { return h.leases.CompareAndSwap(0, closed) }

// close ends the granting of leases. Only the actor calls it, and closeIfIdle.
func (h *handle) close() {
	if !h.isClosed() {
		h.leases.Add(closed)
	}
}

// isUnused reports whether an activation that is closed has no leases any more.
func (h *handle) isUnused() bool { return h.leases.Load() == closed }

func (h *handle) isClosed() bool { return h.leases.Load() < 0 }

// registry finds activations by competition. The supervisor adds them; each removes
// itself when it ends.
type registry struct {
	mu      sync.RWMutex
	handles map[string]*handle
}

func (r *registry) find(id string) *handle {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.handles[id]
}

// summary returns a competition's summary from memory; nil if it is not there.
func (r *registry) summary(id string) *competition.Summary {
	h := r.find(id)
	if h == nil {
		return nil
	}
	return h.summary.Load()
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

// mirrored is what find finds as the mirror knows it.
func (r *registry) mirrored(id string) (*mirror.Activation, *actor.PID) {
	h := r.find(id)
	if h == nil {
		return nil, nil
	}
	return &h.mirrored, h.pid
}

// add adds an activation, unless it has ended already: an actor may run, and stop,
// before the supervisor has its name.
func (r *registry) add(h *handle) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !h.ended {
		r.handles[h.id] = h
	}
}

func (r *registry) forget(h *handle) {
	r.mu.Lock()
	if r.handles[h.id] == h {
		delete(r.handles, h.id)
	}
	h.ended = true
	r.mu.Unlock()
	h.top.Store(nil) // the mirror may keep the handle for long
	close(h.gone)
}
