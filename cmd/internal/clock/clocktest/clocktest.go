// Package clocktest makes readings of clocks that have jumped, for tests: nothing sets the
// machine's own clock. Reading starts at [Moved]. It is imported by tests only.
package clocktest

import (
	"sync/atomic"
	"time"
	"unsafe"
)

// Moved returns a reading of time.Now as it would be if the wall clock, but not the
// monotonic clock, were ahead by some seconds. Package time has no way to make one.
func Moved(t time.Time, by time.Duration) time.Time {
	type layout struct { // of time.Time; the highest bit of wall says that the monotonic clock was read, and the next 33 are seconds
		wall uint64
		ext  int64
		loc  *time.Location
	}
	moved := t
	(*layout)(unsafe.Pointer(&moved)).wall += uint64(by/time.Second) << 30 //nolint:gosec // G103: checked right below.
	if moved.Sub(t) != 0 || moved.Round(0).Sub(t.Round(0)) != by {
		panic("time.Time is laid out in another way, or by is not whole seconds")
	}
	return moved
}

// Wall is a wall clock that jumps as it is told. The zero value is the machine's. Safe for
// concurrent use.
type Wall struct{ ahead atomic.Int64 }

// Set has the clock be ahead of the machine's, by whole seconds; less than 0 is behind.
func (w *Wall) Set(ahead time.Duration) { w.ahead.Store(int64(ahead)) }

// Read reads the clock, as time.Now reads the machine's.
func (w *Wall) Read() time.Time { return Moved(time.Now(), time.Duration(w.ahead.Load())) }
