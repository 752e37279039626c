// Package mirror keeps the boards in a competition.Mirror ([Mirror]): those of
// competitions in memory by asking their actors what changed, those of all others
// by a sweep that reads the store. It pulls: an actor notes what changed
// ([Changes]), says so once, and is asked when the mirror has time. So nothing
// queues up while the mirror is slow or away, and no actor ever waits for it. It
// never decides what is on a board. Reading starts at [Start].
package mirror

import (
	"cmp"
	"context"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// Mirror keeps the boards in a competition.Mirror. Its methods are safe for
// concurrent use.
//
// Invariants:
//
//	M1  only applied states are pulled, so only durable ones are mirrored
//	M2  view.mark is what the mirror bore after the last write, or empty; every
//	    write rests on it, so that a mirror which lost something is never added to
//	M3  a competition is in the queue, or in the sweep, until its mirror bears the
//	    mark of its state
type Mirror struct {
	target *target
	queue  *queue
	list   *sweepList

	rounds, sweep, patrol *worker.Loop
	cut                   context.CancelFunc // ends all calls
}

// lastWrites is the time for what is left at the end.
const lastWrites = time.Second

// Start starts a mirror, which looks at all boards: whatever there is of them is
// older than this process. Close ends it.
func Start(o Options) *Mirror {
	calls, cut := context.WithCancel(o.Life)
	m := &Mirror{queue: newQueue(), list: newSweepList(), cut: cut}
	m.target = newTarget(calls, &o, m.list.addAll)
	m.list.addAll()
	rounds := &rounds{options: &o, target: m.target, queue: m.queue, sweep: m.list}
	m.rounds = worker.Start(calls, rounds.run)
	sweep := &sweep{options: &o, target: m.target, list: m.list, queue: m.queue}
	m.sweep = worker.Start(calls, sweep.run)
	m.patrol = worker.Start(calls, newPatrol(&o, m.target, m.list, m.queue).run)
	return m
}

// Close writes what is left, if that goes fast, and ends the mirror. The rest is
// found by the sweep of the next start.
func (m *Mirror) Close() {
	swept := make(chan struct{})
	go func() {
		defer close(swept)
		m.sweep.Stop()
		m.patrol.Stop()
	}()
	m.rounds.StopWithin(lastWrites, m.cut) // one limit for both: a call of the sweep may take its time
	m.cut()
	<-swept
}

// Tell says that there is something to pull from an activation's actor. It never
// blocks.
func (m *Mirror) Tell(a *Activation, pid *actor.PID) { m.queue.tell(a, pid) }

// Await returns when the mirror shows all of some competitions, or after the time.
func (m *Mirror) Await(ids []string, most time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	for _, id := range ids {
		m.queue.await(ctx, id)
	}
}

// Health returns the mirror as a dependency.
func (m *Mirror) Health() competition.Dependency {
	last := m.target.last.Load()
	d := competition.NewDependency("redis", last.took, cmp.Or(last.err, m.target.refusals.any()))
	if warning := m.target.warning.Load(); d.Healthy && warning != nil {
		d.Detail = *warning
	}
	d.Follows, d.Lag = true, max(m.queue.lag(), m.list.lag())
	return d
}
