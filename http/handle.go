package http

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/http/internal/listen"
)

// handle handles every request, from its first step to its last.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	defer s.recover(ctx)
	s.metrics.inFlight.Inc()
	defer s.metrics.inFlight.Dec()
	arrived := s.bodies.arrivalOf(&ctx.Request.Header)
	if arrived != nil {
		arrived.arrived.Store(true)
		defer s.bodies.release(&ctx.Request.Header)
	}
	s.setRequestHeaders(ctx)
	var page []byte
	if err := s.refusalAtOnce(ctx, arrived); err != nil {
		s.refuse(ctx, err)
		s.answeredUnrouted(ctx)
	} else {
		page = s.serve(ctx)
	}
	s.metrics.size(ctx, page)
	if page == nil { // a page has them
		setFixedHeaders(&ctx.Response.Header)
	}
	if s.letGo.Load() && ctx.Response.StatusCode() != fasthttp.StatusSwitchingProtocols {
		ctx.SetConnectionClose()
	}
	listen.HandOver(ctx, page)
}

// refusalAtOnce returns why a request does not reach the routes.
func (s *Server) refusalAtOnce(ctx *fasthttp.RequestCtx, arrived *arrival) error {
	if err := isHTTP1(&ctx.Request.Header); err != nil {
		listen.EndSlowly(ctx)
		return err
	}
	if err := s.throttleClient(ctx); err != nil {
		return err
	}
	switch {
	case arrived != nil && arrived.refusal != nil:
		return arrived.refusal
	case !isKnown(ctx.Method()):
		ctx.Response.Header.Set("Allow", strings.Join(knownMethods, ", "))
		return kindMethod.with("the server does not know this HTTP method")
	}
	return nil
}

// recover answers for a handler that panicked.
func (s *Server) recover(ctx *fasthttp.RequestCtx) {
	if fault := recover(); fault != nil {
		s.metrics.panics.Inc()
		s.log.LogAttrs(ctx, slog.LevelError, "handler panicked", slog.Any("panic", fault), slog.String("stack", string(debug.Stack())))
		ctx.Response.ResetBody()
		setFixedHeaders(&ctx.Response.Header)
		s.refuse(ctx, fmt.Errorf("panic: %v", fault))
		s.answeredUnread(ctx)
	}
}

// expected answers a client that asks by Expect: 100-continue whether to send its
// body (RFC 9110, section 10.1.1).
func (s *Server) expected(ctx *fasthttp.RequestCtx) (status int) {
	header := &ctx.Request.Header
	var refusal error
	if a := s.bodies.arrivalOf(header); a != nil {
		refusal = a.refusal
	} else if header.ContentLength() > 0 {
		_, refusal = s.admitBody(header)
	}
	if refusal == nil {
		return fasthttp.StatusContinue
	}
	s.refuseUnread(ctx, refusal)
	return ctx.Response.StatusCode()
}

// malformed answers a request that could not be read whole.
func (s *Server) malformed(ctx *fasthttp.RequestCtx, err error) {
	a := s.bodies.arrivalOf(&ctx.Request.Header)
	if a != nil {
		a.restore(&ctx.Request.Header)
	}
	var network interface{ Timeout() bool }
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge) && a != nil && a.refusal != nil:
		err = a.refusal
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		err = errTooLarge
	case errors.As(err, new(*fasthttp.ErrSmallBuffer)):
		err = kindHeaders.with("the request line and the header fields may be up to 8 KiB together")
	case errors.As(err, &network) && network.Timeout():
		err = kindTimeout.with("the request did not arrive in time")
	default:
		err = kindBadRequest.with("the request cannot be read")
	}
	s.refuseUnread(ctx, err)
}

// refuseUnread refuses a request that no handler sees, and whose body may still be
// arriving: the connection ends, but not before the client could read why.
func (s *Server) refuseUnread(ctx *fasthttp.RequestCtx, err error) {
	s.bodies.release(&ctx.Request.Header)
	s.setHeaders(ctx)
	if tooMany := s.throttleClient(ctx); tooMany != nil {
		err = tooMany
	}
	s.refuse(ctx, err)
	s.answeredUnread(ctx)
	listen.EndSlowly(ctx)
}
