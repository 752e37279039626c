package mirror

import (
	"context"
	"slices"
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
	later []*lacking // those that were refused, and wait
}

// lacking is one of them. Options.Find may not know its activation yet.
type lacking struct {
	told
	since time.Time
	again bool          // told since it was taken
	fails int           // times refused, in a row
	due   time.Time     // when to try again, of those that wait
	shown chan struct{} // closed when the mirror lacks nothing any more; nil unless a caller waits for that
}

// told is the activation that told that the mirror lacks something, and its actor.
type told struct {
	*Activation
	pid   *actor.PID
	check bool // what is known of the board in the mirror does not count
}

func newQueue() *queue { return &queue{wake: worker.NewSignal(), all: map[string]*lacking{}} }

// tell puts an activation in; it never blocks.
func (q *queue) tell(a *Activation, pid *actor.PID) { q.put(a, pid, false) }

// verify puts an activation in whose board is to be compared with the mirror.
func (q *queue) verify(a *Activation, pid *actor.PID) { q.put(a, pid, true) }

func (q *queue) put(a *Activation, pid *actor.PID, check bool) {
	q.mu.Lock()
	l := q.all[a.ID]
	if l == nil {
		l = &lacking{since: time.Now()}
		q.all[a.ID] = l
		q.ready = append(q.ready, l)
	}
	l.told, l.again = told{Activation: a, pid: pid, check: check || l.check}, true
	q.mu.Unlock()
	q.wake.Set()
}

// postpone puts a competition aside whose write was refused, so that others go on.
func (q *queue) postpone(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.all[id]
	l.fails++
	l.due = time.Now().Add(retries.After(l.fails))
	q.later = append(q.later, l)
}

// due returns when one that was put aside is to be tried again, if that is before a time.
func (q *queue) due(before time.Time) time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range q.later {
		if l.due.Before(before) {
			before = l.due
		}
	}
	return before
}

// take returns the first n that are not being worked on; each needs a done.
func (q *queue) take(n int) (taken []told) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.later = slices.DeleteFunc(q.later, func(l *lacking) bool {
		is := !l.due.After(now)
		if is {
			q.ready = append(q.ready, l)
		}
		return is
	})
	n = min(n, len(q.ready))
	for _, l := range q.ready[:n] {
		l.again = false
		taken = append(taken, l.told)
		l.check = false
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
	l.fails = 0
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
