package actors

import (
	"slices"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// behind is the competitions whose mirror lacks something, each once.
type behind struct {
	mu    sync.Mutex
	all   map[string]*lag
	ready []*lag        // those that nobody works on, in order
	wake  chan struct{} // capacity 1
}

// lag is one of them. It names the activation that told, which is perhaps not in
// the registry yet.
type lag struct {
	id     string
	handle *handle
	pid    *actor.PID
	since  time.Time
	again  bool // told since it was taken
}

func newBehind() *behind { return &behind{all: map[string]*lag{}, wake: make(chan struct{}, 1)} }

// tell puts an activation in; it never blocks.
func (b *behind) tell(h *handle, pid *actor.PID) {
	b.mu.Lock()
	l := b.all[h.id]
	if l == nil {
		l = &lag{id: h.id, since: time.Now()}
		b.all[h.id] = l
		b.ready = append(b.ready, l)
	}
	l.handle, l.pid, l.again = h, pid, true
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take is the first n that nobody works on, as steps; each needs a done.
func (b *behind) take(n int) (steps []*step) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n = min(n, len(b.ready))
	for _, l := range b.ready[:n] {
		l.again = false
		steps = append(steps, &step{id: l.id, handle: l.handle, pid: l.pid})
	}
	clear(b.ready[:n])
	b.ready = b.ready[n:]
	return steps
}

// done ends the work on a competition; again says that something is left.
func (b *behind) done(id string, again bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.all[id]
	if !again && !l.again {
		delete(b.all, id)
		return
	}
	if !again {
		l.since = time.Now()
	}
	b.ready = append(b.ready, l)
}

// has reports whether the mirror lacks something of one of the competitions.
func (b *behind) has(ids []string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(ids, func(id string) bool { return b.all[id] != nil })
}

// lag is how long the mirror has lacked something.
func (b *behind) lag(now time.Time) (longest time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.all {
		longest = max(longest, now.Sub(l.since))
	}
	return longest
}
