//go:build unix

package listen

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// deadline is the time until which a connection may be read, or written. A server moves
// both with every request, and moving a timer of the runtime costs as much as looking up
// a token; but it moves them later and later. So a timer that would go off too
// early is left as it is: a goroutine that waits on the connection is woken once, too
// early, has the timer moved and waits on. Safe for concurrent use.
type deadline struct {
	wanted atomic.Int64 // nanoseconds since epoch
	armed  atomic.Int64 // when the timer goes off: never after wanted, once set returns
	moving sync.Mutex   // held while the timer is moved
}

// set moves the deadline; move does so with the timer.
func (d *deadline) set(t time.Time, move func(time.Time) error) error {
	wanted := sinceEpoch(t)
	d.wanted.Store(wanted)
	if armed := d.armed.Load(); armed == wanted || armed != never && wanted > armed {
		return nil
	}
	return d.arm(move)
}

// arm sets the timer to what is wanted. It looks again after it has said when that
// is, so that no earlier time is lost that another goroutine sets meanwhile: either
// it sees that one here, or the other sees this one in set.
func (d *deadline) arm(move func(time.Time) error) error {
	d.moving.Lock()
	defer d.moving.Unlock()
	for {
		wanted := d.wanted.Load()
		d.armed.Store(wanted)
		if err := move(timeOf(wanted)); err != nil {
			return err
		}
		if d.wanted.Load() == wanted {
			return nil
		}
	}
}

// early reports whether err is of a timer that went off before the deadline. It has
// been moved then, and the caller waits on.
func (d *deadline) early(err error, move func(time.Time) error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	if wanted := d.wanted.Load(); wanted != never && int64(time.Since(epoch)) >= wanted {
		return false
	}
	return d.arm(move) == nil
}

// epoch is what instants are counted from, so that they follow the monotonic clock.
var epoch = time.Now()

// never is the instant of the zero time, which is no deadline.
const never = 0

// sinceEpoch is a time in nanoseconds since epoch.
func sinceEpoch(t time.Time) int64 {
	if t.IsZero() {
		return never
	}
	if n := int64(t.Sub(epoch)); n != never {
		return n
	}
	return 1
}

func timeOf(instant int64) time.Time {
	if instant == never {
		return time.Time{}
	}
	return epoch.Add(time.Duration(instant))
}
