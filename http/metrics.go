package http

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/http/internal/histogram"
)

// metrics are what the front end counts. Each counter is looked up once, when
// the server is made: counting is one atomic addition.
type metrics struct {
	registry *prometheus.Registry

	requests map[string]*outcomes // by operation
	unrouted *outcomes
	refusals map[*kind]prometheus.Counter
	limited  [limits]prometheus.Counter
	panics   prometheus.Counter
	inFlight prometheus.Gauge

	requestBytes, responseBytes *histogram.Histogram

	connections     prometheus.Counter
	connectionsOpen prometheus.Gauge
	acceptFailures  prometheus.Counter
	auditFailures   prometheus.Counter

	accepted  prometheus.Counter // syncs
	refused   map[*kind]prometheus.Counter
	latency   prometheus.Histogram
	batchSize prometheus.Histogram

	tokensKnown, tokensVerified prometheus.Counter

	liveOpened [transports]prometheus.Counter
	liveClosed [endings]prometheus.Counter
	liveFrames prometheus.Counter
	liveLag    *histogram.Histogram
}

func newCounter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}

func newCounters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func newGauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
}

func newMetrics(registry *prometheus.Registry, operations []string, engine Engine, liveClients func() float64) *metrics {
	requests := newCounters("paceboard_http_requests_total", "Requests answered, by operation and class of the status; those that no operation takes, or that were refused before it was known, are of none.", "operation", "status")
	refusals := newCounters("paceboard_refusals_total", "Refusals told to clients, by the problem's code, also before authentication and on sockets; not the items of batches.", "code")
	limited := newCounters("paceboard_limited_total", "Refusals for a limit that was reached, by the limit.", "limit")
	syncs := newCounters("paceboard_syncs_total", "Syncs answered, those of batches included: accepted, or the code of the refusal.", "outcome")
	tokens := newCounters("paceboard_tokens_total", "Tokens seen: known from before, or to be verified.", "seen")
	opened := newCounters("paceboard_live_opened_total", "Live clients that were admitted, by transport.", "transport")
	closed := newCounters("paceboard_live_closed_total", "Live clients that ended, by the reason.", "reason")
	bytes := func(name, help string) *histogram.Histogram {
		return histogram.New(prometheus.NewDesc(name, help, nil, nil), histogram.Bytes)
	}
	m := &metrics{
		registry:        registry,
		requests:        map[string]*outcomes{},
		unrouted:        newOutcomes(requests, "none"),
		refusals:        map[*kind]prometheus.Counter{},
		panics:          newCounter("paceboard_http_panics_total", "Handlers that panicked and were answered for with 500."),
		inFlight:        newGauge("paceboard_http_requests_in_flight", "Requests whose handlers are at work."),
		requestBytes:    bytes("paceboard_http_request_bytes", "Sizes of requests' bodies."),
		responseBytes:   bytes("paceboard_http_response_bytes", "Sizes of responses' bodies, event streams and exports excepted; of boards with some header fields."),
		connections:     newCounter("paceboard_connections_accepted_total", "Connections of clients that were accepted, those refused at once included."),
		connectionsOpen: newGauge("paceboard_connections_open", "Connections of clients that are open, sockets included."),
		acceptFailures:  newCounter("paceboard_accept_failures_total", "Connections that could not be accepted, for want of file descriptors for example."),
		auditFailures:   newCounter("paceboard_audit_failures_total", "Actions of operators that the audit log lacks; the program's log has them."),
		accepted:        syncs.WithLabelValues("accepted"),
		refused:         map[*kind]prometheus.Counter{},
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
		liveLag: histogram.New(prometheus.NewDesc("paceboard_live_lag_seconds",
			"Time from a change of a board to a frame with it being given to a connection; for boards of other nodes from its arrival here.", nil, nil), histogram.Seconds),
	}
	open := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "paceboard_live_clients", Help: "WebSockets and event streams that are open."}, liveClients)
	for _, operation := range operations {
		m.requests[operation] = newOutcomes(requests, operation)
	}
	for _, k := range kinds {
		m.refused[k] = syncs.WithLabelValues(k.code)
		m.refusals[k] = refusals.WithLabelValues(k.code)
	}
	for l := noLimit + 1; l < limits; l++ {
		m.limited[l] = limited.WithLabelValues(l.String())
	}
	for t := range transports {
		m.liveOpened[t] = opened.WithLabelValues(t.String())
	}
	for e := range endings {
		m.liveClosed[e] = closed.WithLabelValues(e.String())
	}
	registry.MustRegister(requests, refusals, limited, syncs, tokens, opened, closed, open,
		m.panics, m.inFlight, m.connections, m.connectionsOpen, m.acceptFailures, m.auditFailures, m.latency, m.batchSize, m.liveFrames,
		histograms{m}, engineCollector{engine})
	return m
}

