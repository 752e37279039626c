package actors

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/internal/worker"
)

// monitor asks the store every second how it is, so that health answers at once
// and a broken store is in the log even when nobody writes.
type monitor struct {
	store  checker
	logger *slog.Logger
	last   atomic.Pointer[checked]
	loop   *worker.Loop
}

// checker is what a monitor needs of a store; see competition.Store.
type checker interface {
	Check(ctx context.Context) error
}

// checked is the outcome of one look at the store.
type checked struct {
	err  error
	took time.Duration
}

func startMonitor(life context.Context, store checker, logger *slog.Logger) *monitor {
	m := &monitor{store: store, logger: logger}
	m.look(life)
	m.loop = worker.Every(life, worker.Interval{Then: time.Second}, m.look)
	return m
}

func (m *monitor) close() { m.loop.Stop() }

func (m *monitor) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	began := time.Now()
	now := &checked{err: m.store.Check(ctx)}
	now.took = time.Since(began)
	before := m.last.Swap(now)
	switch {
	case now.err != nil && (before == nil || before.err == nil):
		m.logger.ErrorContext(ctx, "the store takes no writes", "error", now.err)
	case now.err == nil && before != nil && before.err != nil:
		m.logger.InfoContext(ctx, "the store takes writes again")
	}
}

// ready is nil when the store could take writes at the last look.
func (m *monitor) ready() error { return m.last.Load().err }
