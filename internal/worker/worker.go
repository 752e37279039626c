// Package worker holds what every background worker needs: a goroutine with an
// owner that stops it and waits ([Loop]), something done again and again ([Every]),
// a wake-up ([Signal]), the pauses between attempts ([Backoff]) and those between
// lines of the log ([Pace]).
//
// It recovers no panic: one in a worker ends the process, as anywhere else. It
// knows nothing of what the workers do. Reading starts at [Start].
package worker

import (
	"context"
	"math/rand/v2"
	"time"
)

// Loop is a goroutine with an owner.
type Loop struct {
	stop context.CancelFunc
	done chan struct{}
}

// Start runs a function in a goroutine of its own until it returns. Its context
// ends with the parent, or when the loop is to stop: the function then returns at
// once, or first finishes what it was given, under another context.
func Start(parent context.Context, run func(context.Context)) *Loop {
	ctx, cancel := context.WithCancel(parent)
	l := &Loop{stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		defer cancel()
		run(ctx)
	}()
	return l
}

// Stop ends the loop and waits until it has returned. Stopping twice is a no-op.
func (l *Loop) Stop() {
	l.stop()
	<-l.done
}

// StopWithin is Stop, and calls cut if the loop has not returned by the limit: cut
// ends whatever the loop is waiting for.
func (l *Loop) StopWithin(limit time.Duration, cut func()) {
	late := time.AfterFunc(limit, cut)
	defer late.Stop()
	l.Stop()
}

// Done is closed when the loop has returned.
func (l *Loop) Done() <-chan struct{} { return l.done }

// Interval is how often something is done.
type Interval struct {
	First  time.Duration // before the first time; 0 for Then
	Then   time.Duration // from one end to the next beginning
	Jitter float64       // the share of Then, 0 to 1, of which a random part is left out
}

// Every does something after each interval, one at a time, until it is stopped.
func Every(parent context.Context, i Interval, do func(context.Context)) *Loop {
	first := i.First
	if first == 0 {
		first = i.Then
	}
	return Start(parent, func(ctx context.Context) {
		for wait := first; Pause(ctx, wait); wait = shorten(i.Then, i.Jitter) {
			do(ctx)
		}
	})
}

// Pause waits, and reports whether ctx is still alive.
func Pause(ctx context.Context, d time.Duration) bool {
	Signal(nil).Wait(ctx, d)
	return ctx.Err() == nil
}

// Signal wakes a worker. Signals given while it works are one. The worker may also
// receive from it in a select.
type Signal chan struct{}

// NewSignal makes a signal that is not set.
func NewSignal() Signal { return make(Signal, 1) }

// Set wakes the worker; it never blocks.
func (s Signal) Set() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// Wait returns when the signal is set, after the time, or when ctx ends, whichever
// comes first.
func (s Signal) Wait(ctx context.Context, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-s:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Drain calls work until it has nothing more to do, and again whenever the signal
// is set. When ctx ends, what was given before is still worked off.
func (s Signal) Drain(ctx context.Context, work func() (did bool)) {
	for {
		last := ctx.Err() != nil
		for work() {
		}
		if last {
			return
		}
		select {
		case <-s:
		case <-ctx.Done():
		}
	}
}

// Backoff is the pauses after attempts that fail in a row. Each is twice as long as
// the one before, up to Max. Jitter keeps those who failed together from coming
// back together.
type Backoff struct {
	First, Max time.Duration
	Jitter     float64 // the share of a pause, 0 to 1, of which a random part is left out
}

// After returns the pause after a number of failures in a row, at least 1.
func (b Backoff) After(failures int) time.Duration {
	d := b.First
	for range failures - 1 {
		if d > b.Max/2 {
			d = b.Max
			break
		}
		d *= 2
	}
	return shorten(min(d, b.Max), b.Jitter)
}

// shorten leaves a random part of a share of d out.
func shorten(d time.Duration, share float64) time.Duration {
	if share == 0 {
		return d
	}
	return d - rand.N(time.Duration(share*float64(d))+1) //nolint:gosec // G404: it is a pause.
}
