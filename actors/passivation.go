package actors

import "errors"

// maybeSnapshot stores what changed once it is enough.
func (a *competitionActor) maybeSnapshot() {
	if a.events >= a.engine.SnapshotEvents || a.core.Changed() >= a.engine.SnapshotRows {
		a.snapshot()
	}
}

func (a *competitionActor) snapshot() {
	if a.saving || a.events == 0 {
		return
	}
	a.saving = true
	a.events = 0
	a.engine.saver.save(saveJob{to: a.self, result: &saved{incarnation: a.incarnation, snapshot: a.core.Snapshot()}})
}

func (a *competitionActor) snapshotDone(m *saved) {
	a.saving = false
	if m.err != nil && a.core != nil {
		a.logger.Warn("a snapshot could not be stored; the journal has it all", "seq", m.snapshot.Seq, "error", m.err)
		a.core.Resave(&m.snapshot)
		if !a.stopping {
			a.events++ // the next sweep tries again
		}
	}
	a.maybeStop()
}

// sweep comes now and then: it stores what changed, and lets an idle
// competition go.
func (a *competitionActor) sweep() {
	if a.stopping {
		return
	}
	if a.engine.Now().Sub(a.lastUsed) >= a.engine.IdleAfter && a.settled() && a.handle.close() {
		a.stopping = true
		a.maybeStop()
		return
	}
	if a.core != nil && !a.stalled {
		a.snapshot()
	}
}

// stop stores what changed and ends the activation, whoever is still there.
func (a *competitionActor) stop() {
	a.handle.guests.Add(closed)
	a.stopping = true
	a.maybeStop()
}

// settled reports whether nothing is under way.
func (a *competitionActor) settled() bool {
	return a.core == nil || a.stalled || a.underway == nil && !a.core.Pending()
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
	a.engine.registry.forget(a.handle)
	a.engine.system.Root.Stop(a.self)
}

var errStopped = errors.New("the server is shutting down")
