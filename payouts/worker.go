package payouts

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/internal/worker"
)

// Store is what the worker needs of a store; see ledger.Store.
type Store interface {
	PendingPrizes(ctx context.Context, after ledger.PrizeID, visit func(ledger.Prize, ledger.Handover) bool) error
	SaveHandover(ctx context.Context, h *ledger.Handover, attempts int) error
}

// Options of a Worker. Store and URL are needed, all else has a default.
type Options struct {
	Store   Store
	URL     string   // of the webhook
	Secrets [][]byte // sign the requests, each of them
	Logger  *slog.Logger
	Metrics prometheus.Registerer
	Now     func() time.Time

	Attempts    int           // after which a prize is given up; default 16: some five hours
	FirstPause  time.Duration // after the first attempt, then twice as long each time; default 1 s
	LongestWait time.Duration // between two attempts; default 1 h
	Timeout     time.Duration // of one attempt; default 10 s
	Every       time.Duration // how often to look for prizes that nobody told of; default 1 min
	Concurrency int           // attempts at once; default 16

	// Active reports whether it is up to this process to hand prizes over; nil: always. If
	// two processes are for a moment, the provider may hear of a prize twice.
	Active func() bool
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
	o.Attempts = cmp.Or(o.Attempts, 16)
	o.FirstPause = cmp.Or(o.FirstPause, time.Second)
	o.LongestWait = cmp.Or(o.LongestWait, time.Hour)
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	o.Every = cmp.Or(o.Every, time.Minute)
	o.Concurrency = cmp.Or(o.Concurrency, 16)
}

// Worker hands pending prizes over until it is stopped. Its methods are safe for
// concurrent use.
type Worker struct {
	options Options
	webhook webhook
	secrets atomic.Pointer[[][]byte]
	wake    worker.Signal
	places  chan struct{} // one for each attempt that may be under way
	under   underway
	pauses  worker.Backoff
	metrics metrics
	loop    *worker.Loop
}

// Start begins at once with what is pending. Stop ends it.
func Start(o Options) *Worker {
	o.setDefaults()
	w := &Worker{
		under:   underway{prizes: map[ledger.PrizeID]struct{}{}},
		options: o, wake: worker.NewSignal(), places: make(chan struct{}, o.Concurrency), metrics: newMetrics(o.Metrics),
		webhook: newWebhook(o.URL, o.Timeout, o.Concurrency),
		pauses:  worker.Backoff{First: o.FirstPause, Max: o.LongestWait, Jitter: .5}, // prizes that failed together do not come again together
	}
	w.SetSecrets(o.Secrets)
	w.loop = worker.Start(context.Background(), w.run)
	return w
}

// SetSecrets changes the secrets that sign the requests from now on.
func (w *Worker) SetSecrets(secrets [][]byte) { w.secrets.Store(&secrets) }

// Wake has the worker look for new prizes now; it never blocks.
func (w *Worker) Wake() { w.wake.Set() }

// Stop ends the attempts under way, which the next start repeats.
func (w *Worker) Stop() {
	w.loop.Stop()
	w.webhook.sender.Close()
}

// underway are the attempts that have not ended: each prize has one at most.
type underway struct {
	attempts sync.WaitGroup
	mu       sync.Mutex
	prizes   map[ledger.PrizeID]struct{}
}

// begin reports whether a prize may be attempted, and notes it then.
func (u *underway) begin(id ledger.PrizeID) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, is := u.prizes[id]; is {
		return false
	}
	u.prizes[id] = struct{}{}
	return true
}

func (u *underway) end(id ledger.PrizeID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.prizes, id)
}

func (w *Worker) run(ctx context.Context) {
	defer w.under.attempts.Wait()
	for ctx.Err() == nil {
		next := w.round(ctx)
		w.wake.Wait(ctx, min(next.Sub(w.options.Now()), w.options.Every))
	}
}

// page is how many prizes are read at a time.
const page = 256

