package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// retention removes journal that is older than JOURNAL_RETENTION and that a
// snapshot holds, now and then, as long as the server runs. What fails is in
// the log and in the metrics, and is tried again the next time: nothing waits
// for it, and nothing but disk space is at stake.
type retention struct {
	store  store
	keep   time.Duration
	every  time.Duration
	logger *slog.Logger

	removed, failures prometheus.Counter
	succeeded         prometheus.Gauge

	cancel  context.CancelFunc
	running sync.WaitGroup
}

const (
	retentionEvery = time.Hour
	// retentionStep is how many records one removal takes: some milliseconds.
	retentionStep = 1000
	// retentionLimit is how long one round may take before it begins anew.
	retentionLimit = 30 * time.Minute
)

// startRetention begins; keep above 0. stop ends it.
func startRetention(s store, keep, every time.Duration, logger *slog.Logger, metrics prometheus.Registerer) *retention {
	ctx, cancel := context.WithCancel(context.Background())
	r := &retention{
		store: s, keep: keep, every: every, logger: logger, cancel: cancel,
		removed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "paceboard_retention_removed_events_total", Help: "Events that were removed because they were older than JOURNAL_RETENTION.",
		}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "paceboard_retention_failures_total", Help: "Rounds of removal that failed.",
		}),
		succeeded: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "paceboard_retention_last_success_timestamp_seconds", Help: "When a round of removal last went through; 0 before the first.",
		}),
	}
	metrics.MustRegister(r.removed, r.failures, r.succeeded)
	r.running.Go(func() { r.run(ctx) })
	return r
}

func (r *retention) stop() {
	r.cancel()
	r.running.Wait()
}

// run begins soon after the start, and then goes by the hour, jittered so that
// servers on one database do not meet.
func (r *retention) run(ctx context.Context) {
	for wait := r.every / 60; ; wait = r.every*9/10 + rand.N(r.every/5+1) { //nolint:gosec // G404: it is a pause.
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			r.round(ctx)
		}
	}
}

func (r *retention) round(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, retentionLimit)
	defer cancel()
	began := time.Now()
	removed, err := r.store.Retain(limited, began.Add(-r.keep), retentionStep)
	r.removed.Add(float64(removed))
	switch {
	case err == nil:
		r.succeeded.SetToCurrentTime()
		if removed > 0 {
			r.logger.InfoContext(ctx, "old journal was removed", "events", removed, "older_than", r.keep, "took", time.Since(began))
		}
	case ctx.Err() == nil:
		r.failures.Inc()
		r.logger.WarnContext(ctx, "old journal could not be removed; it stays until the next round", "events_removed", removed, "error", err)
	}
}
