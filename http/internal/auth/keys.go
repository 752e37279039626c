package auth

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	nethttp "net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/internal/worker"
)

// How the project's keys are kept fresh.
const (
	keysRefresh    = 10 * time.Minute       // Supabase's edge keeps the answer for as long
	keysConnect    = 3 * time.Second        // for one connection to the project
	keysFetch      = 10 * time.Second       // for one fetch, for which no request waits to its end
	keysWait       = 900 * time.Millisecond // that a request waits for a fetch, from its beginning
	keysUnknown    = time.Minute            // between fetches for unknown names, which anybody can make up
	keysKept       = 24 * time.Hour         // that keys stay valid while they cannot be fetched
	maxKeySetBytes = 64 << 10
	maxUnknownKeys = 1_000 // names that are remembered until the next fetch
	maxKeyName     = 256   // bytes of a name that is remembered
)

// keysRetry are the pauses after fetches that failed.
var keysRetry = worker.Backoff{First: time.Second, Max: 10 * time.Second}

// errNoKeysShown is returned for an empty key set after one with keys.
var errNoKeysShown = errors.New("the project no longer publishes any keys")

// ProjectKeysOptions are what [ProjectKeys] are made of.
type ProjectKeysOptions struct {
	SupabaseURL string       // the project
	JWKSURL     string       // where it shows its keys; a place below SupabaseURL when empty
	Issuers     []string     // that users' tokens may have, or "any" alone; the project's own when empty
	Logger      *slog.Logger // discards when nil
	Now         func() time.Time
	Transport   nethttp.RoundTripper // one of its own when nil
}

// ProjectKeys verifies tokens that a Supabase project signed with its own keys,
// ES256 or RS256, by the public keys that it shows. A token is good while its key
// is the project's: a key that a later answer lacks is withdrawn, and so is all
// that it signed. It is a [Verifier] and a collector of metrics. Safe for concurrent
// use.
type ProjectKeys struct {
	*keyed
	address  string
	client   *nethttp.Client
	log      *slog.Logger
	failures prometheus.Counter
	loop     *worker.Loop // fetches
	wake     worker.Signal
	onEnd    atomic.Pointer[func()]

	set atomic.Pointer[keySet]

	mu        sync.Mutex
	fetch     *keyFetch            // under way; nil when there is none
	wanted    map[keyName]struct{} // unknown names that the next fetch is for
	lacking   map[keyName]struct{} // those that the last one was for and did not bring
	permitted time.Time            // when unknown names may start a fetch again
	good      time.Time            // when the last fetch that brought keys ended
	failed    int                  // fetches in a row
	problem   error                // why the last fetch came to nothing; nil if it did not
	took      time.Duration        // by the last fetch
	next      time.Time            // when to fetch next
	ended     bool                 // there are no more fetches
}

// keyFetch is one fetch.
type keyFetch struct {
	began   time.Time
	done    chan struct{}
	wanted  map[keyName]struct{}
	lacking bool // it was good, so that what it does not have is not there; set before done is closed
}

// NewProjectKeys begins to fetch the project's keys, and goes on to do so every
// 10 minutes until ctx ends or Close is called. A project that cannot be reached is no
// error: its tokens get 503 until it can, which is tried again within seconds.
func NewProjectKeys(ctx context.Context, o ProjectKeysOptions) *ProjectKeys {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.JWKSURL == "" {
		o.JWKSURL = issuerOf(o.SupabaseURL) + "/.well-known/jwks.json"
	}
	if o.Transport == nil {
		o.Transport = newKeyTransport()
	}
	k := &ProjectKeys{
		address: o.JWKSURL, log: o.Logger, wake: worker.NewSignal(),
		client: &nethttp.Client{
			Transport:     o.Transport,
			CheckRedirect: func(*nethttp.Request, []*nethttp.Request) error { return nethttp.ErrUseLastResponse },
		},
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "paceboard_project_keys_failures_total", Help: "Fetches of the project's public keys that failed.",
		}),
		wanted: map[keyName]struct{}{}, lacking: map[keyName]struct{}{}, good: time.Now(),
	}
	methods := []string{jwt.SigningMethodES256.Alg(), jwt.SigningMethodRS256.Alg()}
	k.keyed = newKeyed(methods, newIssuers(o.Issuers, o.SupabaseURL), o.Now, k.keyFor)
	k.set.Store(&keySet{})
	k.begin()
	k.loop = worker.Start(ctx, k.run)
	return k
}

// Close ends the fetching, and waits for a fetch under way, which it cuts short.
func (k *ProjectKeys) Close() { k.loop.Stop() }

