package http

import (
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/http/internal/decode"
)

// handlerOf makes Fiber's handler of a route. It refuses in the order that clients
// may rely on: 401, 415, 413; the route's handler goes on with 400, 403 and
// what the engine finds.
func (s *Server) handlerOf(r *route) fiber.Handler {
	counters := s.metrics.requests[r.operation]
	return func(f *fiber.Ctx) error {
		c, _ := s.calls.Get().(*call)
		c.RequestCtx, c.fiber, c.route = f.Context(), f, r
		s.run(c, counters)
		return nil
	}
}

// run runs a call, and counts it. The page is what the handler wants to be sent instead
// of a body.
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

func (s *Server) newShortcuts(table []*route) (all [shortcuts]shortcut) {
	for i, r := range table[:shortcuts] {
		prefix, _, open := strings.Cut(r.path, ":")
		all[i] = shortcut{route: r, counters: s.metrics.requests[r.operation], prefix: prefix, open: open}
	}
	return all
}

// serve runs the call of a request. The page, if any, is to be sent instead of a body.
func (s *Server) serve(ctx *fasthttp.RequestCtx) (page []byte) {
	method, path := ctx.Method(), decode.View(ctx.URI().PathOriginal())
	for i := range s.shortcuts {
		way := &s.shortcuts[i]
		if parameter, ok := way.match(method, path); ok {
			c, _ := s.calls.Get().(*call)
			c.RequestCtx, c.last, c.route = ctx, parameter, way.route
			return s.run(c, way.counters)
		}
	}
	s.fiber(ctx)
	return nil
}
