package http

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/competition"
)

// What engineCollector collects.
var (
	engineReady    = engineDesc("ready", "1 while syncs can be made durable.")
	engineActive   = engineDesc("competitions_active", "Competitions in memory.")
	engineDamaged  = engineDesc("competitions_damaged", "Competitions that refuse to start.")
	engineFlight   = engineDesc("requests_in_flight", "Requests admitted by the engine and not answered yet.")
	engineQueued   = engineDesc("journal_queued_events", "Events waiting for the journal.")
	engineUp       = engineDesc("dependency_up", "1 while a dependency is healthy.", "dependency")
	engineLatency  = engineDesc("dependency_latency_seconds", "Time of the journal's last commit, or of a dependency's last check.", "dependency")
	engineLag      = engineDesc("dependency_lag_seconds", "How long a dependency that follows the journal has lagged.", "dependency")
	engineLagging  = engineDesc("lifetime_behind_competitions", "Competitions whose last snapshot is not in the lifetime statistics yet.")
	engineWaited   = engineDesc("lifetime_lag_seconds", "How long the one of them that waits longest has waited.")
	engineFailures = engineDesc("lifetime_failures_total", "Attempts to bring a snapshot into the lifetime statistics that failed.")
	engineFlags    = engineDesc("flags_total", "Syncs that were flagged for operators to look at, by the reason.", "reason")
)

// engineDescs are all of them.
var engineDescs []*prometheus.Desc

func engineDesc(name, help string, labels ...string) *prometheus.Desc {
	desc := prometheus.NewDesc("paceboard_"+name, help, labels, nil)
	engineDescs = append(engineDescs, desc)
	return desc
}

// engineCollector collects the engine's health, when scraped.
type engineCollector struct{ engine Engine }

// Describe implements prometheus.Collector.
func (engineCollector) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range engineDescs {
		to <- desc
	}
}

// Collect implements prometheus.Collector.
func (e engineCollector) Collect(to chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	health := e.engine.Health()
	gauge(engineReady, oneIf(health.Ready && !health.Draining))
	gauge(engineActive, float64(health.Active))
	gauge(engineDamaged, float64(len(health.Damaged)))
	gauge(engineFlight, float64(health.InFlight))
	gauge(engineQueued, float64(health.QueuedEvents))
	gauge(engineLagging, float64(health.Lifetime.Lagging))
	gauge(engineWaited, health.Lifetime.Lag.Seconds())
	to <- prometheus.MustNewConstMetric(engineFailures, prometheus.CounterValue, float64(health.Lifetime.Failures))
	for _, reason := range competition.FlagReasons {
		to <- prometheus.MustNewConstMetric(engineFlags, prometheus.CounterValue, float64(health.Flagged[reason]), reason.String())
	}
	for _, d := range health.Dependencies {
		gauge(engineUp, oneIf(d.Healthy), d.Name)
		gauge(engineLatency, d.Latency.Seconds(), d.Name)
		if d.Follows {
			gauge(engineLag, d.Lag.Seconds(), d.Name)
		}
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
