package actors

import (
	"errors"
	"time"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
)

// maybeSnapshot stores what changed once it is enough.
func (a *competitionActor) maybeSnapshot() {
	if a.events >= a.env.snapshotEvents || a.core.Changed() >= a.env.snapshotRows {
		a.snapshot()
	}
}

func (a *competitionActor) snapshot() {
	if a.saving || a.events == 0 {
		return
	}
	a.saving = true
	a.events = 0
	a.env.saver.save(saveJob{to: a.self, result: &saved{incarnation: a.incarnation, snapshot: a.core.Snapshot()}})
}

func (a *competitionActor) snapshotDone(m *saved) {
	a.saving = false
	if m.err != nil && a.core != nil {
		a.logger.Warn("a snapshot could not be stored; the journal has it all", "seq", m.snapshot.Seq, "error", m.err)
		a.core.Resave(&m.snapshot)
		if !a.stopping && !errors.Is(m.err, competition.ErrConflict) { // which says that a newer one is there
			a.events++ // the next sweep tries again
		}
	}
	a.answerStoring(m.snapshot.Seq, m.err)
	if m.err == nil {
		a.leaveUnused()
	}
	a.maybeStop()
}

// sweep comes now and then: it stores what changed, and lets an idle
// competition go.
func (a *competitionActor) sweep() {
	now := a.env.now()
	if a.handle.used.Swap(false) {
		a.lastUsed = now
	}
	switch {
	case a.stopping:
	case a.dispensable() && now.Sub(a.lastUsed) >= a.idleAfter() && a.handle.close():
		a.stopping = true
		a.maybeStop()
	case a.core != nil && !a.stalled:
		a.snapshot()
	}
}

// leaveUnused ends the activation of a competition that came into memory for a tick
// alone, once that is done and stored: however many are due together, few are there
// together. Before the tick it may be a request that had the competition started, and
// that has yet to enter. While the snapshot cannot be stored, or nobody hears that it
// was, the competition stays, and the sweeps try again: only then do the lifetime
// statistics learn of it.
func (a *competitionActor) leaveUnused() {
	unused := a.ticked && a.lastUsed.IsZero() && !a.handle.used.Load()
	switch {
	case !unused || a.stopping || a.core == nil || a.stalled || !a.settled() || a.saving:
	case a.events > 0:
		a.snapshot()
	case a.handle.close():
		a.stopping = true
		a.maybeStop()
	}
}

// dispensable reports whether all there is to know is stored and can be read
// again. What cannot stays: a damaged competition for health to name, the others
// for their readers while the store is away.
func (a *competitionActor) dispensable() bool {
	if a.core == nil {
		return a.handle.damage.Load() == nil
	}
	return a.settled() && !a.stalled && !a.saving && a.events == 0 && a.env.monitor.ready() == nil
}

// idleAfter is how long the competition stays unused. One that was never
// created, but only asked for, goes at once.
func (a *competitionActor) idleAfter() time.Duration {
	if a.core != nil && !a.core.Exists() {
		return 0
	}
	return a.env.idleAfter
}

// stop stores what changed and ends the activation, whoever is still there.
func (a *competitionActor) stop() {
	a.handle.shut()
	a.stopping = true
	a.maybeStop()
}

// maybeStop ends a stopping activation once nothing is under way and the last
// snapshot is stored.
func (a *competitionActor) maybeStop() {
	if !a.stopping || !a.settled() || a.saving {
		return
	}
	if a.core != nil && a.events > 0 {
		a.snapshot()
		return
	}
	a.env.root.Poison(a.self) // behind the requests that are queued
}

// saveRows asks for a snapshot of what is applied, and is answered when it is
// stored.
type saveRows struct{}

// saveNow takes a saveRows.
func (a *competitionActor) saveNow(v *mailbox.Envelope) {
	v.Answer = struct{}{}
	if a.events == 0 && !a.saving {
		v.Respond(nil)
		return
	}
	a.storing = append(a.storing, storing{v, a.core.Seq()})
	a.snapshot()
}

// answerStoring tells those who wait that a snapshot up to a seq is stored, or
// that one could not be.
func (a *competitionActor) answerStoring(seq uint64, err error) {
	waiting := a.storing
	a.storing = nil
	for _, s := range waiting {
		switch {
		case err != nil || a.core == nil && s.seq > seq:
			s.envelope.Respond(errors.Join(competition.ErrUnavailable, err))
		case s.seq <= seq:
			s.envelope.Respond(nil)
		default:
			a.storing = append(a.storing, s)
		}
	}
	if len(a.storing) > 0 {
		a.snapshot()
	}
}
