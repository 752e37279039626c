package actors

import (
	"slices"

	"github.com/paceboard/paceboard/competition"
)

// Health returns how the engine and its dependencies are, from memory.
func (e *Engine) Health() competition.Health {
	store := e.actors.monitor.last.Load()
	h := competition.Health{
		Ready:        store.err == nil && e.actors.clock.hasRead() && !e.draining.Load(),
		Draining:     e.draining.Load(),
		Dependencies: []competition.Dependency{competition.NewDependency("store", store.took, store.err)},
		InFlight:     int(e.inFlight.Load()),
		QueuedEvents: int(e.actors.writer.events.Load()),
		Lifetime:     e.projector.State(),
		Flagged:      e.actors.flagged.counts(),
	}
	if e.actors.mirror != nil {
		h.Dependencies = append(h.Dependencies, e.actors.mirror.Health())
	}
	for _, a := range e.actors.registry.all() {
		h.Active++
		if a.damage.Load() != nil {
			h.Damaged = append(h.Damaged, a.id)
		}
	}
	slices.Sort(h.Damaged)
	return h
}
