package http

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	// maxTokenBytes is how much of verified tokens is remembered.
	maxTokenBytes = 64 << 20
	// maxRemembered is how long a verified token is remembered, in seconds.
	maxRemembered = 60 * 60
)

// authenticator tells who sends a request. It verifies a token once and then
// knows it, by the whole token, until it expires or its key is withdrawn, and an
// hour at most. Safe for concurrent use.
type authenticator struct {
	verifiers    map[string]Verifier // by `alg`
	known        *otter.Cache[string, *Identity]
	users        *throttle[string] // gives each user a bucket
	keys         *keyring
	refusals     *refusalLog
	now          func() time.Time
	hits, misses prometheus.Counter
}

func newAuthenticator(now func() time.Time, users *throttle[string], keys *keyring, log *slog.Logger, hits, misses prometheus.Counter, verifiers ...Verifier) *authenticator {
	a := &authenticator{verifiers: map[string]Verifier{}, now: now, users: users, keys: keys, refusals: newRefusalLog(log, now), hits: hits, misses: misses}
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
	token, ok := bearerOf(header)
	if !ok {
		return nil, a.missing("send the header Authorization: Bearer <token>")
	}
	return a.token(token)
}

// bearerOf is the token of an Authorization header, if it has one.
func bearerOf(header []byte) (token []byte, ok bool) {
	const scheme = "bearer "
	if len(header) <= len(scheme) || !bytes.EqualFold(header[:len(scheme)], []byte(scheme)) {
		return nil, false
	}
	return bytes.TrimLeft(header[len(scheme):], " "), true
}

// missing is the refusal of a caller without a token.
func (a *authenticator) missing(detail string) error {
	return a.refused(&tokenError{kind: kindMissingToken, rule: "missing", detail: detail})
}

// token authenticates by a token, whose bytes it does not keep.
func (a *authenticator) token(token []byte) (*Identity, error) {
	if id, ok := a.known.GetIfPresent(viewOf(token)); ok && a.now().Unix() < id.remembered && !id.withdrawn() {
		a.hits.Inc()
		return id, nil
	}
	id, err := a.verify(token)
	if err != nil {
		return nil, a.refused(err)
	}
	return id, nil
}

// verify authenticates by a token that is not known, and remembers it.
func (a *authenticator) verify(token []byte) (*Identity, error) {
	if bytes.HasPrefix(token, []byte(apiKeyPrefix)) {
		return a.keys.verify(token)
	}
	a.misses.Inc()
	kept := string(token)
	method := methodOf(kept)
	verifier, ok := a.verifiers[method]
	switch {
	case method == "":
		return nil, errMalformedToken
	case !ok:
		return nil, refuseToken("method", "it is signed with %s, and what is taken here is %s", quoteShort(method), a.methods())
	}
	id, err := verifier.Verify(kept)
	if err != nil {
		return nil, err
	}
	if !id.Caller.Operator {
		id.bucket = a.users.of(id.Caller.UserID)
	}
	id.remembered = min(id.Expires, a.now().Unix()+maxRemembered)
	a.known.Set(kept, id)
	return id, nil
}

// methods are those that some verifier takes, in words.
func (a *authenticator) methods() string {
	var methods []string
	for method := range a.verifiers {
		methods = append(methods, method)
	}
	if len(methods) == 0 {
		return "none"
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}

// refused is what a client hears of a refusal. Every 401 comes from here, so that
// the log has its reason.
func (a *authenticator) refused(err error) error {
	var refused *tokenError
	if !errors.As(err, &refused) {
		return err
	}
	a.refusals.note(refused.rule, refused.detail)
	return refused.kind.with(refused.detail)
}
