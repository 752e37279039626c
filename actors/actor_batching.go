package actors

import (
	"errors"
	"runtime"
	"slices"

	"github.com/paceboard/paceboard/competition"
)

// wait lets the waiter wait for the event that its decision rests on. A refusal
// rests on all that was decided before it, which may still come to nothing.
// Waiters of a batch are in the order of their seqs.
func (a *competitionActor) wait(w waiter) {
	a.gather() // even a refusal may have moved the status first
	if w.err != nil {
		w.decision.Seq, w.own = a.core.DecidedSeq(), false
	}
	switch {
	case w.decision.Seq <= a.core.Seq():
		w.answer(a.core)
	default:
		waiters := &a.gathering
		for _, b := range a.underway {
			if w.decision.Seq <= b.LastSeq {
				waiters = &b.waiters
				break
			}
		}
		*waiters = append(*waiters, w)
	}
}

// gather sees to it that decided events go to the writer: as soon as it takes
// another batch and the messages that are queued by now have been handled.
func (a *competitionActor) gather() {
	a.gathered = !a.flushing && a.worthSending()
}

// worthSending reports whether the gathered batch may go to the writer: when none
// is under way, or as many as may be less one (A1) and it has grown as large as
// the one before, since small commits cost the store nearly as much as large ones.
func (a *competitionActor) worthSending() bool {
	n, gathered := len(a.underway), a.core.Pending()
	if n == 0 {
		return gathered > 0
	}
	return n < a.engine.writer.atOnce() && gathered >= len(a.underway[n-1].Events)
}

// dispatch ends the handling of a message after which there is something to send.
func (a *competitionActor) dispatch() {
	a.gathered = false
	runtime.Gosched() // let those who are about to send, send
	if a.handle.mailbox.UserMessageCount() == 0 {
		a.send()
		return
	}
	a.flushing = true
	a.engine.system.Root.Send(a.self, &flush{})
}

// send gives the gathered batch to the writer.
func (a *competitionActor) send() {
	if a.core == nil || a.stalled || !a.worthSending() {
		return
	}
	b := a.takeSpare()
	b.Batch = a.core.Take(b.Batch)
	b.waiters, a.gathering = a.gathering, b.waiters[:0]
	b.result = appended{}
	a.underway = append(a.underway, b)
	a.engine.writer.add(job{to: a.self, batch: &b.Batch, result: &b.result, last: &a.handle.written})
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

// finish takes the writer's answer to the first batch under way. The next one
// goes out first, so that the disk works while ranks are computed.
func (a *competitionActor) finish(err error) {
	if err != nil {
		a.appendFailed(err)
		return
	}
	done := a.underway[0]
	a.underway, a.finishing = slices.Delete(a.underway, 0, 1), done
	a.backoff = 0
	a.send()
	a.apply(done)
	a.answerAll(done)
	a.finishing = nil
	a.spares = append(a.spares, done)
	a.scheduleFanOut()
	a.maybeSnapshot()
	a.leaveUnused()
	a.maybeStop()
}

// apply brings a durable batch into the state and notes what it did for whom.
func (a *competitionActor) apply(b *batch) {
	next, erased := 0, false
	for i := range b.Events {
		event := &b.Events[i]
		outcome, err := a.core.Apply(event)
		if err != nil {
			panic(err) // the same state decided it: a bug
		}
		for ; next < len(b.waiters) && b.waiters[next].decision.Seq == event.Seq; next++ {
			b.waiters[next].note(outcome)
		}
		effect := event.Effect(outcome)
		a.engine.flagged.count(effect.Flag)
		erased = erased || effect.Erased && effect.Gone == ""
		if a.engine.mirror != nil {
			a.tracked.notice(&effect, event.At)
		}
	}
	a.core.Applied(&b.Batch)
	if erased {
		a.trackAnew() // no entry names the member that has to go
	} else {
		a.tellMirror()
	}
	a.events += len(b.Events)
}

// answerAll lets readers know of the batch, then those who waited for it (A3).
func (a *competitionActor) answerAll(b *batch) {
	if b.Summary != nil {
		a.publishSummary()
	}
	if a.core.Version() != a.handle.version.Load() && a.handle.read.Swap(false) {
		a.publish() // readers need not ask for it, then
	}
	a.handle.version.Store(a.core.Version())
	for i := range b.waiters {
		w := b.waiters[i]
		if !w.decision.Later {
			b.waiters[i].answer(a.core)
			b.waiters[i] = waiter{}
			continue
		}
		b.waiters[i] = waiter{}
		a.again(w)
	}
	b.waiters = b.waiters[:0]
}

// publishSummary lets readers see what changes without a new version, too.
func (a *competitionActor) publishSummary() {
	if !a.core.Exists() {
		return
	}
	summary := a.core.Summary()
	a.handle.summary.Store(&summary)
	if top := a.handle.top.Load(); top != nil && top.Private != (summary.Definition.Visibility == competition.Private) {
		a.handle.top.Store(nil)
		a.revoke() // an edit changes no version, so nobody would be told of it
	}
	a.scheduleTick()
}

// appendFailed takes a batch back that is not durable, or may not be, and with it
// those behind, which continue it and share its fate. Nobody hears "yes", nothing
// was shown, and nothing more is decided before the journal was read again.
func (a *competitionActor) appendFailed(err error) {
	a.logger.Error("a batch could not be made durable", "from_seq", a.underway[0].FirstSeq, "to_seq", a.underway[0].LastSeq, "error", err)
	switch {
	case errors.Is(err, competition.ErrConflict):
		// Somebody else writes this competition: what they wrote must be read
		// before anything is shown or decided here again, to whom this answer
		// comes first too.
		a.forgetState()
		a.refuseWaiters(competition.ErrUnavailable)
		a.retryLater()
	case errors.Is(err, competition.ErrCorrupt):
		a.core.Rollback()
		a.damaged(err)
	default:
		a.core.Rollback()
		a.refuseWaiters(competition.ErrUnavailable)
		a.stalled = true
		a.retryLater()
	}
	a.maybeStop()
}

// again decides for a waiter whose command had to wait for what was under way.
func (a *competitionActor) again(w waiter) {
	if a.stalled || a.stopping {
		w.err = competition.ErrUnavailable
		w.answer(nil)
		return
	}
	a.current = w.envelope
	a.decide(waiter{envelope: w.envelope, again: w.again})
	a.current = nil
}
