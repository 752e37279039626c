package actors

import (
	"log/slog"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
)

// competitionActor owns one competition. An instance is one incarnation: a
// restart after a panic makes a new one, which recovers from the store.
//
// Invariants:
//
//	A1  at most writer.atOnce batches of a competition are with the writer, which
//	    answers in their order
//	A2  a waiter is answered only when the events up to its seq are applied
//	A3  handle.version is raised before the waiters of a batch are answered
//	A4  core is nil until recovery has succeeded; then every envelope is refused
//	A5  a waiter is in one of gathering, underway, finishing and the handle's
//	    orphans until it is answered, so that nobody is forgotten
type competitionActor struct {
	engine      *Engine
	handle      *handle
	logger      *slog.Logger
	self        *actor.PID
	incarnation uint64

	core    *competition.Competition
	stalled bool // an append failed: nothing is decided until the journal was caught up with

	gathering []waiter // of the core's outbox
	gathered  bool     // the message under way has left something to send
	flushing  bool     // a flush is in the mailbox
	underway  []*batch // with the writer, in order
	finishing *batch   // durable, being applied and answered, or nil
	spares    []*batch // storage for the next ones

	tracked tracked // for the mirror

	storing  []storing // who waits for a snapshot
	saving   bool
	stopping bool              // no more guests: store, then stop
	events   int               // applied since the last snapshot
	ticked   bool              // the clock's tick was handled
	lastUsed time.Time         // by a guest, as of the last sweep; zero if by nobody yet
	backoff  time.Duration     // of the next retry
	patience time.Duration     // with the next catching up
	retrying *time.Timer       // sends it; nil before the first
	current  *mailbox.Envelope // being handled, for a panic to answer
}

// batch is what is with the writer, and who waits for it.
type batch struct {
	competition.Batch
	waiters []waiter
	result  appended
}

func newCompetitionActor(e *Engine, h *handle) *competitionActor {
	return &competitionActor{
		engine: e, handle: h, logger: e.Logger.With("competition", h.id),
		incarnation: e.incarnations.Add(1), patience: e.StoreTimeout,
		stopping: h.isClosed(), // a restart amid stopping goes on with it
	}
}

// Receive is the actor's entry.
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
	case *fanOut:
		a.fanOut()
	case *pull:
		a.pull(m)
	case *unsubscribe:
		a.unsubscribe(m.subscription)
	case *tick:
		a.handle.leave()
		a.engine.clock.ticked()
		a.ticked = true
		a.tick()
	case *sweep:
		a.sweep()
	case *retry:
		if m.incarnation == a.incarnation {
			a.retry()
		}
	case *shutDown:
		a.stop()
	case *actor.Started:
		a.recover()
		a.adopt()
		a.maybeStop()
	case *actor.Restarting:
		a.bequeath()
		a.abandon()
	case *actor.Stopping:
		refuse(a.handle.orphans, competition.ErrUnavailable)
		a.abandon()
	case *actor.Stopped:
		a.engine.registry.forget(a.handle)
	default:
	}
	if a.gathered {
		a.dispatch()
	}
}

// answerPanic answers the message that makes the actor panic, and lets the
// supervisor have the panic.
func (a *competitionActor) answerPanic() {
	reason := recover()
	if reason == nil {
		return
	}
	a.logger.Error("panic", "reason", reason, "stack", stack())
	if v := a.current; v != nil {
		a.current = nil
		// A batch of syncs may be waiting with those before the one that failed.
		own := func(w waiter) bool { return w.envelope == v }
		a.gathering = slices.DeleteFunc(a.gathering, own)
		a.handle.orphans = slices.DeleteFunc(a.handle.orphans, own)
		for _, b := range a.underway {
			b.waiters = slices.DeleteFunc(b.waiters, own)
		}
		v.Respond(competition.ErrInternal)
	}
	panic(reason)
}

// abandon answers everybody who waits: this incarnation is over.
func (a *competitionActor) abandon() {
	if a.retrying != nil {
		a.retrying.Stop()
	}
	a.answerStoring(0, errStopped)
	a.refuseWaiters(competition.ErrUnavailable)
}

// refuseWaiters answers everybody who waits with err. The writer may still hold
// the batches that are under way, so their storage is not used again.
func (a *competitionActor) refuseWaiters(err error) {
	if a.finishing != nil {
		refuse(a.finishing.waiters, err)
	}
	for _, b := range a.underway {
		refuse(b.waiters, err)
	}
	a.finishing, a.underway = nil, nil
	refuse(a.gathering, err)
	a.gathering = a.gathering[:0]
}

// handleEnvelope serves one request.
func (a *competitionActor) handleEnvelope(v *mailbox.Envelope) {
	if a.core == nil {
		v.Respond(a.whyNot())
		return
	}
	if a.query(v) {
		return
	}
	if a.stalled || a.stopping {
		v.Respond(competition.ErrUnavailable)
		return
	}
	group, ok := v.Command.(*batchOfSyncs)
	if !ok {
		a.decide(waiter{envelope: v})
		return
	}
	b := bill{budgets: a.engine.budgets}
	for i := range group.items {
		a.decideFor(&b, waiter{envelope: v, item: &group.items[i]})
	}
	b.settle()
}

// decide lets the core decide what the waiter asks for, at the expense of whoever
// it says.
func (a *competitionActor) decide(w waiter) {
	b := bill{budgets: a.engine.budgets}
	a.decideFor(&b, w)
	b.settle()
}

func (a *competitionActor) decideFor(b *bill, w waiter) {
	now, before := a.engine.now(), a.core.PendingBytes()
	switch sync := w.sync(); {
	case sync != nil:
		if w.err = b.admit(sync.Payer(), now); w.err == nil {
			w.decision, w.err = a.core.SubmitSync(now, sync)
			w.own = !w.decision.Repeat
		}
	default:
		command, ok := w.envelope.Command.(competition.Command)
		if !ok {
			panic("unknown command " + typeName(w.envelope.Command))
		}
		if w.err = b.admit(command.Payer(), now); w.err == nil {
			w.decision, w.err = command.Decide(a.core, now)
		}
	}
	if w.err == nil { // else there is at most what time has brought
		b.written += int64(a.core.PendingBytes() - before)
	}
	a.wait(w)
}

// whyNot is the refusal while there is no state.
func (a *competitionActor) whyNot() error {
	if damage := a.handle.damage.Load(); damage != nil {
		return damage
	}
	return competition.ErrUnavailable
}

// tick lets time move the status.
func (a *competitionActor) tick() {
	switch {
	case a.handle.damage.Load() != nil: // time heals nothing
	case a.core == nil || a.stalled:
		a.engine.clock.schedule(a.handle.id, a.engine.now()+1000)
	default:
		a.core.Tick(a.engine.now())
		a.gather()
		a.scheduleTick()
		a.leaveUnused()
	}
}

// scheduleTick tells the clock when time next changes the status.
func (a *competitionActor) scheduleTick() {
	if at, ok := a.core.NextTransition(); ok {
		a.engine.clock.schedule(a.handle.id, at)
	}
}
