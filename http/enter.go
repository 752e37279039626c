package http

import (
	"bytes"
	"errors"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// call is one request on its way through a route. Calls are used again: nothing
// of one may be kept.
type call struct {
	*fasthttp.RequestCtx

	fiber *fiber.Ctx // nil where a shortcut led here
	last  string     // the parameter at the path's end, then; lies in the request's buffer
	route *route
	who   *auth.Identity // nil on public routes
	out   []byte         // the reply as it is being written
	page  []byte         // the reply, with header fields of its own, if it is ready made
	named string         // the user whom the body named instead of the caller
	paid  int            // units

	form decode.Sync
	sync competition.SubmitSync
}

// maxKeptReply is how large a reply's buffer may be to be used again.
const maxKeptReply = 64 << 10

// enter makes Fiber's handler of a route. It refuses in the order that clients
// may rely on: 401, 415, 413; the route's handler goes on with 400, 403 and
// what the engine finds.
func (s *Server) enter(r *route) fiber.Handler {
	counters := s.metrics.requests[r.operation]
	return func(f *fiber.Ctx) error {
		c, _ := s.calls.Get().(*call)
		c.RequestCtx, c.fiber, c.route = f.Context(), f, r
		s.run(c, counters)
		return nil
	}
}

// run takes a call through its route, and counts it. The page is what the handler
// left to be sent instead of a body.
func (s *Server) run(c *call, counters *classes) (page []byte) {
	r := c.route
	err := s.admit(c, len(c.Request.Body()) > r.limit())
	if err == nil {
		err = r.handle(s, c)
	}
	if err != nil {
		s.refuse(c.RequestCtx, err)
		c.page = nil
	}
	page = c.page
	if c.who != nil && c.who.Caller.Operator && r.audited {
		s.audit(c)
	}
	counters.count(c.Response.StatusCode())
	if cap(c.out) > maxKeptReply {
		c.out = nil
	}
	*c = call{out: c.out}
	s.calls.Put(c)
	return page
}

// admit checks the token, the body's encoding and type, and its size.
func (s *Server) admit(c *call, tooLarge bool) error {
	if c.route.access > guarded && (c.route.access != scraper || !s.mayScrape(c.RequestCtx)) {
		who, err := s.auth.Bearer(c.Request.Header.PeekCanonical(headerAuthorization))
		if err != nil {
			return err
		}
		c.who = who
		units := 1 + len(c.Request.Body())/bytesOfUnit + c.rows()/rowsOfUnit
		if err := s.users.take(c.RequestCtx, who.Bucket, units, 0); err != nil {
			return err
		}
		c.paid = units
	}
	return admitForm(&c.Request.Header, tooLarge || len(c.Request.Body()) > 0, tooLarge)
}

// isJSON reports whether a Content-Type is JSON's, whatever its parameters: JSON
// is UTF-8 (RFC 8259, section 8.1), and the media type defines none. Having no
// Content-Type is fine.
func isJSON(contentType []byte) bool {
	const media = "application/json"
	if len(contentType) == 0 || string(contentType) == media {
		return true
	}
	name, _, _ := bytes.Cut(contentType, []byte(";"))
	return bytes.EqualFold(bytes.TrimSpace(name), []byte(media))
}

// permit gives a handler the engine, once the request itself is known to be
// right: it is the only way there, so that no route forgets who may use it.
func (s *Server) permit(c *call) (Engine, error) {
	switch {
	case !c.who.May(c.route.scope):
		return nil, errScope
	case c.route.access >= operator && !c.who.Caller.Operator:
		return nil, kindForbidden.with("this is for operators")
	case c.route.changes() && c.who.Anonymous:
		return nil, kindForbidden.with("an anonymous user may only read")
	}
	return s.engine, nil
}

// errScope refuses an API key that lacks the scope of an operation.
var errScope = kindForbidden.with("the API key lacks the required scope")

// ownData refuses to let a user near another's data.
func (c *call) ownData(userID string) error {
	if userID != c.who.Caller.UserID && !c.who.Caller.Operator {
		return kindForbidden.with("the user_id is not the token's, and the caller is no operator")
	}
	return nil
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
	if err == nil {
		engine, err = s.permit(c)
	}
	return engine, userID, place, limit, err
}

// readPerson is the user whom the path names, and the engine if the caller may
// speak for that user.
func (s *Server) readPerson(c *call) (engine Engine, userID string, err error) {
	if userID, err = c.userID(); err == nil {
		err = c.ownData(userID)
	}
	if err == nil {
		engine, err = s.permit(c)
	}
	return engine, userID, err
}

// userIDOf is the user that a request is about: the one named, or the caller. A
// service key must name one.
func (c *call) userIDOf(named []byte) (string, error) {
	caller := c.who.Caller.UserID
	switch {
	case len(named) == 0 && caller == "":
		return "", kindInvalidRequest.listing([]competition.FieldError{{Field: "user_id", Detail: "must be there: a service key speaks for no user"}})
	case len(named) == 0 || string(named) == caller:
		return caller, nil
	}
	c.named = string(named)
	return c.named, nil
}

// query is the request's query; it lies in the request's buffer.
func (c *call) query() decode.Query { return decode.NewQuery(decode.View(c.URI().QueryString())) }

// competitionID is the competition of the path, copied.
func (c *call) competitionID() (string, error) {
	id, err := c.competitionInPath()
	return strings.Clone(id), err
}

// competitionInPath is the same; it lies in the request's buffer.
func (c *call) competitionInPath() (string, error) {
	id, ok := decode.Unescape(c.parameter("competition_id"), false)
	if !ok || !competition.ValidID(id) {
		return "", kindInvalidRequest.listing([]competition.FieldError{{Field: "competition_id", Detail: decode.BadCompetitionID}})
	}
	return id, nil
}

// parameter is a parameter of the path, as it was sent; it lies in the request's
// buffer.
func (c *call) parameter(name string) string {
	if c.fiber == nil {
		return c.last // the only one that there may be: see shortcut
	}
	return c.fiber.Params(name)
}

// userID is the user of the path, copied.
func (c *call) userID() (string, error) {
	id, ok := decode.Unescape(c.parameter("user_id"), false)
	if !ok || !competition.ValidUserID(id) {
		return "", kindInvalidRequest.listing([]competition.FieldError{{Field: "user_id", Detail: decode.BadUserID}})
	}
	return strings.Clone(id), nil
}

// reply answers with JSON, which is copied.
func (c *call) reply(status int, body []byte) {
	c.SetStatusCode(status)
	c.Response.Header.SetContentTypeBytes(valueJSON)
	c.SetBody(body)
}

// noRoute answers what no route took.
func (s *Server) noRoute(f *fiber.Ctx, err error) error {
	ctx := f.Context()
	var refused *fiber.Error
	if !errors.As(err, &refused) {
		s.refuse(ctx, err)
		return nil
	}
	misfit := refused.Code == fiber.StatusMethodNotAllowed // Fiber has set Allow
	if misfit && string(ctx.Method()) == fiber.MethodOptions {
		s.origins.preflight(ctx)
		ctx.SetStatusCode(fiber.StatusNoContent)
		return nil
	}
	if found := s.assets[string(ctx.Path())]; !misfit && found != nil && (ctx.IsGet() || ctx.IsHead()) {
		found.serve(ctx)
		s.metrics.unrouted.count(ctx.Response.StatusCode())
		return nil
	}
	s.refuse(ctx, s.refusalOf(s.stranger(ctx), misfit))
	s.metrics.unrouted.count(ctx.Response.StatusCode())
	return nil
}

// refusalOf is why no route takes a call.
func (s *Server) refusalOf(stranger *call, misfit bool) error {
	if err := s.admit(stranger, false); err != nil {
		return err
	}
	if misfit {
		return kindMethod.with("see Allow for the methods that do")
	}
	return kindNotFound.with("see /docs for what there is")
}

// stranger is a call that no route takes: what is under /api needs a token all
// the same.
func (s *Server) stranger(ctx *fasthttp.RequestCtx) *call {
	r := &route{method: string(ctx.Method()), access: public}
	if bytes.HasPrefix(ctx.URI().PathOriginal(), apiPrefix) {
		r.access = athlete
	}
	return &call{RequestCtx: ctx, route: r}
}
