// Package auth tells who sends a request: it verifies the tokens of a Supabase
// project, signed with a secret of it or with keys that it shows, API keys, and the codes
// of board links. Reading starts at [Authenticator].
//
// It never decides what a caller may do, and writes no response: a refusal is a
// [RefusalError], which package http turns into a problem.
package auth

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

const (
	// maxTokenBytes limits the verified tokens that are remembered.
	maxTokenBytes = 64 << 20
	// maxRemembered is how long a verified token is remembered, in seconds.
	maxRemembered = 60 * 60
)

// Authenticator tells who sends a request. It verifies a token once and then
// knows it, by the whole token, until it expires or its key is withdrawn, and an
// hour at most. Safe for concurrent use.
type Authenticator struct {
	verifiers    []Verifier
	known        *otter.Cache[string, *Identity]
	bucket       func(userID string) *rate.Limiter
	keys         *keyring
	links        *links
	refusals     *refusalLog
	now          func() time.Time
	hits, misses prometheus.Counter
}

// Options are the options of an [Authenticator]. All are required.
type Options struct {
	Verifiers    []Verifier                        // each for methods of its own
	Keys         KeyStore                          // the API keys
	Links        LinkStore                         // the board links
	LinkEnded    func(linkID string)               // is called when a link is known to be revoked; it must not block
	Bucket       func(userID string) *rate.Limiter // returns the rate limiter of a user; its result is nil if there is no limit
	Log          *slog.Logger
	Now          func() time.Time
	Hits, Misses prometheus.Counter // tokens that were known, and that had to be verified
}

// New makes an authenticator, which is to be closed.
func New(o Options) *Authenticator {
	a := &Authenticator{
		verifiers: o.Verifiers, now: o.Now, bucket: o.Bucket, keys: &keyring{store: o.Keys, log: o.Log, now: o.Now},
		links: newLinks(o.Links, o.LinkEnded, o.Log, o.Now), refusals: newRefusalLog(o.Log, o.Now), hits: o.Hits, misses: o.Misses,
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

// Close ends the cache's work.
func (a *Authenticator) Close() {
	a.known.StopAllGoroutines()
	a.links.close()
}

// Bearer authenticates by an Authorization header. A token that is known costs
// no allocation.
func (a *Authenticator) Bearer(header []byte) (*Identity, error) {
	token, ok := TokenOf(header)
	if !ok {
		return nil, a.Missing("send the header Authorization: Bearer <token>")
	}
	return a.Token(token)
}

// TokenOf returns the token of an Authorization header, if it has one.
func TokenOf(header []byte) (token []byte, ok bool) {
	const scheme = "bearer "
	if len(header) <= len(scheme) || !bytes.EqualFold(header[:len(scheme)], []byte(scheme)) {
		return nil, false
	}
	return bytes.TrimLeft(header[len(scheme):], " "), true
}

// Missing returns the refusal of a caller without a token; detail says how to send one.
func (a *Authenticator) Missing(detail string) error {
	return a.refused(&RefusalError{Kind: ErrMissing, rule: "missing", Detail: detail})
}

// Token authenticates by a token, whose bytes it does not keep.
func (a *Authenticator) Token(token []byte) (*Identity, error) {
	if id, ok := a.known.GetIfPresent(decode.View(token)); ok && a.now().Unix() < id.remembered && !id.withdrawn() {
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
func (a *Authenticator) verify(token []byte) (*Identity, error) {
	switch {
	case bytes.HasPrefix(token, []byte(KeyPrefix)):
		return a.keys.verify(token)
	case IsLink(token):
		return a.links.verify(token)
	}
	a.misses.Inc()
	kept := string(token)
	method := methodOf(kept)
	verifier := a.verifierOf(method)
	switch {
	case method == "":
		return nil, errMalformedToken
	case verifier == nil:
		return nil, refuseToken("method", "it is signed with %s, and what is taken here is %s", quoteShort(method), a.methods())
	}
	id, err := verifier.Verify(kept)
	if err != nil {
		return nil, err
	}
	if !id.Caller.Operator {
		id.Bucket = a.bucket(id.Caller.UserID)
	}
	id.remembered = min(id.Expires, a.now().Unix()+maxRemembered)
	a.known.Set(kept, id)
	return id, nil
}

// verifierOf returns the verifier that answers for a method now; nil if none does.
func (a *Authenticator) verifierOf(method string) Verifier {
	for _, verifier := range a.verifiers {
		if slices.Contains(verifier.Methods(), method) {
			return verifier
		}
	}
	return nil
}

func (a *Authenticator) methods() string {
	var methods []string
	for _, verifier := range a.verifiers {
		methods = append(methods, verifier.Methods()...)
	}
	if len(methods) == 0 {
		return "none"
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}

// RecheckIn returns after how long a live client's identity must be checked again: an
// API key or a board link may be revoked before it expires.
func (a *Authenticator) RecheckIn(id *Identity) time.Duration {
	left := time.Unix(id.Expires, 0).Sub(a.now())
	switch {
	case id.Key != "":
		left = min(left, keyringAge)
	case id.Link != nil:
		left = min(left, linkRecheck)
	}
	return left
}

// Recheck returns why a live client must end: the key that signed its token is
// withdrawn, its board link was revoked at this server or, if the time of RecheckIn is
// over (due), its token has expired, or its API key or board link is revoked, or that
// cannot be known. It is nil while the client may stay.
func (a *Authenticator) Recheck(id *Identity, due bool) error {
	switch {
	case id.Link != nil && (due || id.withdrawn()):
		return a.refused(id.holds())
	case id.withdrawn():
		return a.refused(refuseToken("withdrawn", "the key that signed the token was withdrawn"))
	case !due:
		return nil
	case id.Key == "":
		return a.refused(&RefusalError{Kind: ErrExpired, rule: "expired", Detail: "the token has expired"})
	}
	return a.refused(a.keys.holds(id))
}

// ForgetKeys has the API keys read again before the next use of one, after a change.
func (a *Authenticator) ForgetKeys() { a.keys.forget() }

// EndLink makes a board link void at once, after it was revoked.
func (a *Authenticator) EndLink(link competition.BoardLink) { a.links.end(link) }

// refused logs a refusal, and returns it. Every 401 passes here.
func (a *Authenticator) refused(err error) error {
	if refused, ok := errors.AsType[*RefusalError](err); ok && refused.rule != "" {
		a.refusals.note(refused.rule, refused.Detail)
	}
	return err
}
