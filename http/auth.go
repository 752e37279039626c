package http

import (
	"bytes"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/competition"
)

// maxTokenBytes is how much of verified tokens is remembered.
const maxTokenBytes = 64 << 20

// authenticator tells who sends a request. It verifies a token once and then
// knows it, by the whole token, until it expires. Safe for concurrent use.
type authenticator struct {
	verifiers    map[string]Verifier // by `alg`
	known        *otter.Cache[string, *Identity]
	users        *throttle[string] // gives each user a bucket
	keys         *keyring
	now          func() time.Time
	hits, misses prometheus.Counter
}

func newAuthenticator(now func() time.Time, users *throttle[string], keys *keyring, hits, misses prometheus.Counter, verifiers ...Verifier) *authenticator {
	a := &authenticator{verifiers: map[string]Verifier{}, now: now, users: users, keys: keys, hits: hits, misses: misses}
	for _, verifier := range verifiers {
		for _, method := range verifier.Methods() {
			a.verifiers[method] = verifier
		}
	}
	a.known = otter.Must(&otter.Options[string, *Identity]{
		MaximumWeight: maxTokenBytes,
		Weigher: func(token string, _ *Identity) uint32 {
			const entry = 256 // about what goes with it
			return uint32(len(token) + entry)
		},
	})
	return a
}

// close ends the cache's work.
func (a *authenticator) close() { a.known.StopAllGoroutines() }

// bearer authenticates by an Authorization header. A token that is known costs
// no allocation.
func (a *authenticator) bearer(header []byte) (*Identity, error) {
	const scheme = "bearer "
	if len(header) <= len(scheme) || !bytes.EqualFold(header[:len(scheme)], []byte(scheme)) {
		return nil, kindMissingToken.with("send the header Authorization: Bearer <token>")
	}
	return a.token(bytes.TrimLeft(header[len(scheme):], " "))
}

// token authenticates by a token, whose bytes it does not keep.
func (a *authenticator) token(token []byte) (*Identity, error) {
	if id, ok := a.known.GetIfPresent(viewOf(token)); ok && a.now().Unix() < id.Expires {
		a.hits.Inc()
		return id, nil
	}
	if bytes.HasPrefix(token, []byte(apiKeyPrefix)) {
		return a.keys.verify(token)
	}
	a.misses.Inc()
	kept := string(token)
	verifier, ok := a.verifiers[methodOf(kept)]
	if !ok {
		return nil, kindInvalidToken.with("the token is not signed in a way that is accepted here")
	}
	id, err := verifier.Verify(kept)
	switch {
	case err == nil:
		if !id.Caller.Operator {
			id.bucket = a.users.of(id.Caller.UserID)
		}
		a.known.Set(kept, id)
		return id, nil
	case errors.Is(err, competition.ErrUnavailable):
		return nil, err
	case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return nil, kindExpiredToken.with("the token has expired")
	default:
		return nil, kindInvalidToken.with("the token is not valid here") // why not is nobody's business
	}
}
