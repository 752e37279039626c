package actors

import (
	"runtime"
	"time"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
)

func (a *competitionActor) handleEnvelope(v *mailbox.Envelope) {
	if a.core == nil {
		v.Respond(a.whyNot())
		return
	}
	if v.Late() { // it has waited while the competition was claimed or recovered
		v.Respond(errLate)
		return
	}
	if a.env.options.Peers != nil && !a.core.Exists() {
		defer a.leaveUnborn()
		if _, creates := v.Command.(*competition.CreateCompetition); !creates {
			v.Respond(&competition.ElsewhereError{}) // another node may have created it: the store is asked
			return
		}
	}
	if a.query(v) {
		return
	}
	if a.stalled || a.stopping {
		v.Respond(a.undecided())
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

// leaveUnborn ends the activation of a competition of which nothing is stored. In a
// cluster it has no owner, so this node would not hear of another one that creates it.
func (a *competitionActor) leaveUnborn() {
	if !a.core.Exists() && !a.stalled && a.isIdle() {
		a.stop()
	}
}

// undecided returns the refusal of a request that was not decided, because the actor
// stops or cannot reach the journal. In a cluster the board is, or may soon be, another
// node's: then the request is asked again. A lease that lasts says that it is not, except
// where answers are confirmed because no lease can be relied on. It is also asked again if
// the journal was only locked: a statement of the former owner, which is refused, may have
// the lock for a moment.
func (a *competitionActor) undecided() error {
	o := a.env.options
	if o.Peers != nil && (a.stopping || a.locked || o.Confirm != nil || o.Lease != nil && !o.Lease.Valid()) {
		return &competition.ElsewhereError{}
	}
	return competition.ErrUnavailable
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
	a.core.SetLevel(a.env.options.level())
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
	case a.handle.elsewhere.Load() != nil:
		a.env.remind(a.handle.id)
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
	switch {
	case a.stalled, a.stopping:
		w.err = a.undecided()
	case w.envelope.Late():
		w.err = errLate
	default:
		a.decide(waiter{envelope: w.envelope, again: w.again})
		return
	}
	w.answer(nil)
}

// wait has the waiter wait for the event that its decision rests on. A refusal rests
// on all that was decided before it, which may yet fail. Waiters of a batch are in
// the order of their seqs.
func (a *competitionActor) wait(w waiter) {
	a.gather() // even a refusal may have changed the status first
	if w.err != nil {
		w.decision.Seq, w.own = a.core.DecidedSeq(), false
	}
	if w.decision.Seq <= a.core.Seq() {
		w.answer(a.core)
		return
	}
	waiters, traced := &a.gathering, &a.traced
	for _, b := range a.underway {
		if w.decision.Seq <= b.LastSeq {
			waiters, traced = &b.waiters, &b.traced
			break
		}
	}
	*waiters = append(*waiters, w)
	*traced = *traced || w.envelope.Span != nil
}

// gather has the decided events sent to the writer once it takes another batch and
// the messages queued by now have been handled.
func (a *competitionActor) gather() {
	a.gathered = !a.flushing && a.worthSending()
}

// worthSending reports whether the gathered batch may go to the writer: if none is
// under way, or if another may be (A1) and it is as large as the one before, since
// small commits cost the store nearly as much as large ones.
func (a *competitionActor) worthSending() bool {
	n, gathered := len(a.underway), a.core.Pending()
	if n == 0 {
		return gathered > 0
	}
	return n < a.env.writer.atOnce() && gathered >= len(a.underway[n-1].Events)
}

// dispatch ends the handling of a message after which there is something to send.
func (a *competitionActor) dispatch() {
	a.gathered = false
	runtime.Gosched() // to goroutines that are about to send
	if a.handle.mailbox.UserMessageCount() == 0 {
		a.send()
		return
	}
	a.flushing = true
	a.env.root.Send(a.self, &flush{})
}

// send gives the gathered batch to the writer.
func (a *competitionActor) send() {
	if a.core == nil || a.stalled || !a.worthSending() {
		return
	}
	b := a.takeSpare()
	b.Batch = a.core.Take(b.Batch)
	b.Epoch = a.epoch
	b.waiters, a.gathering = a.gathering, b.waiters[:0]
	if a.env.options.Lease != nil {
		for i := range b.waiters {
			b.waiters[i].envelope.Proven = true // once the commit, which begins now, has succeeded
		}
	}
	b.sent, b.traced, a.traced = time.Now(), a.traced, false
	b.result = appended{}
	a.underway = append(a.underway, b)
	a.env.writer.add(job{to: a.self, batch: &b.Batch, result: &b.result, last: &a.handle.written})
}

func (a *competitionActor) takeSpare() *batch {
	last := len(a.spares) - 1
	if last < 0 {
		return &batch{}
	}
	b := a.spares[last]
	a.spares = a.spares[:last]
	return b
}
