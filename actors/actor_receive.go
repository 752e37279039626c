package actors

import (
	"runtime/debug"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/actors/internal/mirror"
	"github.com/paceboard/paceboard/competition"
)

// Receive implements actor.Actor.
func (a *competitionActor) Receive(ctx actor.Context) {
	a.self = ctx.Self()
	defer a.answerPanic()
	switch m := ctx.Message().(type) {
	case *mailbox.Envelope:
		a.current = m
		a.handleEnvelope(m)
		a.current = nil
	case *flush:
		a.flushing = false
		a.send()
	case *appended:
		if len(a.underway) > 0 && m == &a.underway[0].result { // and not one that was given up
			a.finish(m.err)
		}
	case *saved:
		if m.incarnation == a.incarnation {
			a.snapshotDone(m)
		}
	case *released:
		if m.incarnation == a.incarnation {
			a.gaveUp(m)
		}
	case *unused:
		a.maybeStop()
	case *fanOut:
		a.fanOut()
	case *mirror.Pull:
		a.changes.Answer(m, a.core)
	case *endSubscribers:
		a.endSubscribers()
	case *unsubscribe:
		a.unsubscribe(m)
	case *tick:
		a.handle.release()
		a.env.clock.ticked()
		a.ticked = true
		a.tick()
	case *sweep:
		a.sweep()
	case *recheck:
		a.recheck()
	case *retry:
		if m.incarnation == a.incarnation {
			a.retry()
		}
	case *shutDown:
		a.stop()
	case *actor.Started:
		a.recover()
		a.resume()
		a.maybeStop()
	case *actor.Restarting:
		a.carryOver()
		a.abandon()
	case *actor.Stopping:
		refuse(a.handle.carriedOver, competition.ErrUnavailable)
		a.abandon()
	case *actor.Stopped:
		a.env.registry.forget(a.handle)
	default:
	}
	if a.gathered {
		a.dispatch()
	}
}

// answerPanic answers the request that makes the actor panic, and passes the panic on
// to the supervisor.
func (a *competitionActor) answerPanic() {
	reason := recover()
	if reason == nil {
		return
	}
	a.logger.Error("panic", "reason", reason, "stack", string(debug.Stack()))
	if v := a.current; v != nil {
		a.current = nil
		// Earlier syncs of its batch may be among the waiters.
		own := func(w waiter) bool { return w.envelope == v }
		a.gathering = slices.DeleteFunc(a.gathering, own)
		a.handle.carriedOver = slices.DeleteFunc(a.handle.carriedOver, own)
		for _, b := range a.underway {
			b.waiters = slices.DeleteFunc(b.waiters, own)
		}
		v.Respond(competition.ErrInternal)
	}
	panic(reason)
}

// abandon answers all waiters: this incarnation is over.
func (a *competitionActor) abandon() {
	if a.retrying != nil {
		a.retrying.Stop()
	}
	a.rememberEnd()
	a.answerStoring(0, errStopped)
	a.refuseWaiters(competition.ErrUnavailable)
}
