package http

import (
	"bytes"
	"errors"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// noRoute answers requests that no route takes.
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
	s.refuse(ctx, s.refusalOf(unrouted(ctx), misfit))
	s.metrics.unrouted.count(ctx.Response.StatusCode())
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
