package http

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/http/internal/auth"
)

// scrapeAge is how old the metrics may be that are shown: gathering them costs
// more than most requests.
const scrapeAge = time.Second

// scrape is the metrics in Prometheus' text format, as they were a moment ago.
type scrape struct {
	mu   sync.Mutex
	at   time.Time
	text []byte // never changed
}

// getMetrics answers in Prometheus' text format.
func (s *Server) getMetrics(c *call) error {
	switch {
	case s.metricsElsewhere && c.UserValue(operationsKey) == nil:
		return kindNotFound.with("the metrics are at METRICS_ADDRESS")
	case c.who != nil:
		if _, err := s.permit(c); err != nil {
			return err
		}
	}
	text, err := s.gather()
	if err != nil {
		return err
	}
	c.Response.Header.SetContentType(string(expfmt.NewFormat(expfmt.TypeTextPlain)))
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	c.Response.SetBodyRaw(text)
	return nil
}

// gather returns the metrics, which are gathered at most once in scrapeAge.
func (s *Server) gather() ([]byte, error) {
	s.scrape.mu.Lock()
	defer s.scrape.mu.Unlock()
	now := s.now()
	if age := now.Sub(s.scrape.at); s.scrape.text != nil && age >= 0 && age < scrapeAge {
		return s.scrape.text, nil
	}
	families, err := s.metrics.registry.Gather()
	if err != nil {
		return nil, fmt.Errorf("gather the metrics: %w", err)
	}
	var text bytes.Buffer
	encoder := expfmt.NewEncoder(&text, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			return nil, fmt.Errorf("write the metrics: %w", err)
		}
	}
	s.scrape.at, s.scrape.text = now, text.Bytes()
	return s.scrape.text, nil
}

// mayScrape reports whether a request may see the metrics though nobody's token
// says so: where they are open to all, or by METRICS_TOKEN.
func (s *Server) mayScrape(ctx *fasthttp.RequestCtx) bool {
	if s.openMetrics || s.metricsElsewhere { // in the latter case it is told that they are not here
		return true
	}
	token, _ := auth.TokenOf(ctx.Request.Header.PeekCanonical(headerAuthorization))
	return s.metricsToken != nil && subtle.ConstantTimeCompare(hashed(string(token)), s.metricsToken) == 1
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

// operationsKey marks requests of ServeOperations.
const operationsKey = "operations"

// ServeOperations answers /metrics, without a token, and /health* on a listener
// of their own, until Shutdown, and then returns nil; the listener is closed. It
// takes few connections and is meant for a network that only operators reach.
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

// handleOperations passes on what is there for operators.
func (s *Server) handleOperations(ctx *fasthttp.RequestCtx) {
	path := pathOf(ctx.Request.Header.RequestURI())
	if string(path) != "/metrics" && !isHealth(path) {
		s.dress(ctx)
		s.refuse(ctx, kindNotFound.with("here are /metrics and /health alone"))
		return
	}
	ctx.SetUserValue(operationsKey, true)
	s.handle(ctx)
}

// isHealth reports whether a path is one of those that tell of the server's health.
func isHealth(path []byte) bool {
	return string(path) == "/health" || bytes.HasPrefix(path, []byte("/health/"))
}
