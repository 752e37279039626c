package actors

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// monitor asks the store every second how it is, so that health answers at once
// and a broken store is in the log even when nobody writes.
type monitor struct {
	*repeated

	engine *Engine
	last   atomic.Pointer[checked]
}

// checked is the outcome of one look at the store.
type checked struct {
	err  error
	took time.Duration
}

func startMonitor(e *Engine) *monitor {
	m := &monitor{engine: e}
	m.look(e.life)
	m.repeated = repeat(e.life, time.Second, m.look)
	return m
}

func (m *monitor) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	began := time.Now()
	now := &checked{err: m.engine.Store.Check(ctx)}
	now.took = time.Since(began)
	before := m.last.Swap(now)
	switch {
	case now.err != nil && (before == nil || before.err == nil):
		m.engine.Logger.ErrorContext(ctx, "the store takes no writes", "error", now.err)
	case now.err == nil && before != nil && before.err != nil:
		m.engine.Logger.InfoContext(ctx, "the store takes writes again")
	}
}

// ready is nil when the store could take writes at the last look.
func (m *monitor) ready() error { return m.last.Load().err }

// Health is how the engine is, without asking anybody.
func (e *Engine) Health() competition.Health {
	store := e.monitor.last.Load()
	d := competition.Dependency{Name: "store", Healthy: store.err == nil, Latency: milliseconds(store.took)}
	if store.err != nil {
		d.Detail = store.err.Error()
	}
	h := competition.Health{
		Ready:        store.err == nil && e.recovered.Load() && !e.draining.Load(),
		Draining:     e.draining.Load(),
		Dependencies: []competition.Dependency{d},
		InFlight:     int(e.inFlight.Load()),
		QueuedEvents: int(e.writer.events.Load()),
		Lifetime:     e.projector.state(),
		Flagged:      e.flagged.counts(),
	}
	if e.mirror != nil {
		h.Dependencies = append(h.Dependencies, e.mirror.health())
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

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
