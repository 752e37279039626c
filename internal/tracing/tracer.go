package tracing

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/paceboard/paceboard/internal/worker"
)

// Options are those of a [Tracer].
type Options struct {
	Endpoint string            // where spans are posted: the whole URL
	Headers  map[string]string // sent with them
	Resource map[string]string // what the process is: service.name and the like
	Share    float64           // of the requests that bring no traceparent, from 0 to 1
	Logger   *slog.Logger
	Client   *http.Client // http.DefaultTransport's when nil
}

const (
	// maxWaiting is how many spans wait to be sent.
	maxWaiting = 8192
	// maxTogether is how many are sent in one request.
	maxTogether = 512
	// sendEvery is how long a span waits for others.
	sendEvery = time.Second
	// maxAsked is how many requests a second clients may have traced by a traceparent:
	// anybody can send one.
	maxAsked = 100
)

// Tracer begins the spans of requests and sends all spans that have ended. A nil one
// traces nothing. Safe for concurrent use.
type Tracer struct {
	exporter exporter
	logger   *slog.Logger
	share    Share
	asked    *rate.Limiter

	taking  func(*Span) // t.take, made once
	waiting chan *Span
	wake    worker.Signal // enough wait to be sent
	loop    *worker.Loop
	sending context.Context // of requests to the collector
	cut     context.CancelFunc
	pace    worker.Pace // of the log's lines about failures

	sent, failed, lost atomic.Uint64 // spans
}

// New starts a tracer.
func New(o Options) *Tracer {
	if o.Client == nil {
		o.Client = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()} //nolint:forcetypeassert // it is one
	}
	t := &Tracer{exporter: exporter{o.Endpoint, o.Headers, o.Resource, o.Client}, logger: o.Logger, asked: rate.NewLimiter(maxAsked, maxAsked), waiting: make(chan *Span, maxWaiting), wake: worker.NewSignal()}
	t.taking = t.take
	t.SetShare(o.Share)
	t.sending, t.cut = context.WithCancel(context.Background())
	t.loop = worker.Start(context.Background(), t.run)
	return t
}

// SetShare changes how many of the requests that bring no traceparent are traced.
func (t *Tracer) SetShare(share float64) {
	if t != nil {
		t.share.Set(share)
	}
}

// Begin begins the first span of a request at this process. It returns nil for one that is
// not traced: by its traceparent, or, if that is missing or cannot be read, by chance.
func (t *Tracer) Begin(traceparent []byte, name string, kind Kind, began time.Time) *Span {
	if t == nil {
		return nil
	}
	if len(traceparent) > 0 {
		if parent, sampled, ok := ParseParent(traceparent); ok {
			if !sampled || !t.asked.Allow() {
				return nil
			}
			return newSpan(t.taking, parent, name, kind, began)
		}
	}
	if !t.share.Picks() {
		return nil
	}
	var c Context
	binary.LittleEndian.PutUint64(c.Trace[:], rand.Uint64())    //nolint:gosec // no secret
	binary.LittleEndian.PutUint64(c.Trace[8:], rand.Uint64()|1) //nolint:gosec // no secret
	return newSpan(t.taking, c, name, kind, began)
}

// Continue begins a span for a request of another node, which traces it; nil if it does
// not.
func (t *Tracer) Continue(parent Context, name string) *Span {
	if t == nil || !parent.Valid() {
		return nil
	}
	return newSpan(t.taking, parent, name, Server, time.Now())
}

// take takes a span that has ended, if there is room.
func (t *Tracer) take(s *Span) {
	select {
	case t.waiting <- s:
		if len(t.waiting) == maxTogether {
			t.wake.Set()
		}
	default:
		t.lost.Add(1)
	}
}

// Counts returns how many spans were sent, were not taken by the collector, and found no
// room.
func (t *Tracer) Counts() (sent, failed, lost uint64) {
	if t == nil {
		return 0, 0, 0
	}
	return t.sent.Load(), t.failed.Load(), t.lost.Load()
}

// Close sends what waits, by a limit, and ends. Spans that end later are lost.
func (t *Tracer) Close(limit time.Duration) {
	if t == nil {
		return
	}
	t.loop.StopWithin(limit, t.cut)
	t.cut()
}

func (t *Tracer) run(ctx context.Context) {
	var batch []*Span
	for ctx.Err() == nil {
		t.wake.Wait(ctx, sendEvery)
		for len(t.waiting) > 0 && ctx.Err() == nil {
			batch = t.gather(batch)
			t.send(ctx, batch)
		}
	}
	for err := error(nil); len(t.waiting) > 0; { // at the end, while it can be sent
		batch = t.gather(batch)
		if err == nil {
			err = t.exporter.post(t.sending, batch) //nolint:contextcheck // it outlives the loop
		}
		t.count(len(batch), err)
	}
}

// gather takes waiting spans, as many as are sent together; it uses a batch again.
func (t *Tracer) gather(batch []*Span) []*Span {
	clear(batch)
	batch = batch[:0]
	for len(batch) < maxTogether {
		select {
		case s := <-t.waiting:
			batch = append(batch, s)
		default:
			return batch
		}
	}
	return batch
}

// sendBackoff is for repeating what the collector did not take, tries times.
var sendBackoff = worker.Backoff{First: 500 * time.Millisecond, Max: 5 * time.Second, Jitter: 0.5}

const tries = 4

// send sends spans, several times if need be. New ones wait meanwhile, as long as there is
// room.
func (t *Tracer) send(ctx context.Context, batch []*Span) {
	var err error
	for try := 1; ; try++ {
		err = t.exporter.post(t.sending, batch) //nolint:contextcheck // it outlives the loop
		var again *againError
		if err == nil || !errors.As(err, &again) || try == tries {
			break
		}
		t.note(err)
		if !worker.Pause(ctx, max(again.after, sendBackoff.After(try))) {
			break
		}
	}
	t.count(len(batch), err)
}

func (t *Tracer) count(n int, err error) {
	if err != nil {
		t.failed.Add(uint64(n))
	} else {
		t.sent.Add(uint64(n))
	}
	t.note(err)
}

// note logs failures of the collector: when they begin, once a minute, and when they end.
func (t *Tracer) note(err error) {
	if err == nil {
		if t.pace.Reset() {
			t.logger.Info("the collector takes traces again")
		}
		return
	}
	if _, due := t.pace.Due(time.Now()); due {
		t.logger.Warn("the collector takes no traces; requests are not affected, and what does not fit into the queue is lost", "error", err)
	}
}
