package cluster

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// Lease says whether a node may answer from memory: whether no other node can have
// been given what it owns (rule N2). Safe for concurrent use.
type Lease struct {
	until atomic.Pointer[time.Time] // with a monotonic reading and that of the wall clock; nil is none

	mu      sync.Mutex
	renewed chan struct{} // closed by the next beat, and at the end
	over    bool
}

func newLease() *Lease { return &Lease{renewed: make(chan struct{})} }

// Valid reports whether the lease lasts. It costs one atomic load and a look at the
// clocks.
func (l *Lease) Valid() bool { return l.left(time.Now()) > 0 }

// left returns how long the lease lasts after now: by the monotonic clock, or by the wall
// clock if that ends it earlier, since the other one stands still while a machine is
// suspended.
func (l *Lease) left(now time.Time) time.Duration {
	until := l.until.Load()
	if until == nil {
		return 0
	}
	left := until.Sub(now)
	if left <= 0 {
		return 0
	}
	return max(0, min(left, until.Round(0).Sub(now.Round(0))))
}

// Await returns as soon as the lease is valid. Error: competition.ErrUnavailable at the
// deadline, and at once when the node has ended.
func (l *Lease) Await(deadline time.Time) error {
	if l.Valid() {
		return nil
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	for {
		renewed, over := l.next()
		if l.Valid() {
			return nil
		}
		if over {
			return competition.ErrUnavailable
		}
		select {
		case <-renewed:
		case <-timer.C:
			return competition.ErrUnavailable
		}
	}
}

// next returns a channel that is closed by the next beat; over reports that there is none.
func (l *Lease) next() (renewed <-chan struct{}, over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.renewed, l.over
}

// extend makes the lease last until a time, and wakes the callers of Await.
func (l *Lease) extend(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	l.until.Store(&until)
	close(l.renewed)
	l.renewed = make(chan struct{})
}

// end ends the lease for good.
func (l *Lease) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	l.over = true
	l.until.Store(nil)
	close(l.renewed)
}
