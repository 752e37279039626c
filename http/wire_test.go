package http

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// listening serves on a real socket, and returns where.
func listening(tb testing.TB, b *bench) string {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	done := make(chan error, 1)
	go func() { done <- b.Serve(listener) }()
	tb.Cleanup(func() {
		require.NoError(tb, b.Shutdown(context.WithoutCancel(tb.Context())))
		require.NoError(tb, <-done)
	})
	return listener.Addr().String()
}

// wire sends bytes as they are and returns all answers until the server closes.
func wire(tb testing.TB, address, request string) string {
	tb.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(tb, err)
	defer conn.Close()
	require.NoError(tb, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, request)
	if err != nil {
		return "" // closed on us while we were still talking
	}
	answer, _ := io.ReadAll(conn) // a reset after the answer is fine
	return string(answer)
}

func TestOnTheWire(t *testing.T) {
	b := newBench(t, func(o *Options) { o.ReadTimeout, o.IdleTimeout = 300*time.Millisecond, 300*time.Millisecond })
	address := listening(t, b)
	auth := "Authorization: Bearer " + authtest.User(t, "u1") + "\r\n"
	good := `{"competition_id":"spring","steps":1,"date":"2026-05-01"}`
	smuggled := "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
	sync := "POST /api/v1/fitness/sync HTTP/1.1\r\nHost: x\r\n" + auth
	batch := "POST /api/v1/fitness/sync/batch HTTP/1.1\r\nHost: x\r\n" + auth

	for _, c := range []struct {
		rule, request string
		status        string // of the only answer; empty for none
		code          string
	}{
		{"a good sync", sync + fmt.Sprintf("Content-Length: %d\r\nConnection: close\r\n\r\n", len(good)) + good, "200", ""},
		{"a good sync in chunks", sync + fmt.Sprintf("Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(good), good), "200", ""},
		{"two Content-Lengths", sync + fmt.Sprintf("Content-Length: 0\r\nContent-Length: %d\r\n\r\n", len(smuggled)) + smuggled, "400", "bad_request"},
		{"the same Content-Length twice", sync + fmt.Sprintf("Content-Length: %d\r\nContent-Length: %d\r\n\r\n", len(good), len(good)) + good, "400", "bad_request"},
		{"Content-Length and Transfer-Encoding", sync + fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", len(smuggled)) + smuggled, "400", "bad_request"},
		{"Transfer-Encoding and Content-Length", sync + "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n" + smuggled, "400", "bad_request"},
		{"an unknown Transfer-Encoding", sync + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled, "400", "bad_request"},
		{"a Content-Length that is no number", sync + "Content-Length: +5\r\n\r\n" + smuggled, "400", "bad_request"},
		{"a space before the colon", "GET /health HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\n" + smuggled, "400", "bad_request"},
		{"chunked twice", sync + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, "400", "bad_request"},
		{"chunked, and something after it", sync + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + smuggled, "400", "bad_request"},
		{"a Transfer-Encoding with a tab before it", sync + "Transfer-Encoding:\tchunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n" + smuggled, "400", "bad_request"},
		{"a chunk whose size is no number", sync + "Transfer-Encoding: chunked\r\n\r\n-5\r\n" + smuggled, "400", "bad_request"},
		{"a chunk that is longer than it says", sync + "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n" + smuggled, "400", "bad_request"},
		{"a header field with a zero byte", "GET /health HTTP/1.1\r\nHost: x\r\nX-A: \x00\r\n\r\n", "400", "bad_request"},
		{"no Host", "GET /health HTTP/1.1\r\n\r\n", "400", "bad_request"},
		{"two Hosts", "GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400", "bad_request"},
		{"bare line feeds end no line", "GET /health HTTP/1.1\nHost: x\n\n", "408", "request_timeout"},
		{"something that is not HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400", "bad_request"},
		{"header fields beyond 8 KiB", "GET /health HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 9<<10) + "\r\n\r\n", "431", "headers_too_large"},
		{"three thousand header fields", "GET /health HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("a:\r\n", 3000) + "\r\n", "431", "headers_too_large"},
		{"trailers beyond 8 KiB", sync + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("X-A: a\r\n", 2000) + "\r\n", "431", "headers_too_large"},
		{"an address beyond 8 KiB", "GET /" + strings.Repeat("a", 9<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", "431", "headers_too_large"},
		{"a body beyond 16 KiB, told ahead", sync + "Content-Length: 16385\r\n\r\n", "413", "body_too_large"},
		{"a body beyond 16 KiB, in chunks", sync + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1000\r\n"+strings.Repeat(" ", 4096)+"\r\n", 5) + "0\r\n\r\n", "413", "body_too_large"},
		{"a body of all there is", sync + "Content-Length: 9223372036854775807\r\n\r\n", "413", "body_too_large"},
		{"a batch beyond 1 MiB", batch + "Content-Length: 1048577\r\n\r\n", "413", "body_too_large"},
		{"a large body without a token", "POST /api/v1/fitness/sync HTTP/1.1\r\nHost: x\r\nContent-Length: 16385\r\n\r\n", "401", "missing_token"},
		{"a large encoded body", sync + "Content-Encoding: gzip\r\nContent-Length: 16385\r\n\r\n", "415", "unsupported_encoding"},
		{"a large form", sync + "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 16385\r\n\r\n", "415", "unsupported_media_type"},
		{"an encoded body is not inflated", sync + "Content-Encoding: gzip\r\nContent-Length: 2\r\nConnection: close\r\n\r\n\x1f\x8b", "415", "unsupported_encoding"},
		{"a large body that asks first", sync + "Expect: 100-continue\r\nContent-Length: 16385\r\n\r\n", "413", "body_too_large"},
		{"a body that stops half way", sync + "Content-Length: 100\r\n\r\n{", "408", "request_timeout"},
		{"header fields that stop half way", "GET /health HTTP/1.1\r\nHost: x\r\nX-A", "408", "request_timeout"},
		{"a connection that is kept but not used", "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", "200", ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			answer := wire(t, address, c.request)
			answer = strings.TrimPrefix(answer, "HTTP/1.1 100 Continue\r\n\r\n")
			require.Equal(t, 1, strings.Count(answer, "HTTP/1.1 "), "one answer: %q", answer)
			assert.True(t, strings.HasPrefix(answer, "HTTP/1.1 "+c.status), answer)
			response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil)
			require.NoError(t, err)
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			response.Body.Close()
			assert.NotEmpty(t, response.Header.Get("X-Request-Id"))
			assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
			if c.code != "" {
				assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
				assert.Contains(t, string(body), `"code":"`+c.code+`"`)
				assert.True(t, response.Close || c.status[0] != '4' || strings.Contains(c.request, "Connection: close"), "a request that may hide another ends the connection")
			}
		})
	}
}

// TestASlowlorisIsCutOff: ReadTimeout is for the whole request, however slowly it
// keeps coming.
func TestASlowlorisIsCutOff(t *testing.T) {
	const timeout = 300 * time.Millisecond
	b := newBench(t, func(o *Options) { o.ReadTimeout = timeout })
	address := listening(t, b)
	sync := "POST /api/v1/fitness/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + authtest.User(t, "u1") + "\r\n"
	for _, c := range []struct{ rule, begin, drip string }{
		{"a request line that never ends", "", "X"},
		{"header fields that never end", "GET /health HTTP/1.1\r\nHost: x\r\n", "X-A: a\r\n"},
		{"a body that never ends", sync + "Content-Length: 10000\r\n\r\n{", " "},
		{"chunks that never end", sync + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n"},
		{"a body that was asked for", sync + "Expect: 100-continue\r\nContent-Length: 10000\r\n\r\n", " "},
		{"trailers that never end", sync + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X-A: a\r\n"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			began := time.Now()
			answer := drip(t, address, c.begin, c.drip)
			assert.Less(t, time.Since(began), timeout+2*time.Second)
			assert.Contains(t, answer, "HTTP/1.1 408 ")
			assert.Contains(t, answer, `"code":"request_timeout"`)
		})
	}
}

// drip sends a beginning, and then more and more until the server has enough.
func drip(tb testing.TB, address, begin, more string) (answer string) {
	tb.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(tb, err)
	defer conn.Close()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for text := begin; ; text = more {
			if _, err := io.WriteString(conn, text); err != nil {
				return
			}
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	}()
	require.NoError(tb, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	all, _ := io.ReadAll(conn)
	return string(all)
}

// TestABombIsNotInflated: 16 KiB that would be 16 MiB are refused at the cost of
// any small request.
func TestABombIsNotInflated(t *testing.T) {
	b := newBench(t)
	b.do(t, "GET", "/health", "") // reads openapi.yaml
	var bomb bytes.Buffer
	for name, pack := range map[string]func(io.Writer) io.WriteCloser{
		"gzip":    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
	} {
		bomb.Reset()
		w := pack(&bomb)
		_, err := w.Write(make([]byte, 15<<20))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		require.Less(t, bomb.Len(), bodyLimit)
		for _, path := range []string{"/api/v1/fitness/sync", "/api/v1/fitness/sync/batch", "/nothing"} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r := b.do(t, "POST", path, bomb.String(), bearer(authtest.User(t, "u1")), header{"Content-Encoding", name})
			runtime.ReadMemStats(&after)
			if path != "/nothing" {
				assert.Equal(t, 415, r.status, name)
			}
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "%s to %s", name, path)
		}
	}
}

// TestMoreConnectionsThanAllowedAreTurnedAway: they are told why and when to come
// again, sockets count, and who leaves makes room.
func TestMoreConnectionsThanAllowedAreTurnedAway(t *testing.T) {
	b := newLiveServer(t, func(o *Options) { o.MaxConnections = 2 })
	const request = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
	first, err := net.Dial("tcp", b.address)
	require.NoError(t, err)
	defer first.Close()
	_, err = io.WriteString(first, request)
	require.NoError(t, err)
	_, err = bufio.NewReader(first).ReadString('\n')
	require.NoError(t, err)
	socket := b.watching(t, "")

	for range 3 {
		answer := wire(t, b.address, "GET /api/v1/competitions HTTP/1.1\r\nHost: x\r\n\r\n"+strings.Repeat("x", 64<<10)) // which nobody reads
		response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
		require.Equal(t, "1", response.Header.Get("Retry-After"))
		require.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
		require.NotEmpty(t, response.Header.Get("X-Request-Id"))
		require.True(t, response.Close)
		require.Contains(t, string(body), `"code":"overloaded"`)
	}
	require.Contains(t, b.scraped(t).body, `paceboard_http_requests_total{operation="none",status="5xx"} 3`)

	require.NoError(t, socket.conn.Close())
	require.Equal(t, "spring", <-b.live.left)
	const last = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	require.Eventually(t, func() bool { return strings.Contains(wire(t, b.address, last), "200 OK") },
		5*time.Second, 10*time.Millisecond, "its place is free as soon as the server has closed it")
}

func TestShutdownWaitsForWhatIsUnderWay(t *testing.T) {
	b := newBench(t)
	under, release := make(chan struct{}), make(chan struct{})
	b.engine.submit = func(string, *competition.SubmitSync) (competition.SyncReply, error) {
		close(under)
		<-release
		return competition.SyncReply{Rank: 1, Total: 1}, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- b.Serve(listener) }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	body := `{"competition_id":"spring","steps":1,"date":"2026-05-01"}`
	_, err = io.WriteString(conn, "POST /api/v1/fitness/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+authtest.User(t, "u1")+
		fmt.Sprintf("\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", len(body))+body)
	require.NoError(t, err)
	<-under

	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, b.Shutdown(short), context.DeadlineExceeded, "while one is under way")
	require.NoError(t, <-served, "nobody new comes in")
	close(release)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.Contains(t, string(answer), "200 OK")
	require.NoError(t, b.Shutdown(t.Context()))
}
