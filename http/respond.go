package http

import (
	"log/slog"
	"runtime/debug"
	"strconv"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/http/internal/auth"
)

// setHeaders gives a response the header fields that all responses have.
func (s *Server) setHeaders(ctx *fasthttp.RequestCtx) {
	setFixedHeaders(&ctx.Response.Header)
	s.setRequestHeaders(ctx)
}

// setFixedHeaders sets those that are the same for all responses.
func setFixedHeaders(header *fasthttp.ResponseHeader) {
	header.SetCanonical(headerContentTypeOptions, valueNoSniff)
	header.SetCanonical(headerReferrerPolicy, valueNoReferrer)
}

// setRequestHeaders sets those that depend on the request: its id, and which pages
// may see the response.
func (s *Server) setRequestHeaders(ctx *fasthttp.RequestCtx) {
	var buffer [requestIDRoom]byte
	ctx.Response.Header.SetCanonical(headerRequestID, s.ids.of(&ctx.Request.Header, buffer[:0]))
	s.origins.allow(ctx)
}

// refuse answers with the problem of err.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, err error) {
	p, known := problemOf(err)
	s.metrics.refuse(p)
	id := ctx.Response.Header.PeekCanonical(headerRequestID)
	s.refusals.note(p, id)
	if !known {
		s.log.LogAttrs(ctx, slog.LevelError, "request failed", slog.String("request_id", string(id)), slog.Any("error", err))
	}
	header := &ctx.Response.Header
	ctx.SetStatusCode(p.kind.status)
	header.SetContentType("application/problem+json")
	header.SetCanonical(headerCacheControl, valueNoStore)
	header.DelBytes(headerETag)
	if p.kind.status == fasthttp.StatusUnauthorized {
		challenge := `Bearer realm="paceboard"`
		if p.kind != kindMissingToken {
			challenge += `, error="invalid_token"` // RFC 6750, section 3.1
		}
		header.Set("WWW-Authenticate", challenge)
	}
	if seconds := p.retry(); seconds > 0 {
		header.Set("Retry-After", strconv.Itoa(seconds))
	}
	body := appendProblem(nil, p)
	if !known {
		body = append(body[:len(body)-1], `,"request_id":`...)
		body = append(appendString(body, string(id)), '}')
	}
	ctx.Response.SetBodyRaw(body)
}

// survive reports a panic outside a request's handler, in a live client or an export
// that is being streamed; it ends that one alone.
func (s *Server) survive(fault any) {
	if fault != nil {
		s.metrics.panics.Inc()
		s.log.Error("a live client or an export panicked", "panic", fault, "stack", string(debug.Stack()))
	}
}

// answered counts and logs a request that has its answer; page is what is sent instead of
// a body, if anything, and trace the id of its trace.
func (s *Server) answered(ctx *fasthttp.RequestCtx, o *outcomes, who *auth.Identity, page []byte, trace string) {
	o.count(ctx)
	s.access.note(ctx, o.operation, who, page, trace)
}

// answeredUnrouted is answered for a request that no route took.
func (s *Server) answeredUnrouted(ctx *fasthttp.RequestCtx) {
	s.answered(ctx, s.metrics.unrouted, nil, nil, "")
}

// answeredUnread is answered for a request that no handler saw.
func (s *Server) answeredUnread(ctx *fasthttp.RequestCtx) {
	s.metrics.unrouted.unread(ctx)
	s.access.note(ctx, s.metrics.unrouted.operation, nil, nil, "")
}
