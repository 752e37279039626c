package mailbox

import (
	"math"
	"sync/atomic"
	"time"
)

// alarm ends the waits of one envelope's callers at their deadlines. Its timer is
// not set and stopped for each wait, which costs as much as the rest of waiting: it
// runs on from wait to wait, and looks at the deadline when it goes off. Deadlines
// mostly come in order, so it is rarely set to an earlier time.
//
// Either the caller, when it has its answer, or the timer, past the deadline, removes
// the deadline; the other then knows.
type alarm struct {
	made     time.Time    // the zero of deadline and set
	timer    *time.Timer  // runs ring
	deadline atomic.Int64 // of the wait, or never
	set      atomic.Int64 // when the timer goes off, or never
	late     func()       // called past the deadline, once; there is no wait after that
}

const never = math.MinInt64

func newAlarm(late func()) *alarm {
	a := &alarm{made: time.Now(), late: late}
	a.deadline.Store(never)
	a.set.Store(never)
	a.timer = time.AfterFunc(time.Hour, a.ring)
	a.timer.Stop()
	return a
}

// begin begins a wait, which end ends.
func (a *alarm) begin(deadline time.Time) (at int64) {
	at = int64(deadline.Sub(a.made))
	a.deadline.Store(at)
	// Now either ring sees the deadline, or it is seen here that the timer is not set.
	if set := a.set.Load(); set == never || set > at {
		a.arm(at)
	}
	return at
}

// end ends the wait that began with at, and reports whether it was in time.
func (a *alarm) end(at int64) bool { return a.deadline.CompareAndSwap(at, never) }

func (a *alarm) arm(at int64) {
	a.set.Store(at)
	a.timer.Reset(time.Duration(at) - time.Since(a.made))
}

func (a *alarm) ring() {
	a.set.Store(never)
	switch at := a.deadline.Load(); {
	case at == never: // the next wait sets it
	case at > int64(time.Since(a.made)):
		a.arm(at)
	case a.deadline.CompareAndSwap(at, never):
		a.late()
	}
}
