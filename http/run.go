package http

import (
	"bytes"
	"errors"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/http/internal/decode"
	"github.com/paceboard/paceboard/internal/tracing"
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
func (s *Server) run(c *call, counters *outcomes) (page []byte) {
	r := c.route
	c.span = s.tracer.Begin(c.Request.Header.PeekCanonical(headerTraceParent), r.operation, tracing.Server, c.Time())
	err := s.admit(c, len(c.Request.Body()) > r.limit())
	if err == nil {
		err = r.handle(s, c)
	} else {
		c.admitted(err)
	}
	if err != nil {
		s.refuse(c.RequestCtx, err)
		c.page = nil
	}
	page = c.page
	if c.who != nil && (c.who.Caller.Operator && r.audited() || c.erase != noErasure) {
		s.audit(c)
	}
	s.answered(c.RequestCtx, counters, c.who, page, c.span.TraceID())
	c.endSpan()
	if cap(c.out) > maxKeptReply {
		c.out = nil
	}
	*c = call{out: c.out}
	s.calls.Put(c)
	return page
}

// admitted ends the first step of a request that is traced: whether it may be carried out.
func (c *call) admitted(err error) {
	c.span.ChildAt("admission", tracing.Internal, c.Time()).End(err)
}

// endSpan ends the span of a request that is traced.
func (c *call) endSpan() {
	if c.span == nil {
		return
	}
	status := c.Response.StatusCode()
	c.span.SetText("http.request.method", c.route.method)
	c.span.SetText("http.route", c.route.path)
	c.span.SetNumber("http.response.status_code", int64(status))
	c.span.SetText("paceboard.request.id", string(c.Response.Header.PeekCanonical(headerRequestID)))
	if status >= fasthttp.StatusInternalServerError { // others are the client's mistakes
		c.span.Fail("the request failed")
	}
	c.span.End(nil)
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

// noRoute answers requests that no route takes.
func (s *Server) noRoute(f *fiber.Ctx, err error) error {
	ctx := f.Context()
	var refused *fiber.Error
	if !errors.As(err, &refused) {
		s.refuse(ctx, err)
		s.answeredUnrouted(ctx)
		return nil
	}
	misfit := refused.Code == fiber.StatusMethodNotAllowed // Fiber has set Allow
	if misfit && string(ctx.Method()) == fiber.MethodOptions {
		s.origins.preflight(ctx)
		ctx.SetStatusCode(fiber.StatusNoContent)
		s.answeredUnrouted(ctx)
		return nil
	}
	if found := s.assets[string(ctx.Path())]; !misfit && found != nil && (ctx.IsGet() || ctx.IsHead()) {
		found.serve(ctx)
		s.answeredUnrouted(ctx)
		return nil
	}
	s.refuse(ctx, s.refusalOf(unrouted(ctx), misfit))
	s.answeredUnrouted(ctx)
	return nil
}

// refusalOf returns why no route takes a call.
func (s *Server) refusalOf(c *call, misfit bool) error {
	if err := s.admit(c, false); err != nil {
		return err
	}
	if misfit {
		return kindMethod.with("see the Allow header for the methods that are supported")
	}
	return kindNotFound.with("see /docs for the API")
}

// unrouted returns a call that no route takes; under /api it still needs a token.
func unrouted(ctx *fasthttp.RequestCtx) *call {
	r := &route{method: string(ctx.Method()), access: public}
	if bytes.HasPrefix(ctx.URI().PathOriginal(), apiPrefix) {
		r.access = athlete
	}
	return &call{RequestCtx: ctx, route: r}
}

// getAsset answers with the asset at the route's path.
func (s *Server) getAsset(c *call) error {
	found := s.assets[c.route.path]
	if found == nil {
		return kindNotFound.with("this server has no web page; see /docs for the API")
	}
	found.serve(c.RequestCtx)
	return nil
}
