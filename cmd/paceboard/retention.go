package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/config"
	"github.com/paceboard/paceboard/internal/worker"
)

// retention removes what is older than the settings keep it, now and then, as
// long as the server runs. What fails is in the log and in the metrics, and is
// tried again the next time: nothing waits for it, and nothing but disk space is
// at stake.
type retention struct {
	kept   []kept
	active func() bool // it is up to this process; nil: always
	now    func() time.Time
	logger *slog.Logger

	failures  prometheus.Counter
	succeeded prometheus.Gauge

	loop *worker.Loop
}

// kept is something that is kept for a while.
type kept struct {
	what   string // for the log
	unit   string
	keep   time.Duration
	remove func(ctx context.Context, olderThan time.Time, step int) (removed int64, err error)

	removed prometheus.Counter
}

const (
	retentionEvery = time.Hour
	// retentionStep is how many records one removal takes: some milliseconds.
	retentionStep = 1000
	// retentionLimit is how long one round may take before it is cut short.
	retentionLimit = 30 * time.Minute
)

// keptBy are the things that the settings do not keep forever.
func keptBy(settings *config.Settings, s store) (all []kept) {
	if settings.JournalRetention > 0 {
		all = append(all, kept{
			what: "journal", unit: "events", keep: settings.JournalRetention, remove: s.Retain,
			removed: prometheus.NewCounter(prometheus.CounterOpts{
				Name: "paceboard_retention_removed_events_total", Help: "Events that were removed because they were older than JOURNAL_RETENTION.",
			}),
		})
	}
	if settings.AuditRetention > 0 {
		all = append(all, kept{
			what: "audit log", unit: "entries", keep: settings.AuditRetention,
			remove: func(ctx context.Context, olderThan time.Time, step int) (int64, error) {
				return s.RetainAuditLog(ctx, calendar.MillisOf(olderThan), step)
			},
			removed: prometheus.NewCounter(prometheus.CounterOpts{
				Name: "paceboard_retention_removed_audit_entries_total", Help: "Entries of the audit log that were removed because they were older than AUDIT_RETENTION.",
			}),
		})
	}
	return all
}

// startRetention begins soon after the start, and then goes by the hour, give or take
// a tenth, so that servers on one database do not meet. stop ends it.
func startRetention(all []kept, active func() bool, now func() time.Time, every time.Duration, logger *slog.Logger, metrics prometheus.Registerer) *retention {
	r := &retention{
		kept: all, active: active, now: now, logger: logger,
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "paceboard_retention_failures_total", Help: "Rounds of removal that failed.",
		}),
		succeeded: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "paceboard_retention_last_success_timestamp_seconds", Help: "When a round of removal last went through; 0 before the first.",
		}),
	}
	metrics.MustRegister(r.failures, r.succeeded)
	for i := range all {
		metrics.MustRegister(all[i].removed)
	}
	r.loop = worker.Every(context.Background(), worker.Interval{First: every / 60, Then: every * 11 / 10, Jitter: 2. / 11}, r.round)
	return r
}

func (r *retention) stop() { r.loop.Stop() }

// round removes what is old of everything, whatever fails of the rest.
func (r *retention) round(ctx context.Context) {
	if r.active != nil && !r.active() {
		return
	}
	limited, cancel := context.WithTimeout(ctx, retentionLimit)
	defer cancel()
	var failed error
	for i := range r.kept {
		failed = errors.Join(failed, r.removeOld(limited, &r.kept[i]))
	}
	switch {
	case failed == nil:
		r.succeeded.SetToCurrentTime()
	case ctx.Err() == nil:
		r.failures.Inc()
	}
}

func (r *retention) removeOld(ctx context.Context, k *kept) error {
	began := time.Now()
	removed, err := k.remove(ctx, r.now().Add(-k.keep), retentionStep)
	k.removed.Add(float64(removed))
	switch {
	case err == nil && removed > 0:
		r.logger.InfoContext(ctx, "old "+k.what+" was removed", k.unit, removed, "older_than", k.keep, "took", time.Since(began)) //nolint:sloglint // One of two.
	case err != nil && !errors.Is(ctx.Err(), context.Canceled):
		r.logger.WarnContext(ctx, "old "+k.what+" could not be removed; it stays until the next round", k.unit+"_removed", removed, "error", err) //nolint:sloglint // One of two.
	}
	return err
}
