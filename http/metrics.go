package http

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

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

func newCounter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}

func newCounters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func newMetrics(registry *prometheus.Registry, operations []string, engine Engine, liveClients func() float64) *metrics {
	requests := newCounters("paceboard_http_requests_total", "Requests answered, by operation and class of the status.", "operation", "status")
	syncs := newCounters("paceboard_syncs_total", "Syncs answered, those of batches included: accepted, or the code of the refusal.", "outcome")
	tokens := newCounters("paceboard_tokens_total", "Tokens seen: known from before, or to be verified.", "seen")
	m := &metrics{
		registry:       registry,
		requests:       map[string]*classes{},
		unrouted:       classesOf(requests, "none"),
		auditFailures:  newCounter("paceboard_audit_failures_total", "Actions of operators that the audit log lacks; the program's log has them."),
		acceptFailures: newCounter("paceboard_accept_failures_total", "Connections that could not be accepted, for want of file descriptors for example."),
		panics:         newCounter("paceboard_http_panics_total", "Handlers that panicked and were answered for with 500."),
		accepted:       syncs.WithLabelValues("accepted"),
		refused:        map[*kind]prometheus.Counter{},
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
		liveFrames:     newCounter("paceboard_live_frames_total", "Frames sent to live clients."),
	}
	open := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "paceboard_live_clients", Help: "WebSockets and event streams that are open."}, liveClients)
	for _, operation := range operations {
		m.requests[operation] = classesOf(requests, operation)
	}
	for _, k := range kinds {
		m.refused[k] = syncs.WithLabelValues(k.code)
	}
	registry.MustRegister(requests, syncs, tokens, m.panics, m.auditFailures, m.acceptFailures, m.latency, m.batchSize, m.liveFrames, open, engineCollector{engine})
	return m
}

func classesOf(requests *prometheus.CounterVec, operation string) *classes {
	var c classes
	for class, label := range []string{"other", "1xx", "2xx", "3xx", "4xx", "5xx"} {
		c[class] = requests.WithLabelValues(operation, label)
	}
	return &c
}

func (m *metrics) sync(err error) {
	if err == nil {
		m.accepted.Inc()
		return
	}
	p, _ := problemOf(err)
	m.refused[p.kind].Inc()
}

func (m *metrics) took(since time.Time) { m.latency.Observe(time.Since(since).Seconds()) }

// What engineCollector collects.
var (
	engineReady    = engineDesc("ready", "1 while syncs can be made durable.")
	engineActive   = engineDesc("competitions_active", "Competitions in memory.")
	engineDamaged  = engineDesc("competitions_damaged", "Competitions that refuse to start.")
	engineFlight   = engineDesc("requests_in_flight", "Requests admitted by the engine and not answered yet.")
	engineQueued   = engineDesc("journal_queued_events", "Events waiting for the journal.")
	engineUp       = engineDesc("dependency_up", "1 while a dependency is healthy.", "dependency")
	engineLatency  = engineDesc("dependency_latency_seconds", "Time of a dependency's last check or commit.", "dependency")
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

// scrapeAge is how old metrics may be: gathering them costs more than most requests.
const scrapeAge = time.Second

// scrape is the last metrics in Prometheus' text format.
type scrape struct {
	mu   sync.Mutex
	at   time.Time
	text []byte // never changed
}

// gather returns the metrics, and gathers them at most once in scrapeAge.
func (s *scrape) gather(registry *prometheus.Registry, now time.Time) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if age := now.Sub(s.at); s.text != nil && age >= 0 && age < scrapeAge {
		return s.text, nil
	}
	families, err := registry.Gather()
	if err != nil {
		return nil, fmt.Errorf("gather the metrics: %w", err)
	}
	var text bytes.Buffer
	encoder := expfmt.NewEncoder(&text, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			return nil, fmt.Errorf("write the metrics: %w", err)
		}
	}
	s.at, s.text = now, text.Bytes()
	return s.text, nil
}
