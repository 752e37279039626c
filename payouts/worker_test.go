package payouts

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/persistence/memory"
)

// pending is a store of pending prizes that can be made to refuse.
type pending struct {
	competition.Store
	prizes []ledger.Prize

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each save
	refuse  error
}

func newPending(t *testing.T, n int) *pending {
	t.Helper()
	store, err := memory.Open(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	m := &pending{Store: store, changed: make(chan struct{})}
	for i := range n {
		m.prizes = append(m.prizes, ledger.Prize{
			CompetitionID: "spring", Number: uint32(i + 1), UserID: fmt.Sprintf("u%d", i+1), Rank: i + 1, Minor: 1005, Currency: "EUR",
			Status: ledger.PendingPrize, CreatedAt: 1_795_435_200_000,
		})
	}
	batch := competition.Batch{CompetitionID: "spring", FirstSeq: 1, LastSeq: 1}
	batch.Prizes = m.prizes
	require.Nil(t, store.Append(t.Context(), []*competition.Batch{&batch}))
	return m
}

func (m *pending) SaveHandover(ctx context.Context, h *ledger.Handover, attempts int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuse != nil {
		return m.refuse
	}
	if err := m.Store.SaveHandover(ctx, h, attempts); err != nil {
		return err
	}
	close(m.changed)
	m.changed = make(chan struct{})
	return nil
}

// handovers are those of all prizes, by number.
func (m *pending) handovers(t *testing.T) (all []ledger.Handover) {
	t.Helper()
	require.NoError(t, m.PendingPrizes(t.Context(), ledger.PrizeID{}, func(_ ledger.Prize, h ledger.Handover) bool {
		all = append(all, h)
		return true
	}))
	require.Len(t, all, len(m.prizes))
	return all
}

// await waits until all hand-overs have a status.
func (m *pending) await(t *testing.T, status ledger.HandoverStatus) []ledger.Handover {
	t.Helper()
	return m.awaitAllBut(t, 0, status)
}

// awaitAllBut waits until all hand-overs but some have a status.
func (m *pending) awaitAllBut(t *testing.T, some int, status ledger.HandoverStatus) []ledger.Handover {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		m.mu.Lock()
		changed := m.changed
		m.mu.Unlock()
		all := m.handovers(t)
		others := slices.DeleteFunc(slices.Clone(all), func(h ledger.Handover) bool { return h.Status == status })
		if len(others) == some {
			return all
		}
		select {
		case <-changed:
		case <-deadline:
			require.FailNow(t, "not in time", "%d of %d are not %v", len(others), len(all), status)
		}
	}
}

var secret = []byte("a secret of the tests, 32 bytes or more")

// receiver is a payment provider on a real socket; answer says what becomes of
// the n-th request for a prize, from 1.
type receiver struct {
	*httptest.Server
	t      *testing.T
	answer func(n int, w http.ResponseWriter)
	before func(key string) // nil, or called with each request's Idempotency-Key

	mu     sync.Mutex
	bodies map[string][]string // by Idempotency-Key
}

func receive(t *testing.T, answer func(n int, w http.ResponseWriter)) *receiver {
	t.Helper()
	r := &receiver{t: t, answer: answer, bodies: map[string][]string{}}
	r.Server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) serve(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		r.t.Error(err)
	}
	// As a provider would do it, not with the code under test.
	stamp, signed := signedBy(request, body, secret)
	if !signed {
		r.t.Errorf("a wrong signature: %s", request.Header.Get("Paceboard-Signature"))
	}
	if seconds, err := strconv.ParseInt(stamp, 10, 64); err != nil || time.Since(time.Unix(seconds, 0)).Abs() > time.Minute {
		r.t.Errorf("a wrong time: %q", stamp)
	}
	if request.Method != http.MethodPost || request.Header.Get("Content-Type") != "application/json" {
		r.t.Errorf("%s with %s", request.Method, request.Header.Get("Content-Type"))
	}
	key := request.Header.Get("Idempotency-Key")
	r.mu.Lock()
	r.bodies[key] = append(r.bodies[key], string(body))
	n := len(r.bodies[key])
	r.mu.Unlock()
	if r.before != nil {
		r.before(key)
	}
	r.answer(n, w)
}

// signedBy reports whether one of a request's signatures is by a secret, and when it says that it was signed.
func signedBy(request *http.Request, body, secret []byte) (stamp string, signed bool) {
	stamp, sums, _ := strings.Cut(strings.TrimPrefix(request.Header.Get("Paceboard-Signature"), "t="), ",v1=")
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s", stamp, body)
	return stamp, slices.Contains(strings.Split(sums, ",v1="), hex.EncodeToString(mac.Sum(nil)))
}

// start begins with short pauses.
func start(t *testing.T, store Store, url string, change func(*Options)) (*Worker, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewRegistry()
	o := Options{
		Store: store, URL: url, Secrets: [][]byte{secret}, Metrics: registry, Timeout: 200 * time.Millisecond,
		FirstPause: time.Millisecond, LongestWait: 10 * time.Millisecond, Every: 20 * time.Millisecond,
	}
	if change != nil {
		change(&o)
	}
	w := Start(o)
	t.Cleanup(w.Stop)
	return w, registry
}

