package http

import (
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/http/internal/decode"
)

// shortcut leads to a busy route without Fiber, whose way there takes a fifth of
// what reading a board takes otherwise. It knows the route's path as it is mostly
// sent, and leaves every other way of writing it to Fiber.
type shortcut struct {
	route    *route
	counters *classes
	prefix   string // the path, up to its parameter
	open     bool   // whether a parameter follows
}

// shortcuts is how many rows of the table have one: the first ones, which Fiber
// would try first, too, so that no other route is passed over. A path has no
// parameter but one at its end.
const shortcuts = 3

func (s *Server) newShortcuts() (all [shortcuts]shortcut) {
	for i, r := range s.routes[:shortcuts] {
		prefix, _, open := strings.Cut(r.path, ":")
		all[i] = shortcut{route: r, counters: s.metrics.requests[r.operation], prefix: prefix, open: open}
	}
	return all
}

// match reports whether a request is for the route, and what its parameter is.
func (c *shortcut) match(method []byte, path string) (parameter string, ok bool) {
	if string(method) != c.route.method || !strings.HasPrefix(path, c.prefix) {
		return "", false
	}
	parameter = path[len(c.prefix):]
	if !c.open {
		return "", parameter == ""
	}
	return parameter, parameter != "" && strings.IndexByte(parameter, '/') < 0
}

// serve takes a request to its route. The page is what is to be sent instead of a
// body, if anything.
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
