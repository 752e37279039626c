package payouts

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// Store is what the worker needs of a store; see ledger.Store.
type Store interface {
	PendingPrizes(ctx context.Context, behind ledger.PrizeID, visit func(ledger.Prize, ledger.Handover) bool) error
	SaveHandover(ctx context.Context, h *ledger.Handover, attempts int) error
}

// Options of a Worker. Store and URL are needed, all else has a default.
type Options struct {
	Store   Store
	URL     string // of the webhook
	Secret  []byte // signs the requests
	Logger  *slog.Logger
	Metrics prometheus.Registerer
	Now     func() time.Time

	Attempts    int           // after which a prize is given up; default 16: some five hours
	FirstPause  time.Duration // behind the first attempt, then twice as long each time; default 1 s
	LongestWait time.Duration // between two attempts; default 1 h
	Timeout     time.Duration // of one attempt; default 10 s
	Every       time.Duration // how often to look for prizes that nobody told of; default 1 min
	Concurrency int           // attempts at once; default 4
}

func (o *Options) setDefaults() {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	defaultTo(&o.Attempts, 16)
	defaultTo(&o.FirstPause, time.Second)
	defaultTo(&o.LongestWait, time.Hour)
	defaultTo(&o.Timeout, 10*time.Second)
	defaultTo(&o.Every, time.Minute)
	defaultTo(&o.Concurrency, 4)
}

func defaultTo[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// Worker hands pending prizes over until it is stopped. Its methods are safe for
// concurrent use.
type Worker struct {
	Options
	client  *http.Client
	wake    chan struct{} // capacity 1
	places  chan struct{} // one for each attempt that may be under way
	metrics metrics

	cancel  context.CancelFunc
	running sync.WaitGroup
}

// Start begins at once with what is pending. Stop ends it.
func Start(o Options) *Worker {
	o.setDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	w := &Worker{
		Options: o, wake: make(chan struct{}, 1), places: make(chan struct{}, o.Concurrency), cancel: cancel,
		metrics: newMetrics(o.Metrics),
		client: &http.Client{
			Timeout:       o.Timeout,
			Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxConnsPerHost: o.Concurrency, MaxIdleConnsPerHost: o.Concurrency, IdleConnTimeout: time.Minute},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a prize goes where the settings say
		},
	}
	w.running.Go(func() { w.run(ctx) })
	return w
}

// Wake has the worker look for new prizes now; it never blocks.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Stop ends the attempts under way, which the next start repeats.
func (w *Worker) Stop() {
	w.cancel()
	w.running.Wait()
	w.client.CloseIdleConnections()
}

func (w *Worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		next := w.round(ctx)
		pause := time.NewTimer(min(max(next.Sub(w.Now()), 0), w.Every))
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-pause.C:
		}
		pause.Stop()
	}
}

// page is how many prizes are read at a time.
const page = 256

// round attempts all that is due and returns when something is next. It reads in
// pages, so that memory is bounded and the store waits for no webhook.
func (w *Worker) round(ctx context.Context) (next time.Time) {
	next = w.Now().Add(w.Every)
	var count tally
	var under sync.WaitGroup
	defer under.Wait()
	for behind := (ledger.PrizeID{}); ; {
		var pending []ledger.PayoutReply
		err := w.Store.PendingPrizes(ctx, behind, func(p ledger.Prize, h ledger.Handover) bool {
			pending = append(pending, ledger.PayoutReply{Prize: p, Handover: h})
			return len(pending) < page
		})
		if err != nil {
			if ctx.Err() == nil {
				w.Logger.WarnContext(ctx, "the pending prizes cannot be read; they are looked for again", "error", err)
			}
			return next
		}
		for _, p := range pending {
			behind = p.Prize.ID()
			count.add(p.Handover.Status)
			due := p.Handover.NextAt.Time()
			switch {
			case p.Handover.Status != ledger.HandoverWaiting:
			case due.After(w.Now()):
				next = earlier(next, due)
			default:
				select {
				case w.places <- struct{}{}:
				case <-ctx.Done():
					return next
				}
				under.Go(func() {
					defer func() { <-w.places }()
					w.attempt(ctx, p)
				})
				next = earlier(next, w.Now().Add(w.FirstPause)) // it may have to be tried again
			}
		}
		if len(pending) < page {
			w.metrics.show(count)
			return next
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// attempt hands one prize over, or writes down why it could not.
func (w *Worker) attempt(ctx context.Context, p ledger.PayoutReply) {
	h, before := p.Handover, p.Handover.Attempts
	// First the claim: if all ends here, or somebody else has it, nobody tries
	// before it must have failed.
	h.Attempts++
	h.NextAt = calendar.MillisOf(w.Now().Add(w.Timeout + w.pauseAfter(h.Attempts)))
	if err := w.save(ctx, &h, before); err != nil {
		if !errors.Is(err, competition.ErrConflict) && ctx.Err() == nil {
			w.Logger.WarnContext(ctx, "a prize is not handed over while its attempt cannot be written down", "prize", h.Prize.String(), "error", err)
		}
		return
	}
	err := w.post(ctx, &p.Prize)
	if ctx.Err() != nil {
		return // stopped: the claim stands, and the next start tries again
	}
	switch {
	case err == nil:
		h.Status, h.Error = ledger.HandoverDelivered, ""
		w.metrics.attempts.WithLabelValues("delivered").Inc()
	case h.Attempts >= w.Attempts:
		h.Status, h.Error = ledger.HandoverDead, err.Error()
		w.metrics.attempts.WithLabelValues("dead").Inc()
		w.Logger.ErrorContext(ctx, "A PRIZE COULD NOT BE HANDED OVER and waits for an operator: look after the webhook, then POST /api/v1/payouts/"+h.Prize.String()+"/retry", //nolint:sloglint // It says what to do.
			"prize", h.Prize.String(), "attempts", h.Attempts, "error", err)
	default:
		h.NextAt, h.Error = calendar.MillisOf(w.Now().Add(w.pauseAfter(h.Attempts))), err.Error()
		w.metrics.attempts.WithLabelValues("failed").Inc()
		w.Logger.WarnContext(ctx, "a prize could not be handed over and will be tried again",
			"prize", h.Prize.String(), "attempt", h.Attempts, "next_at", h.NextAt.Time(), "error", err)
	}
	if err := w.save(ctx, &h, h.Attempts); err != nil {
		w.Logger.WarnContext(ctx, "what became of handing a prize over cannot be written down; it may be handed over again", "prize", h.Prize.String(), "error", err)
	}
}

func (w *Worker) save(ctx context.Context, h *ledger.Handover, attempts int) error {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	return w.Store.SaveHandover(ctx, h, attempts)
}

// pauseAfter doubles from attempt to attempt, and is jittered, so that prizes that
// failed together do not come again together.
func (w *Worker) pauseAfter(attempt int) time.Duration {
	pause := w.LongestWait
	if attempt < 32 {
		pause = min(w.FirstPause<<(attempt-1), w.LongestWait)
	}
	if pause <= 0 { // it overflowed
		pause = w.LongestWait
	}
	return pause/2 + rand.N(pause/2+1) //nolint:gosec // G404: it is a pause.
}
