package mirror

import (
	"context"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/internal/worker"
)

// queue is the competitions whose mirror lacks something, each once.
type queue struct {
	wake  worker.Signal
	mu    sync.Mutex
	all   map[string]*lacking
	ready []*lacking // those that are not being worked on, in order
}

// lacking is one of them. Options.Find may not know its activation yet.
type lacking struct {
	told
	since time.Time
	again bool          // told since it was taken
	shown chan struct{} // closed when the mirror lacks nothing any more; nil unless a caller waits for that
}

// told is the activation that told that the mirror lacks something, and its actor.
type told struct {
	*Activation
	pid *actor.PID
}

func newQueue() *queue { return &queue{wake: worker.NewSignal(), all: map[string]*lacking{}} }

// tell puts an activation in; it never blocks.
func (q *queue) tell(a *Activation, pid *actor.PID) {
	q.mu.Lock()
	l := q.all[a.ID]
	if l == nil {
		l = &lacking{since: time.Now()}
		q.all[a.ID] = l
		q.ready = append(q.ready, l)
	}
	l.told, l.again = told{a, pid}, true
	q.mu.Unlock()
	q.wake.Set()
}

// take returns the first n that are not being worked on; each needs a done.
func (q *queue) take(n int) (taken []told) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n = min(n, len(q.ready))
	for _, l := range q.ready[:n] {
		l.again = false
		taken = append(taken, l.told)
	}
	clear(q.ready[:n])
	q.ready = q.ready[n:]
	return taken
}

// done ends the work on a competition; again says that something is left.
func (q *queue) done(id string, again bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.all[id]
	if !again && !l.again {
		delete(q.all, id)
		if l.shown != nil {
			close(l.shown)
		}
		return
	}
	if !again {
		l.since = time.Now()
	}
	q.ready = append(q.ready, l)
}

// await returns when the mirror lacks nothing of a competition, or ctx ends.
func (q *queue) await(ctx context.Context, id string) {
	q.mu.Lock()
	l := q.all[id]
	if l == nil {
		q.mu.Unlock()
		return
	}
	if l.shown == nil {
		l.shown = make(chan struct{})
	}
	shown := l.shown
	q.mu.Unlock()
	select {
	case <-shown:
	case <-ctx.Done():
	}
}

func (q *queue) lag() (longest time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range q.all {
		longest = max(longest, time.Since(l.since))
	}
	return longest
}
