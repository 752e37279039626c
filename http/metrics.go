package http

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/competition"
)

// metrics are what the front end counts. Each counter is looked up once, when
// the server is made: counting is one atomic addition.
type metrics struct {
	registry *prometheus.Registry

	requests map[string]*classes // by operation
	unrouted *classes
	panics   prometheus.Counter

	auditFailures  prometheus.Counter
	acceptFailures prometheus.Counter
	accepted       prometheus.Counter // syncs
	refused        map[*kind]prometheus.Counter
	latency        prometheus.Histogram
	batchSize      prometheus.Histogram

	tokensKnown, tokensVerified prometheus.Counter

	liveFrames prometheus.Counter
}

// classes counts responses by the first digit of their status.
type classes [6]prometheus.Counter

func (c *classes) count(status int) { c[min(status/100, 5)].Inc() }

func newMetrics(registry *prometheus.Registry, operations []string, engine Engine, liveClients func() float64) *metrics {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "paceboard_http_requests_total",
		Help: "Requests answered, by operation and class of the status.",
	}, []string{"operation", "status"})
	syncs := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "paceboard_syncs_total",
		Help: "Syncs answered, those of batches included: accepted, or the code of the refusal.",
	}, []string{"outcome"})
	tokens := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "paceboard_tokens_total",
		Help: "Tokens seen: known from before, or to be verified.",
	}, []string{"seen"})
	m := &metrics{
		registry: registry,
		requests: map[string]*classes{},
		unrouted: classesOf(requests, "none"),
		auditFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "paceboard_audit_failures_total", Help: "Actions of operators that the audit log lacks; the program's log has them.",
		}),
		acceptFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "paceboard_accept_failures_total", Help: "Connections that could not be accepted, for want of file descriptors for example.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "paceboard_http_panics_total", Help: "Handlers that panicked and were answered for with 500.",
		}),
		accepted: syncs.WithLabelValues("accepted"),
		refused:  map[*kind]prometheus.Counter{},
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "paceboard_sync_seconds",
			Help:    "Time from a sync's last byte to its answer, refusals included, batches not.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5},
		}),
		batchSize: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "paceboard_batch_syncs", Help: "Syncs in a batch.", Buckets: []float64{1, 10, 50, 100, 250, 500, 1000},
		}),
		tokensKnown:    tokens.WithLabelValues("known"),
		tokensVerified: tokens.WithLabelValues("verified"),
		liveFrames: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "paceboard_live_frames_total", Help: "Frames sent to live clients.",
		}),
	}
	open := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "paceboard_live_clients", Help: "WebSockets and event streams that are open.",
	}, liveClients)
	for _, operation := range operations {
		m.requests[operation] = classesOf(requests, operation)
	}
	for _, k := range kinds {
		m.refused[k] = syncs.WithLabelValues(k.code)
	}
	registry.MustRegister(requests, syncs, tokens, m.panics, m.auditFailures, m.acceptFailures, m.latency, m.batchSize, m.liveFrames, open, newEngineCollector(engine))
	return m
}

func classesOf(requests *prometheus.CounterVec, operation string) *classes {
	var c classes
	for class, label := range []string{"other", "1xx", "2xx", "3xx", "4xx", "5xx"} {
		c[class] = requests.WithLabelValues(operation, label)
	}
	return &c
}

// sync counts the outcome of one sync.
func (m *metrics) sync(err error) {
	if err == nil {
		m.accepted.Inc()
		return
	}
	p, _ := problemOf(err)
	m.refused[p.kind].Inc()
}

// took records how long a sync took.
func (m *metrics) took(since time.Time) { m.latency.Observe(time.Since(since).Seconds()) }

// engineCollector collects the engine's health, when scraped.
type engineCollector struct {
	engine  Engine
	ready   *prometheus.Desc
	active  *prometheus.Desc
	damaged *prometheus.Desc
	flight  *prometheus.Desc
	queued  *prometheus.Desc
	up      *prometheus.Desc
	latency *prometheus.Desc
	lag     *prometheus.Desc

	lifetimeBehind, lifetimeLag, lifetimeFailures *prometheus.Desc

	flags *prometheus.Desc
}

func newEngineCollector(engine Engine) *engineCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("paceboard_"+name, help, labels, nil)
	}
	return &engineCollector{
		engine:  engine,
		ready:   desc("ready", "1 while syncs can be made durable."),
		active:  desc("competitions_active", "Competitions in memory."),
		damaged: desc("competitions_damaged", "Competitions that refuse to start."),
		flight:  desc("requests_in_flight", "Requests admitted by the engine and not answered yet."),
		queued:  desc("journal_queued_events", "Events waiting for the journal."),
		up:      desc("dependency_up", "1 while a dependency is healthy.", "dependency"),
		latency: desc("dependency_latency_seconds", "Time of a dependency's last check or commit.", "dependency"),
		lag:     desc("dependency_lag_seconds", "How long a dependency that follows the journal has lagged.", "dependency"),

		lifetimeBehind:   desc("lifetime_behind_competitions", "Competitions whose last snapshot is not in the lifetime statistics yet."),
		lifetimeLag:      desc("lifetime_lag_seconds", "How long the one of them that waits longest has waited."),
		lifetimeFailures: desc("lifetime_failures_total", "Attempts to bring a snapshot into the lifetime statistics that failed."),

		flags: desc("flags_total", "Syncs that were flagged for operators to look at, by the reason.", "reason"),
	}
}

// Describe is part of prometheus.Collector.
func (e *engineCollector) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{e.ready, e.active, e.damaged, e.flight, e.queued, e.up, e.latency, e.lag, e.lifetimeBehind, e.lifetimeLag, e.lifetimeFailures, e.flags} {
		to <- desc
	}
}

// Collect is part of prometheus.Collector.
func (e *engineCollector) Collect(to chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	health := e.engine.Health()
	gauge(e.ready, oneIf(health.Ready && !health.Draining))
	gauge(e.active, float64(health.Active))
	gauge(e.damaged, float64(len(health.Damaged)))
	gauge(e.flight, float64(health.InFlight))
	gauge(e.queued, float64(health.QueuedEvents))
	gauge(e.lifetimeBehind, float64(health.Lifetime.Lagging))
	gauge(e.lifetimeLag, health.Lifetime.Lag.Seconds())
	to <- prometheus.MustNewConstMetric(e.lifetimeFailures, prometheus.CounterValue, float64(health.Lifetime.Failures))
	for _, reason := range competition.FlagReasons {
		to <- prometheus.MustNewConstMetric(e.flags, prometheus.CounterValue, float64(health.Flagged[reason]), reason.String())
	}
	for _, d := range health.Dependencies {
		gauge(e.up, oneIf(d.Healthy), d.Name)
		gauge(e.latency, d.Latency.Seconds(), d.Name)
		if d.Follows {
			gauge(e.lag, d.Lag.Seconds(), d.Name)
		}
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
