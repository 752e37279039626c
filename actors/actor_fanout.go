package actors

import (
	"runtime"
	"sync"
	"time"

	"github.com/paceboard/paceboard/competition"
)

const (
	// fanOutEvery is the shortest time between two updates to one subscription.
	fanOutEvery = 100 * time.Millisecond
	// refreshEvery is the shortest time between two updates while the first has
	// not reached everybody: the others then get the later one.
	refreshEvery = 50 * time.Millisecond
)

// audience is who watches a competition. It belongs to the actor, but outlives
// its incarnations.
type audience struct {
	subscriptions map[*competition.Subscription]subscriber
	herald        herald              // wakes them
	update        *competition.Update // the last one, nil when nobody watches
	lastFanOut    time.Time
	scheduled     bool // a fanOut is in the mailbox or on its way there
}

// subscriber is whose a subscription is, and its place in the herald's ring.
type subscriber struct {
	caller competition.Caller
	place  int
}

// herald wakes the readers of an audience, each at most every fanOutEvery. Ten
// thousand woken at once would stand in one queue for the processors, and
// everything else behind them, the next sync included. So it wakes a few, lets
// them run, and goes on around the ring. Who comes late in a round gets what is
// the latest by then.
//
// The actor alone changes the ring; the herald's goroutine, which lives only
// while somebody is to be woken, goes around it.
type herald struct {
	mu      sync.Mutex
	ring    []place
	next    int // in the ring
	pending int // how many are to be woken
	running bool
}

// place is a subscription in the ring.
type place struct {
	subscription *competition.Subscription
	woken        time.Time
}

// wakeAtOnce is how many are woken before others have a turn.
const wakeAtOnce = 64

// add puts a subscription at the end of the ring and returns its index.
func (h *herald) add(s *competition.Subscription) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ring = append(h.ring, place{subscription: s, woken: time.Now()})
	if h.pending > 0 {
		h.pending++ // it stands between us and others
	}
	return len(h.ring) - 1
}

// remove takes the subscription at an index out, and returns the one that is
// there instead, or nil.
func (h *herald) remove(index int) (moved *competition.Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	last := len(h.ring) - 1
	if index < last {
		h.ring[index] = h.ring[last]
		moved = h.ring[index].subscription
	}
	h.ring[last] = place{}
	h.ring = h.ring[:last]
	if h.pending > 0 {
		h.pending = last // the moved one may be behind us
	}
	if h.next >= last {
		h.next = 0
	}
	return moved
}

// announce has everybody woken once, from now on, by a goroutine of a group that
// ends at end at the latest.
func (h *herald) announce(group *sync.WaitGroup, end <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pending = len(h.ring)
	if h.pending > 0 && !h.running {
		h.running = true
		group.Go(func() { h.run(end) })
	}
}

// busy reports whether some are still to be woken.
func (h *herald) busy() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.running
}

func (h *herald) run(end <-chan struct{}) {
	var room [wakeAtOnce]*competition.Subscription
	for {
		some, wait := h.take(room[:0], time.Now())
		if wait > 0 {
			pause := time.NewTimer(wait)
			select {
			case <-pause.C:
			case <-end:
				return
			}
		} else if len(some) == 0 {
			return
		}
		for _, s := range some {
			s.Wake()
		}
		runtime.Gosched() // to those who woke
	}
}

// take is who is to be woken now, or how long nobody is; neither ends the run.
func (h *herald) take(some []*competition.Subscription, now time.Time) ([]*competition.Subscription, time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ; h.pending > 0 && len(some) < wakeAtOnce; h.pending-- {
		p := &h.ring[h.next]
		if wait := fanOutEvery - now.Sub(p.woken); wait > 0 {
			if len(some) > 0 {
				wait = 0
			}
			return some, wait
		}
		p.woken = now
		some = append(some, p.subscription)
		h.next = (h.next + 1) % len(h.ring)
	}
	h.running = len(some) > 0
	return some, 0
}
