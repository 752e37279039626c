package actors

import (
	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
)

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
	b := bill{budgets: a.env.budgets}
	for i := range group.items {
		a.decideFor(&b, waiter{envelope: v, item: &group.items[i]})
	}
	b.settle()
}

// decide has the core decide what the waiter asks for, charged to the user it names.
func (a *competitionActor) decide(w waiter) {
	a.current = w.envelope
	b := bill{budgets: a.env.budgets}
	a.decideFor(&b, w)
	b.settle()
	a.current = nil
}

func (a *competitionActor) decideFor(b *bill, w waiter) {
	now, before := a.now(), a.core.PendingBytes()
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
	if w.err == nil { // else at most time has added events
		b.written += int64(a.core.PendingBytes() - before)
	}
	a.wait(w)
}

// tick changes the status as time says.
func (a *competitionActor) tick() {
	switch {
	case a.handle.damage.Load() != nil: // time heals nothing
	case a.core == nil || a.stalled:
		a.env.clock.schedule(a.handle.id, a.now()+1000)
	default:
		a.core.Tick(a.now())
		a.gather()
		a.scheduleTick()
		a.leaveUnused()
	}
}

// again decides for a waiter whose command had to wait for the batches under way.
func (a *competitionActor) again(w waiter) {
	if a.stalled || a.stopping {
		w.err = competition.ErrUnavailable
		w.answer(nil)
		return
	}
	a.decide(waiter{envelope: w.envelope, again: w.again})
}
