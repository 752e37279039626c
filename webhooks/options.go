package webhooks

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// Options of a Service. Store and Events are needed, all else has a default.
type Options struct {
	Store competition.WebhookStore
	// Events returns a page of a competition's feed; see competition.EventsPage.
	Events func(competitionID string, caller competition.Caller, after competition.FeedPlace, limit int) (competition.EventsPage, error)

	Logger  *slog.Logger
	Metrics prometheus.Registerer
	Now     func() time.Time

	// Anywhere lets endpoints be at any address, and speak plain HTTP.
	Anywhere bool
	// Off has nothing sent except tests.
	Off bool
	// Active reports whether it is up to this process to send events; nil: always.
	Active func() bool

	Every   time.Duration // how often to look for new events; default 1 s
	Quiet   time.Duration // before a competition is looked at again that had no event to tell, such as one with syncs alone; default 3 s
	Timeout time.Duration // of one attempt; default 5 s
	Pauses  worker.Backoff
	GiveUp  time.Duration // after the first failed attempt, an endpoint is disabled; default 3 days

	post func(ctx context.Context, url string, header http.Header, body []byte) error // for tests
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
	if o.Active == nil {
		o.Active = func() bool { return true }
	}
	o.Every = cmp.Or(o.Every, time.Second)
	o.Quiet = cmp.Or(o.Quiet, 3*time.Second)
	o.Timeout = cmp.Or(o.Timeout, 5*time.Second)
	o.GiveUp = cmp.Or(o.GiveUp, 72*time.Hour)
	if o.Pauses == (worker.Backoff{}) {
		o.Pauses = worker.Backoff{First: 5 * time.Second, Max: 12 * time.Hour, Jitter: .2}
	}
}

// How much may be under way at once.
const (
	maxTurns = 128 // endpoints that are being sent events
	lanes    = 4   // events on their way to one of them, each of another competition
	maxTests = 32
)

// storeTimeout is how long a call of the store may take.
const storeTimeout = 5 * time.Second

func storeContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), storeTimeout)
}