// outcomes are the requests of one operation, by the first digit of their status. A
// histogram is made when there is something to count, since most never have any.
type outcomes struct {
	operation string
	counts    [classes]prometheus.Counter
	took      [classes]atomic.Pointer[histogram.Histogram]
}

// classes are how many classes of a status there are, the unknown one included.
const classes = 6

var classNames = [classes]string{"other", "1xx", "2xx", "3xx", "4xx", "5xx"}

func newOutcomes(requests *prometheus.CounterVec, operation string) *outcomes {
	o := &outcomes{operation: operation}
	for class, name := range classNames {
		o.counts[class] = requests.WithLabelValues(operation, name)
	}
	return o
}

// unread counts a request that no handler saw.
func (o *outcomes) unread(ctx *fasthttp.RequestCtx) (class int) {
	class = min(ctx.Response.StatusCode()/100, classes-1)
	o.counts[class].Inc()
	return class
}

// count counts a request that has been answered.
func (o *outcomes) count(ctx *fasthttp.RequestCtx) {
	class := o.unread(ctx)
	took := o.took[class].Load()
	if took == nil {
		o.took[class].CompareAndSwap(nil, histogram.New(requestSeconds, histogram.Seconds,
			histogram.Label("operation", o.operation), histogram.Label("status", classNames[class])))
		took = o.took[class].Load()
	}
	took.Observe(time.Since(ctx.Time()).Seconds())
}

var requestSeconds = prometheus.NewDesc("paceboard_http_request_seconds",
	"Time from a request's last byte to its answer, by operation and class of the status; of sockets and streams to their beginning.", []string{"operation", "status"}, nil)

// histograms collects the histograms that are not the library's.
type histograms struct{ *metrics }

// Describe implements prometheus.Collector.
func (h histograms) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{requestSeconds, h.requestBytes.Desc(), h.responseBytes.Desc(), h.liveLag.Desc()} {
		to <- desc
	}
}

// Collect implements prometheus.Collector.
func (h histograms) Collect(to chan<- prometheus.Metric) {
	to <- h.requestBytes
	to <- h.responseBytes
	to <- h.liveLag
	h.unrouted.collect(to)
	for _, o := range h.requests {
		o.collect(to)
	}
}

func (o *outcomes) collect(to chan<- prometheus.Metric) {
	for class := range o.took {
		if took := o.took[class].Load(); took != nil {
			to <- took
		}
	}
}

// refuse counts what a client is told.
func (m *metrics) refuse(p *problem) {
	m.refusals[p.kind].Inc()
	if reached := p.reached(); reached != noLimit {
		m.limited[reached].Inc()
	}
}

// size notes how large a request and its answer are.
func (m *metrics) size(ctx *fasthttp.RequestCtx, page []byte) {
	m.requestBytes.Observe(float64(len(ctx.Request.Body())))
	switch {
	case page != nil:
		m.responseBytes.Observe(float64(len(page)))
	case !ctx.Response.IsBodyStream():
		m.responseBytes.Observe(float64(len(ctx.Response.Body())))
	}
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