// newKeyTransport makes a transport that detects dead connections soon.
func newKeyTransport() nethttp.RoundTripper {
	transport, ok := nethttp.DefaultTransport.(*nethttp.Transport)
	if !ok {
		return nethttp.DefaultTransport
	}
	transport = transport.Clone()
	transport.DialContext = (&net.Dialer{Timeout: keysConnect}).DialContext
	transport.TLSHandshakeTimeout = keysConnect
	transport.DisableKeepAlives = true // one request in minutes
	return transport
}

// keyFor returns the key that a token's header names.
func (k *ProjectKeys) keyFor(token *jwt.Token) (crypto.PublicKey, *signer, error) {
	kid, _ := token.Header["kid"].(string)
	if kid == "" {
		return nil, nil, refuseToken("unnamed_key", "it does not name its key in `kid`")
	}
	name, set := keyName{token.Method.Alg(), kid}, k.set.Load()
	key := set.keys[name]
	if key == nil {
		if err := set.unfitFor(name); err != nil {
			return nil, nil, err
		}
		var err error
		if key, err = k.ask(name); err != nil {
			return nil, nil, err
		}
	}
	return key.public, &key.signer, nil
}

// ask looks for an unknown key. It starts a fetch if one is permitted, and waits for
// one under way, but not for long.
func (k *ProjectKeys) ask(name keyName) (*signingKey, error) {
	k.mu.Lock()
	now := time.Now()
	permitted := k.problem == nil && !now.Before(k.permitted)
	if _, known := k.lacking[name]; known && !permitted {
		k.mu.Unlock()
		return nil, unknownKey(name)
	}
	if len(k.wanted) < maxUnknownKeys && len(name.kid) <= maxKeyName {
		k.wanted[name] = struct{}{}
	}
	if k.fetch == nil && permitted {
		k.permitted = now.Add(keysUnknown)
		k.begin()
	}
	fetch := k.fetch
	k.mu.Unlock()
	if fetch != nil {
		fetch.await()
	}
	set := k.set.Load()
	switch key, err := set.keys[name], set.unfitFor(name); {
	case key != nil:
		return key, nil
	case err != nil:
		return nil, err
	case fetch.lacks(name):
		return nil, unknownKey(name)
	default:
		return nil, k.unavailable()
	}
}

// await waits for the fetch, but not longer than keysWait after its beginning.
func (f *keyFetch) await() {
	enough := time.NewTimer(keysWait - time.Since(f.began))
	defer enough.Stop()
	select {
	case <-f.done:
	case <-enough.C:
	}
}

// lacks reports whether the fetch was for a key and did not bring it.
func (f *keyFetch) lacks(name keyName) bool {
	if f == nil {
		return false
	}
	select {
	case <-f.done:
	default:
		return false
	}
	_, wanted := f.wanted[name]
	return wanted && f.lacking
}

// unknownKey returns the refusal of a token whose key is not the project's.
func unknownKey(name keyName) error {
	return refuseToken("unknown_key", "the project has no key %s for %s", quoteShort(name.kid), name.method)
}

// unavailable returns the refusal of a token whose key may be the project's, with the
// time after which that will be known.
func (k *ProjectKeys) unavailable() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	detail, at := "the token names a key that was not there when the project's keys were last fetched", k.permitted
	if k.problem != nil || k.fetch != nil {
		detail, at = "the project's keys cannot be fetched now", k.next
	}
	refused := &RefusalError{Kind: ErrUnavailable, Detail: detail}
	if k.fetch == nil {
		refused.RetryAfter = int((time.Until(at) + time.Second - 1) / time.Second)
	}
	return refused
}

// begin starts a fetch, which goes on whether anybody waits for it or not. The caller
// holds mu, and there is none under way.
func (k *ProjectKeys) begin() {
	if k.ended {
		return
	}
	k.fetch = &keyFetch{began: time.Now(), done: make(chan struct{}), wanted: k.wanted}
	k.wanted = map[keyName]struct{}{}
	k.wake.Set()
}

