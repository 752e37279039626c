package http

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/valyala/fasthttp"
)

// getMetrics answers in Prometheus' text format, or its binary one if the scraper
// prefers that.
func (s *Server) getMetrics(c *call) error {
	switch {
	case s.metricsElsewhere && c.UserValue(operationsKey) == nil:
		return kindNotFound.with("the metrics are at METRICS_ADDRESS")
	case c.who != nil:
		if _, err := s.permit(c, nil); err != nil {
			return err
		}
	}
	format := formatFor(string(c.Request.Header.Peek("Accept")))
	text, err := s.scrape.gather(s.metrics.registry, s.now(), format)
	if err != nil {
		return err
	}
	c.Response.Header.SetContentType(string(format))
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	c.Response.SetBodyRaw(text)
	return nil
}

// operationsKey marks requests of ServeOperations.
const operationsKey = "operations"

// ServeOperations answers /metrics, without a token, and /health* on a listener
// of their own, until Shutdown, and then returns nil; the listener is closed. It
// takes few connections and is meant for a network that only operators can reach.
func (s *Server) ServeOperations(listener net.Listener) error {
	server := &fasthttp.Server{
		Handler: s.handleOperations, ErrorHandler: s.malformed, Logger: fasthttpLog{s.log}, SecureErrorLogMessage: true,
		Concurrency: maxOperations, ReadBufferSize: maxHeaderBytes, MaxRequestBodySize: refuseBody,
		ReadTimeout: operationsTime, WriteTimeout: operationsTime, IdleTimeout: 2 * time.Minute, // scrapes are a minute apart
		ReduceMemoryUsage: true, CloseOnShutdown: true, NoDefaultServerHeader: true, GetOnly: true,
	}
	stop := context.AfterFunc(s.serving, func() { _ = server.Shutdown() })
	defer stop()
	if err := server.Serve(listener); err != nil && s.serving.Err() == nil {
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	}
	return nil
}

const (
	maxOperations  = 64
	operationsTime = 10 * time.Second
)

// handleOperations handles the paths for operators, and refuses all others.
func (s *Server) handleOperations(ctx *fasthttp.RequestCtx) {
	path := pathOf(ctx.Request.Header.RequestURI())
	if string(path) != "/metrics" && !isHealth(path) {
		s.setHeaders(ctx)
		s.refuse(ctx, kindNotFound.with("this address serves only /metrics and /health"))
		return
	}
	ctx.SetUserValue(operationsKey, true)
	s.handle(ctx)
}
