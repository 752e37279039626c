package http

import (
	"bufio"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/http/internal/listen"
)

// fillUp opens as many idle connections as the server takes.
func fillUp(t *testing.T, b *bench, address string) {
	t.Helper()
	for range b.maxConnections {
		conn := tcp(t, address)
		_, err := io.WriteString(conn, "GET /openapi.yaml HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\n\r\n")
		require.NoError(t, err)
		status, _, _ := final(t, bufio.NewReader(conn))
		require.Equal(t, 304, status)
	}
}

// TestHealthIsAnsweredBeyondAllConnections: and nothing else is, however many are
// silent there.
func TestHealthIsAnsweredBeyondAllConnections(t *testing.T) {
	b := newBench(t, func(o *Options) { o.MaxConnections = 5 })
	address := listening(t, b)
	fillUp(t, b, address)
	for range 3 * listen.MaxReserve {
		tcp(t, address) // and says nothing
	}
	ask := func(target string) (int, string) {
		conn := tcp(t, address)
		_, err := io.WriteString(conn, target+" HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		status, body, header := final(t, bufio.NewReader(conn))
		require.NotEmpty(t, header.Get("X-Request-Id"))
		return status, body
	}
	var all sync.WaitGroup
	for target, want := range map[string]int{
		"GET /health": 200, "GET /health/live": 200, "GET /health/ready": 200, "GET /health/detailed": 401, "GET /healthy": 503,
		"GET /api/v1/competitions": 503, "GET /metrics": 503, "GET /": 503, "POST /health": 503,
	} {
		all.Go(func() {
			began := time.Now()
			status, body := ask(target)
			if status != want {
				t.Errorf("%s answered %d: %s", target, status, body)
			}
			if took := time.Since(began); took > reserveTime {
				t.Errorf("%s took %s", target, took)
			}
		})
	}
	all.Wait()

	silent := tcp(t, address)
	status, body, _ := final(t, bufio.NewReader(silent))
	require.Equal(t, 503, status, "after a moment")
	require.Contains(t, body, `"code":"overloaded"`)
}
