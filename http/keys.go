package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	nethttp "net/http"
	"sync/atomic"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/paceboard/paceboard/competition"
)

// How the project's keys are kept fresh.
const (
	keysRefresh    = 10 * time.Minute       // Supabase's edge keeps the answer for as long
	keysFetch      = 3 * time.Second        // for one fetch in the background
	keysWait       = 900 * time.Millisecond // that a request waits for a key that nobody knew
	keysUnknown    = time.Minute            // between fetches for such keys, which anybody can ask for
	maxKeySetBytes = 64 << 10
)

// errUnnamedKey is returned for a token that does not say which key signed it.
var errUnnamedKey = errors.New("the token names no key")

// ProjectKeys verifies tokens that a Supabase project signed with its own keys,
// ES256 or RS256, by the public keys that it shows. It is a Verifier for
// Options, and a collector of metrics. Safe for concurrent use.
type ProjectKeys struct {
	*keyed
	log      *slog.Logger
	failures prometheus.Counter
	failing  atomic.Bool // since the last fetch
}

// NewProjectKeys fetches the keys of the project at supabaseURL, and goes on to
// fetch them every 10 minutes until ctx ends. A project that cannot be reached
// is no error: its tokens get 503 until it can.
func NewProjectKeys(ctx context.Context, supabaseURL string, log *slog.Logger, now func() time.Time) (*ProjectKeys, error) {
	k := &ProjectKeys{
		log: log,
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "paceboard_project_keys_failures_total", Help: "Fetches of the project's public keys that failed.",
		}),
	}
	store, err := jwkset.NewStorageFromHTTP(issuerOf(supabaseURL)+"/.well-known/jwks.json", jwkset.HTTPClientStorageOptions{
		Ctx: ctx, HTTPTimeout: keysFetch, RefreshInterval: keysRefresh, NoErrorReturnFirstHTTPReq: true,
		Client: &nethttp.Client{
			Transport:     boundedTransport{},
			CheckRedirect: func(*nethttp.Request, []*nethttp.Request) error { return nethttp.ErrUseLastResponse },
		},
		Storage: fetchedKeys{jwkset.NewMemoryStorage(), k}, RefreshErrorHandler: k.failed,
	})
	if err != nil {
		return nil, fmt.Errorf("SUPABASE_URL: %w", err)
	}
	client, err := jwkset.NewHTTPClient(jwkset.HTTPClientOptions{
		HTTPURLs: map[string]jwkset.Storage{supabaseURL: store}, RateLimitWaitMax: keysWait,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(keysUnknown), 1),
	})
	if err != nil {
		return nil, fmt.Errorf("keep the project's keys: %w", err)
	}
	keys, err := keyfunc.New(keyfunc.Options{Ctx: ctx, Storage: client, UseWhitelist: []jwkset.USE{"", jwkset.UseSig}})
	if err != nil {
		return nil, fmt.Errorf("use the project's keys: %w", err)
	}
	methods := []string{jwt.SigningMethodES256.Alg(), jwt.SigningMethodRS256.Alg()}
	k.keyed = newKeyed(methods, issuerOf(supabaseURL), now, func(token *jwt.Token) (any, error) {
		if name, named := token.Header[jwkset.HeaderKID].(string); !named || name == "" {
			return nil, errUnnamedKey // the library would try every key
		}
		key, err := keys.Keyfunc(token)
		if err != nil && k.failing.Load() {
			return nil, fmt.Errorf("%w: the project's keys cannot be fetched: %w", competition.ErrUnavailable, err)
		}
		return key, err
	})
	return k, nil
}

// failed notes a fetch that came to nothing; the log has one line for a series.
func (k *ProjectKeys) failed(ctx context.Context, err error) {
	k.failures.Inc()
	if !k.failing.Swap(true) {
		k.log.WarnContext(ctx, "the project's public keys cannot be fetched: tokens signed with new ones are refused; check SUPABASE_URL", "error", err)
	}
}

// Describe implements prometheus.Collector.
func (k *ProjectKeys) Describe(to chan<- *prometheus.Desc) { k.failures.Describe(to) }

// Collect implements prometheus.Collector.
func (k *ProjectKeys) Collect(to chan<- prometheus.Metric) { k.failures.Collect(to) }

// fetchedKeys is where a fetch puts what it got.
type fetchedKeys struct {
	jwkset.Storage
	owner *ProjectKeys
}

// KeyReplaceAll ends every fetch that was good for something.
func (f fetchedKeys) KeyReplaceAll(ctx context.Context, keys []jwkset.JWK) error {
	if f.owner.failing.Swap(false) {
		f.owner.log.InfoContext(ctx, "the project's public keys are fetched again")
	}
	return f.Storage.KeyReplaceAll(ctx, keys)
}

// boundedTransport reads no more of an answer than a key set can have.
type boundedTransport struct{}

func (boundedTransport) RoundTrip(request *nethttp.Request) (*nethttp.Response, error) {
	response, err := nethttp.DefaultTransport.RoundTrip(request)
	if err == nil {
		body := response.Body
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(body, maxKeySetBytes), body}
	}
	return response, err //nolint:wrapcheck // the client looks at it
}