func TestPrizesAreHandedOver(t *testing.T) {
	m := newPending(t, 600) // more than two pages
	r := receive(t, func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusAccepted) })
	start(t, m, r.URL, func(o *Options) { o.Timeout = 10 * time.Second }) // on a busy machine
	for _, h := range m.await(t, ledger.HandoverDelivered) {
		require.Equal(t, 1, h.Attempts)
		require.Empty(t, h.Error)
	}
	require.Len(t, r.bodies, 600)
	require.Len(t, r.bodies["spring.7"], 1)
	require.JSONEq(t, `{"id":"spring.7","competition_id":"spring","user_id":"u7","rank":7,"amount":10.05,"amount_minor":1005,"currency":"EUR","created_at":"2026-11-23T12:00:00.000Z"}`, r.bodies["spring.7"][0])
	require.Contains(t, r.bodies["spring.7"][0], `"amount":10.05,`, "with the currency's decimals, as a number")
}

// TestReceiverThatFailsHangsAnswers500ThenTakesIt: all of that, and each time the
// same body under the same key.
func TestReceiverThatFailsHangsAnswers500ThenTakesIt(t *testing.T) {
	m := newPending(t, 5)
	ended := make(chan struct{})
	r := receive(t, func(n int, w http.ResponseWriter) {
		switch n {
		case 1: // closes the connection
			panic(http.ErrAbortHandler)
		case 2: // hangs
			select {
			case <-ended:
			case <-time.After(5 * time.Second):
			}
		case 3:
			w.WriteHeader(http.StatusInternalServerError)
		case 4: // leads elsewhere, which nobody follows
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
	})
	t.Cleanup(func() { close(ended) }) // before the receiver waits for its handlers
	_, registry := start(t, m, r.URL, nil)
	for _, h := range m.await(t, ledger.HandoverDelivered) {
		require.Equal(t, 5, h.Attempts)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, bodies := range r.bodies {
		require.Len(t, bodies, 5)
		require.Equal(t, bodies[:4], bodies[1:], key)
	}
	families, err := registry.Gather()
	require.NoError(t, err)
	require.NotEmpty(t, families)
}

func TestPrizeIsDeadAfterTooManyAttemptsAndCanBeTriedAgain(t *testing.T) {
	m := newPending(t, 1)
	good := make(chan struct{})
	r := receive(t, func(_ int, w http.ResponseWriter) {
		select {
		case <-good:
		default:
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	w, registry := start(t, m, r.URL, func(o *Options) { o.Attempts = 3 })
	dead := m.await(t, ledger.HandoverDead)
	require.Equal(t, 3, dead[0].Attempts)
	require.Equal(t, "the webhook answered 502", dead[0].Error)
	require.Eventually(t, func() bool { return gauge(t, registry, "dead") == 1 }, 5*time.Second, time.Millisecond)
	require.Len(t, r.bodies["spring.1"], 3, "nobody tries a dead one")

	close(good)
	require.NoError(t, m.SaveHandover(t.Context(), &ledger.Handover{Prize: dead[0].Prize}, 3))
	w.Wake()
	m.await(t, ledger.HandoverDelivered)
	require.Eventually(t, func() bool { return gauge(t, registry, "dead") == 0 }, 5*time.Second, time.Millisecond)
}

func gauge(t *testing.T, registry *prometheus.Registry, status string) (value float64) {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() == "paceboard_payouts_pending" && m.Label[0].GetValue() == status {
				value = m.GetGauge().GetValue()
			}
		}
	}
	return value
}

// TestWorkersOnOneStoreTakeTurns: of two servers one makes each attempt.
func TestWorkersOnOneStoreTakeTurns(t *testing.T) {
	m := newPending(t, 300)
	r := receive(t, func(int, http.ResponseWriter) {})
	for range 3 {
		start(t, m, r.URL, func(o *Options) { o.FirstPause, o.Timeout = time.Second, 5*time.Second })
	}
	for _, h := range m.await(t, ledger.HandoverDelivered) {
		require.Equal(t, 1, h.Attempts)
	}
	for key, bodies := range r.bodies {
		require.Len(t, bodies, 1, key)
	}
}

func TestAWorkerWaitsUntilItIsUpToIt(t *testing.T) {
	m := newPending(t, 3)
	r := receive(t, func(int, http.ResponseWriter) {})
	var active atomic.Bool
	asked := make(chan struct{}, 1)
	start(t, m, r.URL, func(o *Options) {
		o.Every = time.Millisecond
		o.Active = func() bool {
			select {
			case asked <- struct{}{}:
			default:
			}
			return active.Load()
		}
	})
	<-asked
	<-asked // a whole round has passed
	r.mu.Lock()
	require.Empty(t, r.bodies)
	r.mu.Unlock()
	active.Store(true)
	m.await(t, ledger.HandoverDelivered)
}

// TestASlowAnswerHoldsUpNobodyElse: neither the first attempts of other prizes nor
// those after a failure, and the slow one is not asked twice meanwhile.
func TestASlowAnswerHoldsUpNobodyElse(t *testing.T) {
	m := newPending(t, 40)
	r := receive(t, func(n int, w http.ResponseWriter) {
		if n < 3 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	ended := make(chan struct{})
	r.before = func(key string) {
		if key == "spring.1" {
			<-ended
		}
	}
	w, _ := start(t, m, r.URL, func(o *Options) { o.Concurrency, o.Timeout = 2, time.Minute })
	t.Cleanup(func() { close(ended) })
	m.awaitAllBut(t, 1, ledger.HandoverDelivered)
	r.mu.Lock()
	require.Len(t, r.bodies["spring.1"], 1)
	r.mu.Unlock()
	w.Stop() // does not wait for the answer either
}

// TestAttemptThatWasCutShortIsMadeAgain by the next start, when it must have
// failed: the claim was written down before.
func TestAttemptThatWasCutShortIsMadeAgain(t *testing.T) {
	m := newPending(t, 1)
	arrived, ended := make(chan struct{}, 10), make(chan struct{})
	r := receive(t, func(n int, _ http.ResponseWriter) {
		arrived <- struct{}{}
		if n == 1 {
			<-ended
		}
	})
	w, _ := start(t, m, r.URL, func(o *Options) { o.Timeout = 100 * time.Millisecond })
	<-arrived
	w.Stop() // as a crash would
	close(ended)
	waiting := m.handovers(t)[0]
	require.Equal(t, 1, waiting.Attempts)
	require.Equal(t, ledger.HandoverWaiting, waiting.Status)
	start(t, m, r.URL, nil)
	require.Equal(t, 2, m.await(t, ledger.HandoverDelivered)[0].Attempts)
}

func TestNothingIsSentThatCannotBeWrittenDown(t *testing.T) {
	m := newPending(t, 1)
	m.refuse = competition.ErrUnavailable
	r := receive(t, func(int, http.ResponseWriter) {})
	w, registry := start(t, m, r.URL, nil)
	require.Eventually(t, func() bool { return gauge(t, registry, "waiting") == 1 }, 5*time.Second, time.Millisecond)
	r.mu.Lock()
	require.Empty(t, r.bodies)
	r.mu.Unlock()
	m.mu.Lock()
	m.refuse = nil
	m.mu.Unlock()
	w.Wake()
	m.await(t, ledger.HandoverDelivered)
}

func TestPausesGrowAndAreJittered(t *testing.T) {
	w := Start(Options{Store: newPending(t, 0), FirstPause: time.Second, LongestWait: time.Hour})
	defer w.Stop()
	for attempt, whole := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 12: 2048 * time.Second, 13: time.Hour, 40: time.Hour, 1000: time.Hour} {
		seen := map[time.Duration]bool{}
		for range 50 {
			pause := w.pauses.After(attempt)
			require.GreaterOrEqual(t, pause, whole/2)
			require.LessOrEqual(t, pause, whole)
			seen[pause] = true
		}
		require.Greater(t, len(seen), 10, "attempt %d", attempt)
	}
}

func TestSignature(t *testing.T) {
	// printf '1795435200.{}' | openssl dgst -sha256 -hmac secret
	const one = "t=1795435200,v1=5871430338692b4bd490738c4df03402843d3877ffc2c67d28faa4ee976d5f9d"
	at := time.Unix(1_795_435_200, 0)
	require.Equal(t, one, Signature([][]byte{[]byte("secret")}, []byte("{}"), at))
	require.Equal(t, one+",v1=626f7218b55ea1aaf120238515ce34dab9867bbfa43b1e506950936c86c18280", Signature([][]byte{[]byte("secret"), []byte("old")}, []byte("{}"), at))
}

// TestTheSecretIsChangedWhileItRuns: with both, a receiver takes a request whichever of them it knows.
func TestTheSecretIsChangedWhileItRuns(t *testing.T) {
	current, next := []byte("current"), []byte("next")
	for _, known := range [][]byte{current, next} {
		m := newPending(t, 1)
		asked := make(chan struct{}, 1)
		r := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			body, err := io.ReadAll(request.Body)
			if _, signed := signedBy(request, body, known); err != nil || !signed {
				w.WriteHeader(http.StatusUnauthorized)
			}
			select {
			case asked <- struct{}{}:
			default:
			}
		}))
		w, _ := start(t, m, r.URL, func(o *Options) { o.Secrets, o.Attempts, o.Timeout = [][]byte{[]byte("neither")}, 1000, 10*time.Second })
		<-asked
		require.NotEqual(t, ledger.HandoverDelivered, m.handovers(t)[0].Status)
		w.SetSecrets([][]byte{next, current})
		m.await(t, ledger.HandoverDelivered)
		w.Stop()
		r.Close()
	}
}
