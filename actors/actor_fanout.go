package actors

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

const (
	// fanOutEvery is the shortest time between two updates to one subscription.
	fanOutEvery = 100 * time.Millisecond
	// refreshEvery is the shortest time between two updates while the first has
	// not reached every subscriber: the others then get the later one.
	refreshEvery = 50 * time.Millisecond
)

// subscribers are those of one competition. They belong to the actor, but outlive
// its incarnations.
type subscribers struct {
	all        map[*competition.Subscription]subscriber
	ring       fanOutRing          // wakes them
	update     *competition.Update // the last one, nil when there are no subscribers
	lastFanOut time.Time
	scheduled  bool      // a fanOut is in the mailbox or on its way there
	changed    time.Time // when it was scheduled: of the first change that it tells
}

// subscriber is the user of a subscription, and its place in the ring.
type subscriber struct {
	caller competition.Caller
	place  int
	node   bool // see subscribe
}

// fanOutRing wakes the readers of subscriptions, each at most every fanOutEvery. Ten
// thousand woken at once would all queue for the processors before anything else,
// the next sync included. So it wakes a few, lets them run, and goes on around the
// ring. A reader woken late in a round gets the latest update.
//
// Only the actor changes the ring; the ring's goroutine, which lives only while
// readers are to be woken, goes around it.
type fanOutRing struct {
	mu      sync.Mutex
	places  []place
	next    int // of places
	pending int // how many are to be woken
	running bool
}

// place is that of a subscription in the ring.
type place struct {
	subscription *competition.Subscription
	woken        time.Time
}

// wakeAtOnce is how many are woken before other goroutines have a turn.
const wakeAtOnce = 64

// add puts a subscription at the end of the ring and returns its index.
func (r *fanOutRing) add(s *competition.Subscription) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.places = append(r.places, place{subscription: s, woken: time.Now()})
	if r.pending > 0 {
		r.pending++ // it comes before the end of the round
	}
	return len(r.places) - 1
}

// remove removes the subscription at an index, and returns the one that takes its
// place, or nil.
func (r *fanOutRing) remove(index int) (moved *competition.Subscription) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := len(r.places) - 1
	if index < last {
		r.places[index] = r.places[last]
		moved = r.places[index].subscription
	}
	r.places[last] = place{}
	r.places = r.places[:last]
	if r.pending > 0 {
		r.pending = last // the one moved may have been passed already
	}
	if r.next >= last {
		r.next = 0
	}
	return moved
}

// wakeAll has every reader woken once from now on, by a goroutine of a group that
// ends with life at the latest.
func (r *fanOutRing) wakeAll(life context.Context, group *sync.WaitGroup) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending = len(r.places)
	if r.pending > 0 && !r.running {
		r.running = true
		group.Go(func() { r.run(life) })
	}
}

// busy reports whether readers are still to be woken.
func (r *fanOutRing) busy() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.running
}

func (r *fanOutRing) run(life context.Context) {
	var room [wakeAtOnce]*competition.Subscription
	for {
		some, wait := r.take(room[:0], time.Now())
		if wait > 0 && !worker.Pause(life, wait) || wait <= 0 && len(some) == 0 {
			return
		}
		for _, s := range some {
			s.Wake()
		}
		runtime.Gosched() // to the readers
	}
}

// take returns the readers to wake now, or how long to wait; neither ends the run.
func (r *fanOutRing) take(some []*competition.Subscription, now time.Time) ([]*competition.Subscription, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for ; r.pending > 0 && len(some) < wakeAtOnce; r.pending-- {
		p := &r.places[r.next]
		if wait := fanOutEvery - now.Sub(p.woken); wait > 0 {
			if len(some) > 0 {
				wait = 0
			}
			return some, wait
		}
		p.woken = now
		some = append(some, p.subscription)
		r.next = (r.next + 1) % len(r.places)
	}
	r.running = len(some) > 0
	return some, 0
}
