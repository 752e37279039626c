package actors

import (
	"slices"

	"github.com/paceboard/paceboard/competition"
)

// Health is how the engine is, without asking anybody.
func (e *Engine) Health() competition.Health {
	store := e.monitor.last.Load()
	h := competition.Health{
		Ready:        store.err == nil && e.clock.hasRead() && !e.draining.Load(),
		Draining:     e.draining.Load(),
		Dependencies: []competition.Dependency{competition.NewDependency("store", store.took, store.err)},
		InFlight:     int(e.inFlight.Load()),
		QueuedEvents: int(e.writer.events.Load()),
		Lifetime:     e.projector.State(),
		Flagged:      e.flagged.counts(),
	}
	if e.mirror != nil {
		h.Dependencies = append(h.Dependencies, e.mirror.Health())
	}
	for _, a := range e.registry.all() {
		h.Active++
		if a.damage.Load() != nil {
			h.Damaged = append(h.Damaged, a.id)
		}
	}
	slices.Sort(h.Damaged)
	return h
}
