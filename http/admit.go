package http

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"

	"github.com/valyala/fasthttp"
	"golang.org/x/time/rate"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// admit checks the token, the body's encoding and type, and its size.
func (s *Server) admit(c *call, tooLarge bool) error {
	if fromMachine(c.RequestCtx) {
		c.who = machine
	} else if c.route.access > guarded && (c.route.access != scraper || !s.mayScrape(c.RequestCtx)) {
		who, err := s.bearer(c.RequestCtx)
		if err != nil {
			return err
		}
		c.who = who
		if err := mayUse(c.route, who); err != nil && who.Link != nil { // for every other caller, bad requests are told of first
			return err
		}
		units := 1 + len(c.Request.Body())/bytesOfUnit + c.rows()/rowsOfUnit
		if err := s.payRequest(c.RequestCtx, who, units); err != nil {
			return err
		}
		c.paid = units
	}
	return admitForm(&c.Request.Header, tooLarge || len(c.Request.Body()) > 0, tooLarge)
}

// permit gives a handler the engine, once the request itself is known to be
// right: it is the only way there, so that no route forgets who may use it. bad is
// the error of the request itself, if any; it takes precedence (400 before 403).
func (s *Server) permit(c *call, bad error) (Engine, error) {
	if c.span == nil {
		return s.permitted(c, bad)
	}
	_, err := s.permitted(c, bad)
	c.admitted(err)
	if err != nil {
		return nil, err
	}
	return s.traced(c.span), nil
}

func (s *Server) permitted(c *call, bad error) (Engine, error) {
	switch {
	case bad != nil:
		return nil, bad
	case !c.who.May(c.route.scope):
		return nil, mayUse(c.route, c.who)
	case c.route.access >= operator && !c.who.Caller.Operator:
		return nil, kindForbidden.with("only operators may do this")
	case c.route.access == machineOnly && c.who != machine:
		return nil, kindForbidden.with("only `paceboard ctl` on the server's machine may do this")
	case c.route.changes() && c.who.Anonymous:
		return nil, kindForbidden.with("an anonymous user may only read")
	}
	if err := s.refuseChange(c.route); err != nil {
		return nil, err
	}
	return s.engine, nil
}

// refuseChange returns the refusal of a route that changes data while the server is
// read-only.
func (s *Server) refuseChange(r *route) error {
	mode := s.readOnly.Load()
	if mode == nil || !r.changesData() {
		return nil
	}
	return kindReadOnly.with(mode.message)
}

// errScope refuses an API key that lacks the scope of an operation.
var errScope = kindForbidden.with("the API key lacks the required scope")

// mayUse returns why a caller may not use a route, or nil.
func mayUse(r *route, who *auth.Identity) error {
	switch {
	case who.May(r.scope):
		return nil
	case who.Link != nil:
		return errLink
	default:
		return errScope
	}
}

// bearer identifies a caller by the Authorization header.
func (s *Server) bearer(ctx *fasthttp.RequestCtx) (*auth.Identity, error) {
	header := ctx.Request.Header.PeekCanonical(headerAuthorization)
	if token, ok := auth.TokenOf(header); ok {
		return s.identify(ctx, token)
	}
	return s.auth.Bearer(header)
}

// identify identifies a caller by a token. The code of a board link costs a unit before
// anybody looks for it, whether there is such a link or not.
func (s *Server) identify(ctx *fasthttp.RequestCtx, token []byte) (*auth.Identity, error) {
	if auth.IsLink(token) {
		if err := s.users.take(ctx, s.linkBucket(ctx), 1, 0); err != nil {
			return nil, err
		}
	}
	return s.auth.Token(token)
}

// payRequest takes the units of a request whose caller was identified.
func (s *Server) payRequest(ctx *fasthttp.RequestCtx, who *auth.Identity, units int) error {
	if who.Link != nil {
		units-- // see identify
	}
	return s.users.take(ctx, s.bucketOf(ctx, who), units, 0)
}

// bucketOf returns the bucket of a caller's requests; nil without a limit.
func (s *Server) bucketOf(ctx *fasthttp.RequestCtx, who *auth.Identity) *rate.Limiter {
	if who.Link == nil {
		return who.Bucket
	}
	return s.linkBucket(ctx)
}

// linkBucket returns the bucket of requests by board links, which are held to a user's rate
// by their address; nil without a limit.
func (s *Server) linkBucket(ctx *fasthttp.RequestCtx) *rate.Limiter {
	return s.users.of("board link " + s.limits.clientAddress(ctx).String()) // no user's id has a space
}

