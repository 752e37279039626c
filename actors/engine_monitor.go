package actors

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// monitor asks the store every second how it is, more often while it is away, so that
// health answers at once and a broken store is in the log even when nobody writes.
type monitor struct {
	store  checker
	logger *slog.Logger
	back   func() // is told that the store takes writes again
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

func startMonitor(life context.Context, store checker, logger *slog.Logger, back func()) *monitor {
	m := &monitor{store: store, logger: logger, back: back}
	m.look(life)
	m.loop = worker.Start(life, func(ctx context.Context) {
		for worker.Pause(ctx, m.pause()) {
			m.look(ctx)
		}
	})
	return m
}

// pause returns how long to wait before the next look: everyone waits for a store that is away.
func (m *monitor) pause() time.Duration {
	if m.ready() != nil {
		return time.Second / 4
	}
	return time.Second
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
		m.back()
	}
}

// ready is nil when the store could take writes at the last look.
func (m *monitor) ready() error { return m.last.Load().err }

// damage counts reads that leave out what cannot be read, so that one damaged
// competition does not keep a user from the others. Safe for concurrent use.
type damage struct {
	logger *slog.Logger
	now    func() time.Time
	reads  prometheus.Counter
	pace   worker.Pace // every request of a user may meet the same damage
}

func newDamage(o *Options) *damage {
	d := &damage{logger: o.Logger, now: o.Now, reads: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "paceboard_incomplete_reads_total", Help: "Reads of a user's competitions, or of a list, that left out damaged ones.",
	})}
	o.Metrics.MustRegister(d.reads)
	return d
}

// tolerate returns the error of such a read, or nil if it names nothing but damage.
func (d *damage) tolerate(what string, err error) error {
	if !errors.Is(err, competition.ErrCorrupt) || errors.Is(err, competition.ErrUnavailable) {
		return err
	}
	d.reads.Inc()
	if _, due := d.pace.Due(d.now()); due {
		d.logger.Error("what is damaged was left out", "of", what, "error", err)
	}
	return nil
}