// round attempts all that is due and returns when something is next. It reads in
// pages, so that memory is bounded and the store waits for no webhook. It does not
// wait for the attempts either: one slow answer must not hold up other prizes.
func (w *Worker) round(ctx context.Context) (next time.Time) {
	next = w.options.Now().Add(w.options.Every)
	if w.options.Active != nil && !w.options.Active() {
		w.metrics.show(tally{}, 0) // the node that does shows them
		return next
	}
	var count tally
	var oldest time.Duration
	for after := (ledger.PrizeID{}); ; {
		var pending []ledger.PayoutReply
		err := w.options.Store.PendingPrizes(ctx, after, func(p ledger.Prize, h ledger.Handover) bool {
			pending = append(pending, ledger.PayoutReply{Prize: p, Handover: h})
			return len(pending) < page
		})
		if err != nil {
			if ctx.Err() == nil {
				w.options.Logger.WarnContext(ctx, "the pending prizes cannot be read; they are looked for again", "error", err)
			}
			return next
		}
		for _, p := range pending {
			after = p.Prize.ID()
			count.add(p.Handover.Status)
			if p.Handover.Status == ledger.HandoverWaiting {
				oldest = max(oldest, w.options.Now().Sub(p.Prize.CreatedAt.Time()))
			}
			due := p.Handover.NextAt.Time()
			switch {
			case p.Handover.Status != ledger.HandoverWaiting:
			case due.After(w.options.Now()):
				next = earlier(next, due)
			case !w.begin(ctx, p):
				return next
			}
		}
		if len(pending) < page {
			w.metrics.show(count, oldest)
			if len(w.places) > 0 { // what is under way may have to be tried again
				next = earlier(next, w.options.Now().Add(w.options.FirstPause))
			}
			return next
		}
	}
}

// begin begins an attempt, unless one of this prize is under way, as soon as there
// is a place for it; false if ctx ends before.
func (w *Worker) begin(ctx context.Context, p ledger.PayoutReply) bool {
	id := p.Prize.ID()
	if !w.under.begin(id) {
		return true
	}
	select {
	case w.places <- struct{}{}:
	case <-ctx.Done():
		w.under.end(id)
		return false
	}
	w.under.attempts.Go(func() {
		defer func() { <-w.places }()
		defer w.under.end(id)
		w.attempt(ctx, p)
	})
	return true
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
	h.NextAt = calendar.MillisOf(w.options.Now().Add(w.options.Timeout + w.pauses.After(h.Attempts)))
	if err := w.save(ctx, &h, before); err != nil {
		if !errors.Is(err, competition.ErrConflict) && ctx.Err() == nil {
			w.options.Logger.WarnContext(ctx, "a prize is not handed over while its attempt cannot be written down", "prize", h.Prize.String(), "error", err)
		}
		return
	}
	err := w.webhook.post(ctx, &p.Prize, *w.secrets.Load(), w.options.Now())
	if ctx.Err() != nil {
		return // stopped: the claim stands, and the next start tries again
	}
	switch {
	case err == nil:
		h.Status, h.Error = ledger.HandoverDelivered, ""
		w.metrics.attempts.WithLabelValues("delivered").Inc()
	case h.Attempts >= w.options.Attempts:
		h.Status, h.Error = ledger.HandoverDead, err.Error()
		w.metrics.attempts.WithLabelValues("dead").Inc()
		w.options.Logger.ErrorContext(ctx, "A PRIZE COULD NOT BE HANDED OVER and waits for an operator: look after the webhook, then POST /api/v1/payouts/"+h.Prize.String()+"/retry", //nolint:sloglint // It says what to do.
			"prize", h.Prize.String(), "attempts", h.Attempts, "error", err)
	default:
		h.NextAt, h.Error = calendar.MillisOf(w.options.Now().Add(w.pauses.After(h.Attempts))), err.Error()
		w.metrics.attempts.WithLabelValues("failed").Inc()
		w.options.Logger.WarnContext(ctx, "a prize could not be handed over and will be tried again",
			"prize", h.Prize.String(), "attempt", h.Attempts, "next_at", h.NextAt.Time(), "error", err)
	}
	if err := w.save(ctx, &h, h.Attempts); err != nil {
		w.options.Logger.WarnContext(ctx, "what became of handing a prize over cannot be written down; it may be handed over again", "prize", h.Prize.String(), "error", err)
	}
}

func (w *Worker) save(ctx context.Context, h *ledger.Handover, attempts int) error {
	ctx, cancel := context.WithTimeout(ctx, w.options.Timeout)
	defer cancel()
	return w.options.Store.SaveHandover(ctx, h, attempts)
}
