package http

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// TestWhoSeesTheMetrics: besides what TestWhoMayDoWhat says of users and keys.
func TestWhoSeesTheMetrics(t *testing.T) {
	open := newBench(t, func(o *Options) { o.OpenMetrics = true })
	require.Equal(t, 200, open.do(t, "GET", "/metrics", "").status)

	b := newBench(t)
	require.Equal(t, 401, b.do(t, "GET", "/metrics", "").status)
	require.Equal(t, 401, b.do(t, "GET", "/metrics", "", bearer(metricsToken+"x")).status)
	require.Equal(t, 200, b.do(t, "GET", "/metrics", "", bearer(metricsToken)).status)
	require.Equal(t, 401, b.do(t, "GET", "/health/detailed", "", bearer(metricsToken)).status, "it opens nothing else")

	none := newBench(t, func(o *Options) { o.MetricsToken = "" })
	require.Equal(t, 401, none.do(t, "GET", "/metrics", "").status)
	require.Equal(t, 401, none.do(t, "GET", "/metrics", "", header{"Authorization", "Bearer "}).status)
	require.Equal(t, 200, none.do(t, "GET", "/metrics", "", bearer(authtest.Operator(t))).status)
}

// TestTheMetricsAreGatheredOnceASecond: however often they are asked for.
func TestTheMetricsAreGatheredOnceASecond(t *testing.T) {
	b := newBench(t)
	health := func() string {
		text := b.do(t, "GET", "/metrics", "", bearer(metricsToken)).body
		_, rest, _ := strings.Cut(text, "\n"+`paceboard_http_requests_total{operation="getLiveness",status="2xx"} `)
		count, _, _ := strings.Cut(rest, "\n")
		b.do(t, "GET", "/health/live", "")
		return count
	}
	require.Equal(t, "0", health())
	require.Equal(t, "0", health())
	b.now = b.now.Add(scrapeAge - time.Millisecond)
	require.Equal(t, "0", health())
	b.now = b.now.Add(time.Millisecond)
	require.Equal(t, "3", health())
	b.now = b.now.Add(-time.Hour)
	require.Equal(t, "4", health(), "a clock that was set back does not keep them")
}

// TestMetricsAtAnAddressOfTheirOwn: there without a token, with the health and
// nothing else, and not where clients are.
func TestMetricsAtAnAddressOfTheirOwn(t *testing.T) {
	b := newBench(t, func(o *Options) { o.MetricsElsewhere = true })
	address := listening(t, b)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- b.ServeOperations(listener) }()
	ask := func(address, target string) (int, string) {
		conn := tcp(t, address)
		_, err := io.WriteString(conn, target+" HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		status, body, _ := final(t, bufio.NewReader(conn))
		return status, body
	}
	for target, want := range map[string]int{
		"GET /metrics": 200, "GET /metrics?x=1": 200, "GET /health": 200, "GET /health/live": 200, "GET /health/ready": 200, "GET /health/detailed": 401,
		"GET /": 404, "GET /docs": 404, "GET /api/v1/competitions": 404, "GET /healthy": 404, "GET /ws/leaderboard/spring": 404, "POST /api/v1/fitness/sync": 400,
	} {
		status, body := ask(listener.Addr().String(), target)
		require.Equal(t, want, status, "%s: %s", target, body)
	}
	for target, want := range map[string]int{"GET /metrics": 404, "GET /health": 200, "GET /docs": 200} {
		status, body := ask(address, target)
		require.Equal(t, want, status, "%s: %s", target, body)
	}
	require.Equal(t, 404, b.do(t, "GET", "/metrics", "", bearer(metricsToken)).status)
	require.NoError(t, b.Shutdown(context.WithoutCancel(t.Context())))
	require.NoError(t, <-done)
}
