package actors

import (
	"errors"
	"time"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
)

// maybeSnapshot stores what changed once it is enough.
func (a *competitionActor) maybeSnapshot() {
	if a.events >= a.env.options.SnapshotEvents || a.core.Changed() >= a.env.options.SnapshotRows {
		a.snapshot()
	}
}

func (a *competitionActor) snapshot() {
	if a.saving || a.events == 0 {
		return
	}
	a.saving = true
	a.events = 0
	snapshot := a.core.Snapshot()
	snapshot.Epoch = a.epoch
	a.env.saver.save(saveJob{to: a.self, result: &saved{incarnation: a.incarnation, of: a.core, snapshot: snapshot}})
}

func (a *competitionActor) snapshotDone(m *saved) {
	a.saving = false
	if m.err != nil && a.core != nil && a.core == m.of {
		a.logger.Warn("a snapshot could not be stored; the journal has it all", "seq", m.snapshot.Seq, "error", m.err)
		a.core.Resave(&m.snapshot)
		if !a.stopping && !errors.Is(m.err, competition.ErrConflict) { // then there is a newer one
			a.events++ // the next sweep tries again
		}
		if errors.Is(m.err, competition.ErrCorrupt) { // the journal ends before it
			a.env.root.Send(a.self, &recheck{})
		}
	}
	a.answerStoring(m.snapshot.Seq, m.err)
	if m.err == nil {
		a.leaveUnused()
	}
	a.maybeStop()
}

// sweep stores what changed, or has an idle competition leave memory.
func (a *competitionActor) sweep() {
	now := a.env.options.Now()
	if a.handle.used.Swap(false) {
		a.lastUsed = now
	}
	switch {
	case a.stopping:
	case a.isStored() && now.Sub(a.lastUsed) >= a.idleAfter() && a.handle.closeIfIdle():
		a.stopping = true
		a.maybeStop()
	case a.core != nil && !a.stalled:
		a.snapshot()
	}
}

// leaveUnused ends the activation of a competition that came into memory only for a
// tick, once that is done and stored: however many are due together, few are in
// memory together. Before the tick, a request may have had the competition started
// and not have its lease yet. While the snapshot cannot be stored, or it is not known
// that it was, the competition stays, and the sweeps try again: the lifetime
// statistics learn of stored snapshots only.
func (a *competitionActor) leaveUnused() {
	unused := a.ticked && a.lastUsed.IsZero() && !a.handle.used.Load()
	switch {
	case !unused || a.stopping || a.core == nil || a.stalled || !a.isIdle() || a.saving:
	case a.events > 0:
		a.snapshot()
	case a.handle.closeIfIdle():
		a.stopping = true
		a.maybeStop()
	}
}

// isStored reports whether the whole state is stored and can be read again. Other
// competitions stay: a damaged one for health to name, the rest for their readers
// while the store is unreachable.
func (a *competitionActor) isStored() bool {
	if a.core == nil {
		return a.handle.damage.Load() == nil
	}
	return a.isIdle() && !a.stalled && !a.saving && a.events == 0 && a.env.monitor.ready() == nil
}

// idleAfter is how long the competition stays unused. One that was never created, but
// only asked for, leaves at once.
func (a *competitionActor) idleAfter() time.Duration {
	if a.core != nil && !a.core.Exists() {
		return 0
	}
	return a.env.options.IdleAfter
}

// stop stores what changed and ends the activation, whatever leases there are.
func (a *competitionActor) stop() {
	a.handle.close()
	a.stopping = true
	a.maybeStop()
}

// maybeStop ends a stopping activation once nothing is under way and the last
// snapshot is stored. On many nodes it first gives the competition up, so that another
// one may have it.
func (a *competitionActor) maybeStop() {
	if !a.stopping || !a.isIdle() || a.saving || a.releasing {
		return
	}
	switch {
	case a.core != nil && a.events > 0:
		a.snapshot()
	case a.core != nil && a.env.options.Peers != nil:
		a.giveUp()
	case a.env.options.Peers != nil && !a.handle.isUnused(): // each request is to hear that it must ask elsewhere
	default:
		a.env.root.Poison(a.self) // after the requests that are queued
	}
}

// giveUp stops answering from memory, and only then releases the competition. Requests
// that are queued are told to ask again; the next owner answers them.
func (a *competitionActor) giveUp() {
	a.handle.elsewhere.Store(&competition.ElsewhereError{})
	a.env.given.add(a.handle.id)
	a.forgetState()
	a.moveSubscribers()
	a.releasing = true
	a.env.saver.save(saveJob{to: a.self, release: &released{incarnation: a.incarnation, id: a.handle.id, epoch: a.epoch}})
}

// gaveUp ends the activation. If it is not known whether the competition was released,
// a node that wants it finds out when it claims: this one does not know it any more.
func (a *competitionActor) gaveUp(m *released) {
	a.releasing = false
	if m.err != nil {
		a.logger.Warn("the competition could not be released; it is claimed again when it is needed", "error", m.err)
	}
	a.maybeStop()
}

func (a *competitionActor) saveNow(v *mailbox.Envelope) {
	v.Answer = struct{}{}
	if a.events == 0 && !a.saving {
		v.Respond(nil)
		return
	}
	a.storing = append(a.storing, storing{v, a.core.Seq()})
	a.snapshot()
}

// answerStoring answers each saveRows for which the snapshot of a seq, now stored, is
// enough; all of them if it could not be stored.
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