// run carries out fetches, one at a time.
func (k *ProjectKeys) run(ctx context.Context) {
	for ctx.Err() == nil {
		fetch, wait := k.underway()
		if fetch == nil {
			k.wake.Wait(ctx, wait)
			continue
		}
		set, err := k.get(ctx)
		if ctx.Err() != nil {
			break
		}
		withdrawn := k.conclude(ctx, fetch, set, err)
		close(fetch.done)
		if onEnd := k.onEnd.Load(); withdrawn && onEnd != nil {
			(*onEnd)()
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended = true; k.fetch != nil {
		close(k.fetch.done)
	}
}

// underway returns the fetch under way, which it begins when it is time for one;
// or else how long that will be.
func (k *ProjectKeys) underway() (*keyFetch, time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	wait := time.Until(k.next)
	if k.fetch == nil && wait <= 0 {
		k.begin()
	}
	return k.fetch, wait
}

// get fetches the key set.
func (k *ProjectKeys) get(ctx context.Context) (*keySet, error) {
	ctx, cancel := context.WithTimeout(ctx, keysFetch)
	defer cancel()
	request, err := nethttp.NewRequestWithContext(ctx, nethttp.MethodGet, k.address, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch the project's keys: %w", err)
	}
	response, err := k.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetch the project's keys: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != nethttp.StatusOK {
		return nil, fmt.Errorf("fetch the project's keys: the answer is %s", response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxKeySetBytes+1))
	if err != nil {
		return nil, fmt.Errorf("fetch the project's keys: %w", err)
	}
	if len(body) > maxKeySetBytes {
		return nil, errKeySet
	}
	return readKeySet(body)
}

// conclude takes the result of a fetch, and reports whether it withdrew keys.
func (k *ProjectKeys) conclude(ctx context.Context, fetch *keyFetch, set *keySet, err error) (withdrawn bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now, known := time.Now(), k.set.Load()
	k.fetch, k.took = nil, now.Sub(fetch.began)
	if err == nil && set.shown == 0 && len(known.keys) > 0 {
		err = errNoKeysShown
	}
	if err != nil && len(known.keys) > 0 && now.Sub(k.good) >= keysKept {
		k.log.ErrorContext(ctx, "the project's public keys have not been fetched for a day: tokens signed with them are refused", "error", err)
		withdrawn = true
		_, _ = (&keySet{}).keepingFrom(known)
		k.set.Store(&keySet{})
	}
	fetch.lacking = err == nil || errors.Is(err, errNoKeysShown)
	if fetch.lacking {
		k.lacking = fetch.wanted
	}
	if err != nil {
		k.fail(ctx, err)
		k.next = now.Add(keysRetry.After(k.failed))
		return withdrawn
	}
	if k.problem != nil {
		k.log.InfoContext(ctx, "the project's public keys are fetched again")
	}
	k.problem, k.failed, k.good = nil, 0, now
	set, ended := set.keepingFrom(known)
	k.set.Store(set)
	for _, name := range ended {
		k.lacking[name] = struct{}{}
		k.log.InfoContext(ctx, "the project has withdrawn a key: what it signed ends", "kid", name.kid, "alg", name.method)
	}
	for kid, why := range set.unfit {
		if known.unfit[kid] != why {
			k.log.WarnContext(ctx, "the project shows a key that is not taken", "kid", kid, "reason", why)
		}
	}
	k.next = now.Add(keysRefresh)
	return len(ended) > 0
}

// fail records a fetch that failed; a series is logged once.
func (k *ProjectKeys) fail(ctx context.Context, err error) {
	k.failures.Inc()
	k.failed++
	if k.problem == nil {
		k.log.WarnContext(ctx, "the project's public keys cannot be fetched: tokens signed with new ones are refused; check SUPABASE_URL or SUPABASE_JWKS_URL", "error", err)
	}
	k.problem = err
}

// OnWithdrawal has f called whenever the project has withdrawn keys.
func (k *ProjectKeys) OnWithdrawal(f func()) { k.onEnd.Store(&f) }

// Health returns how long the last fetch took, and why the keys cannot be fetched: nil
// if they can.
func (k *ProjectKeys) Health() (took time.Duration, problem error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.took, k.problem
}

// Fetched waits for the fetch under way, if there is one, and returns why the keys cannot
// be fetched: nil if they can.
func (k *ProjectKeys) Fetched(ctx context.Context) error {
	k.mu.Lock()
	fetch := k.fetch
	k.mu.Unlock()
	if fetch != nil {
		select {
		case <-fetch.done:
		case <-ctx.Done():
			return fmt.Errorf("fetch the project's keys: %w", context.Cause(ctx))
		}
	}
	_, problem := k.Health()
	return problem
}

// Describe implements prometheus.Collector.
func (k *ProjectKeys) Describe(to chan<- *prometheus.Desc) { k.failures.Describe(to) }

// Collect implements prometheus.Collector.
func (k *ProjectKeys) Collect(to chan<- prometheus.Metric) { k.failures.Collect(to) }
