package auth

import (
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

var (
	start  = authtest.Start
	secret = authtest.Secret
)

const (
	projectURL = authtest.ProjectURL
	issuer     = authtest.Issuer
)

// bench is an authenticator of a project's secret, with a clock and a store of keys.
type bench struct {
	*Authenticator
	store fakeStore
	now   time.Time
}

type fakeStore struct {
	keys []competition.APIKey
	err  error
}

func (s *fakeStore) APIKeys() ([]competition.APIKey, error) { return slices.Clone(s.keys), s.err }

func newBench(tb testing.TB, change ...func(*Options)) *bench {
	tb.Helper()
	b := &bench{now: start}
	o := Options{
		Keys: &b.store, Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler),
		Bucket: func(string) *rate.Limiter { return nil },
		Hits:   prometheus.NewCounter(prometheus.CounterOpts{}), Misses: prometheus.NewCounter(prometheus.CounterOpts{}),
	}
	o.Verifiers = []Verifier{NewSecrets([][]byte{secret}, nil, projectURL, o.Now)}
	for _, f := range change {
		f(&o)
	}
	b.Authenticator = New(o)
	tb.Cleanup(b.Close)
	return b
}

// identify authenticates by a whole Authorization header, and returns the code that
// clients see of a refusal.
func identify(b *bench, header string) (*Identity, string) {
	id, err := b.Bearer([]byte(header))
	return id, codeOf(err)
}

func codeOf(err error) string {
	for kind, code := range map[error]string{
		ErrMissing: "missing_token", ErrInvalid: "invalid_token", ErrExpired: "token_expired", ErrUnavailable: "sign_in_unavailable",
	} {
		if errors.Is(err, kind) {
			return code
		}
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