// readOwnList reads a request for a page of a list of the path's user: the place
// after which the page begins, as after reads it, and how many rows it may have.
// A bad request (400) goes before what the caller may not see (403).
func readOwnList[P any](s *Server, c *call, after func(*decode.Query) P) (engine Engine, userID string, place P, limit int, err error) {
	if userID, err = c.userID(); err != nil {
		return nil, "", place, 0, err
	}
	q := c.query()
	place, limit = after(&q), q.Limit()
	if err = q.Err(); err == nil {
		err = c.ownData(userID)
	}
	engine, err = s.permit(c, err)
	return engine, userID, place, limit, err
}

// readPerson returns the user named in the path, and the engine if the caller is that
// user or an operator.
func (s *Server) readPerson(c *call) (engine Engine, userID string, err error) {
	if userID, err = c.userID(); err == nil {
		err = c.ownData(userID)
	}
	engine, err = s.permit(c, err)
	return engine, userID, err
}

// mayScrape reports whether a request may see the metrics without a user's token: because
// they are open to everyone, or by METRICS_TOKEN.
func (s *Server) mayScrape(ctx *fasthttp.RequestCtx) bool {
	if s.openMetrics || s.metricsElsewhere { // in the latter case the handler answers that they are not here
		return true
	}
	token, _ := auth.TokenOf(ctx.Request.Header.PeekCanonical(headerAuthorization))
	wanted := *s.metricsToken.Load()
	return wanted != nil && subtle.ConstantTimeCompare(hashed(string(token)), wanted) == 1
}

// hashed is the hash of a secret, so that comparing takes as long for each; nil
// for none.
func hashed(secret string) []byte {
	if secret == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// admitBody refuses a body by the header fields before it, in the order in which
// clients may rely on it: 401, 415, 413. What is under /api needs a token, whether
// there is a route or not; nothing else takes a body, so none is received there.
// The user is the one whose share the body is of: empty for operators and API keys,
// who send for many.
func (s *Server) admitBody(header *fasthttp.RequestHeader) (user string, err error) {
	tooLarge := header.ContentLength() > s.bodies.limit(header)
	if isUnderAPI(header) {
		field := header.PeekCanonical(headerAuthorization)
		if token, _ := auth.TokenOf(field); auth.IsLink(token) { // nothing that takes one takes a body, so it is not looked for
			return "", errLink
		}
		who, err := s.auth.Bearer(field)
		if err != nil {
			return "", err
		}
		if !who.Caller.Operator {
			user = who.Caller.UserID
		}
	} else if header.ContentLength() != chunked {
		tooLarge = true
	}
	return user, admitForm(header, true, tooLarge)
}

// throttleClient holds a client's address to its rate, before anything is known
// of who it is.
func (s *Server) throttleClient(ctx *fasthttp.RequestCtx) error {
	if s.clients.pace.Load() == nil || fromMachine(ctx) {
		return nil
	}
	return s.clients.take(ctx, s.clients.of(s.limits.clientAddress(ctx)), 1, 0)
}

// charge takes what a request costs beyond what every request costs. Handlers change
// nothing before it succeeds.
func (s *Server) charge(c *call, units int) error {
	if units == 0 || c.who == nil {
		return nil
	}
	err := s.users.take(c.RequestCtx, c.who.Bucket, units, c.paid)
	if err == nil {
		c.paid += units
	}
	return err
}

// chargeRows takes what a request costs for the rows that it has read.
func (s *Server) chargeRows(c *call, rows int) {
	s.users.owe(c.RequestCtx, c.who.Bucket, rows/rowsOfUnit)
}

// payFor charges for reports. A tie that was read to count them costs as much as a
// report, whether they are accepted or not: refusing reports to very many
// competitions takes about as long.
func (s *Server) payFor(c *call) competition.Pay {
	return func(writes, ties int) error {
		looking := ties / writesOfUnit
		s.users.owe(c.RequestCtx, c.who.Bucket, looking)
		c.paid += looking
		if writes > maxWrites {
			return errTooMuch
		}
		return s.charge(c, max(writes/writesOfUnit-looking, 0))
	}
}

// rows returns about how many rows a request asks for, as far as it says.
func (c *call) rows() (n int) {
	if len(c.URI().QueryString()) == 0 {
		return 0
	}
	q := c.query()
	if limit, ok := q.OnlyLimit(); ok {
		return limit
	}
	n = q.Integer("limit", 1, decode.MaxLimit, 0)
	return max(n, 2*q.Integer("radius", 0, decode.MaxRadius, 0)) // the handler reports what is wrong with them
}

// errTooMuch is returned for a request that not even operators may send.
var errTooMuch = kindTooMuch.with(fmt.Sprintf("the request amounts to more than %d reports, each counted once for every competition that it goes to: %s", maxWrites, sendLess))
