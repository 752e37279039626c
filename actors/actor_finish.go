package actors

import (
	"context"
	"errors"
	"slices"

	"github.com/paceboard/paceboard/competition"
)

// finish takes the writer's answer to the first batch under way. The next one
// goes out first, so that the disk works while ranks are computed.
func (a *competitionActor) finish(err error) {
	a.underway[0].trace(err)
	if err != nil {
		a.appendFailed(err)
		return
	}
	done := a.underway[0]
	a.underway, a.finishing = slices.Delete(a.underway, 0, 1), done
	a.failures = 0
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

// apply applies a durable batch to the state, and notes what it did for each waiter.
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
		a.env.flagged.count(effect.Flag)
		erased = erased || effect.Erased && effect.Gone == ""
		if a.env.mirror != nil {
			a.changes.Notice(&effect, event.At)
		}
	}
	a.core.Applied(&b.Batch)
	if erased {
		a.trackAnew() // no entry names the member of the mirror that has to go
	} else {
		a.tellMirror()
	}
	a.events += len(b.Events)
}

// answerAll shows the batch to readers, then answers its waiters (A3).
func (a *competitionActor) answerAll(b *batch) {
	if b.Summary != nil {
		a.publishSummary()
	}
	if a.core.Version() != a.handle.version.Load() && a.handle.read.Swap(false) {
		a.publish() // so that readers need not ask for it
	}
	a.handle.version.Store(a.core.Version())
	if n := len(b.Events); n > 0 {
		a.handle.applied.Add(uint64(n))
		a.handle.changed.Store(int64(b.Events[n-1].At))
		a.handle.bytes.Store(a.core.MemoryBytes())
	}
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

// appendFailed takes a batch back that is not durable, or may not be, and all later
// ones, which continue it and share its fate. No request is answered "yes", nothing
// was shown, and nothing more is decided before the journal has been read again.
func (a *competitionActor) appendFailed(err error) {
	a.logger.Log(context.Background(), severity(err), "a batch could not be made durable", "from_seq", a.underway[0].FirstSeq, "to_seq", a.underway[0].LastSeq, "error", err)
	switch {
	case errors.Is(err, competition.ErrNotOwner):
		a.disowned(err)
	case errors.Is(err, competition.ErrConflict):
		// Another process writes this competition: what it wrote must be read
		// before anything is shown or decided here again. That holds too where
		// this is the first that is heard of it.
		a.forgetState()
		a.refuseWaiters(competition.ErrUnavailable)
		a.retryLater()
	case errors.Is(err, competition.ErrCorrupt):
		a.core.Rollback()
		a.damaged(err)
	default:
		why := competition.ErrUnavailable
		if a.locked = errors.Is(err, competition.ErrRowLocked); a.locked {
			why = a.undecided() // nor can those after it be stored, which continue it
		}
		a.core.Rollback()
		a.refuseWaiters(why)
		a.stalled = true
		a.retryLater()
	}
	a.maybeStop()
}
