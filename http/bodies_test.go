package http

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// tcp is a connection to the server with a deadline, closed after the test.
func tcp(tb testing.TB, address string) *net.TCPConn {
	tb.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = conn.Close() })
	require.NoError(tb, conn.SetDeadline(time.Now().Add(20*time.Second)))
	dialled, ok := conn.(*net.TCPConn)
	require.True(tb, ok)
	return dialled
}

// final is the next answer on a connection that is no 1xx, with its body.
func final(tb testing.TB, reader *bufio.Reader) (status int, body string, header http.Header) {
	tb.Helper()
	for {
		response, err := http.ReadResponse(reader, nil)
		require.NoError(tb, err)
		text, err := io.ReadAll(response.Body)
		require.NoError(tb, err)
		require.NoError(tb, response.Body.Close())
		if response.StatusCode >= 200 {
			return response.StatusCode, string(text), response.Header
		}
	}
}

// TestABodyIsRefusedByItsHeaderFields: before the first byte of it is there, and
// with everything that a browser needs to read why.
func TestABodyIsRefusedByItsHeaderFields(t *testing.T) {
	b := newBench(t, func(o *Options) { o.AllowedOrigins = []string{"*"} })
	address := listening(t, b)
	const page = "Host: x\r\nOrigin: https://app.example\r\nX-Request-Id: mine\r\n"
	auth := "Authorization: Bearer " + authtest.User(t, "u1") + "\r\n"
	bad := "Authorization: Bearer " + authtest.User(t, "u1") + "x\r\n"
	large := "Content-Length: 1048576\r\n\r\n"
	for _, c := range []struct {
		rule, request string
		status        int
		code          string
	}{
		{"an address that contains the batch's", "POST /metrics?/fitness/sync/batch HTTP/1.1\r\n" + page + large, 413, "body_too_large"},
		{"the same below /api", "POST /api/v1/x?/api/v1/fitness/sync/batch HTTP/1.1\r\n" + page + large, 401, "missing_token"},
		{"a batch without a token", "POST /api/v1/fitness/sync/batch HTTP/1.1\r\n" + page + large, 401, "missing_token"},
		{"a batch with a bad token", "POST /api/v1/fitness/sync/batch HTTP/1.1\r\n" + page + bad + large, 401, "invalid_token"},
		{"a batch of another address with it", "POST http://x/api/v1/fitness/sync/batch HTTP/1.1\r\n" + page + bad + large, 401, "invalid_token"},
		{"a sync without a token", "POST /api/v1/fitness/sync HTTP/1.1\r\n" + page + "Content-Length: 16384\r\n\r\n", 401, "missing_token"},
		{"a sync that is too large", "POST /api/v1/fitness/sync HTTP/1.1\r\n" + page + auth + "Content-Length: 16385\r\n\r\n", 413, "body_too_large"},
		{"a batch that is too large", "POST /api/v1/fitness/sync/batch HTTP/1.1\r\n" + page + auth + "Content-Length: 1048577\r\n\r\n", 413, "body_too_large"},
		{"PUT of a batch", "PUT /api/v1/fitness/sync/batch HTTP/1.1\r\n" + page + auth + large, 413, "body_too_large"},
		{"a body within the limit where none is taken", "POST /metrics HTTP/1.1\r\n" + page + "Content-Length: 16384\r\n\r\n", 413, "body_too_large"},
		{"GET with a large body", "GET /health HTTP/1.1\r\n" + page + large, 413, "body_too_large"},
		{"an encoded batch", "POST /api/v1/fitness/sync/batch HTTP/1.1\r\n" + page + auth + "Content-Encoding: gzip\r\n" + large, 415, "unsupported_encoding"},
		{"a form", "POST /api/v1/fitness/sync/batch HTTP/1.1\r\n" + page + auth + "Content-Type: text/plain\r\n" + large, 415, "unsupported_media_type"},
		{"chunks without a token, the first of them large", "POST /api/v1/fitness/sync/batch HTTP/1.1\r\n" + page + "Transfer-Encoding: chunked\r\n\r\nfffff\r\n", 401, "missing_token"},
		{"a chunk that is too large", "POST /api/v1/fitness/sync/batch HTTP/1.1\r\n" + page + auth + "Transfer-Encoding: chunked\r\n\r\nffffff\r\n", 413, "body_too_large"},
		{"a chunk of the size of a body where none is taken", "POST /metrics HTTP/1.1\r\n" + page + "Transfer-Encoding: chunked\r\n\r\n3ff0\r\n", 413, "body_too_large"},
		{"a small body that asks first", "POST /api/v1/fitness/sync HTTP/1.1\r\n" + page + "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n", 401, "missing_token"},
		{"a large body that asks first", "POST /api/v1/fitness/sync/batch HTTP/1.1\r\n" + page + "Expect: 100-continue\r\n" + large, 401, "missing_token"},
		{"a body that asks first, too large", "POST /api/v1/fitness/sync HTTP/1.1\r\n" + page + auth + "Expect: 100-continue\r\n" + large, 413, "body_too_large"},
		{"chunks that ask first", "POST /api/v1/fitness/sync HTTP/1.1\r\n" + page + bad + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n", 401, "invalid_token"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			conn := tcp(t, address)
			began := time.Now()
			_, err := io.WriteString(conn, c.request)
			require.NoError(t, err)
			reader := bufio.NewReader(conn)
			status, body, header := final(t, reader)
			require.Equal(t, c.status, status, body)
			require.Less(t, time.Since(began), 5*time.Second, "without waiting for the body")
			assert.Contains(t, body, `"code":"`+c.code+`"`)
			assert.Equal(t, "mine", header.Get("X-Request-Id"))
			assert.Equal(t, "*", header.Get("Access-Control-Allow-Origin"))
			_, err = reader.ReadByte()
			assert.ErrorIs(t, err, io.EOF, "nothing else is answered")
		})
	}
	require.Eventually(t, func() bool { return b.bodies.reserved.Load() == 0 && b.bodies.arriving.Load() == 0 }, 5*time.Second, time.Millisecond)
	require.Empty(t, b.engine.called())
}

// TestMemoryBeforeATokenFollowsTheBytes: many who announce a large body, and send
// none of it, cost no more than their header fields.
func TestMemoryBeforeATokenFollowsTheBytes(t *testing.T) {
	address := listening(t, newBench(t))
	const clients = 200
	for _, request := range []string{
		"POST /metrics?/fitness/sync/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n",
		"POST /api/v1/fitness/sync/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n",
		"POST /api/v1/fitness/sync/batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		readers := make([]*bufio.Reader, clients)
		for i := range readers {
			conn := tcp(t, address)
			_, err := io.WriteString(conn, request)
			require.NoError(t, err)
			readers[i] = bufio.NewReader(conn)
		}
		for _, reader := range readers {
			_, err := reader.ReadByte() // the server has decided
			require.NoError(t, err)
		}
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(clients*(64<<10)), request)
	}
}

// TestBodiesShareMemory: beyond it 503, whoever asks; it comes back when a body
// was answered, or its connection broke.
func TestBodiesShareMemory(t *testing.T) {
	b := newBench(t, func(o *Options) { o.MaxBodiesMemory, o.ReadTimeout = batchBodyLimit+8<<10, 2*time.Second })
	address := listening(t, b)
	auth := "Host: x\r\nAuthorization: Bearer " + authtest.Operator(t) + "\r\n"
	body := `{"syncs":[]}` + strings.Repeat(" ", 100<<10)
	announced := "POST /api/v1/fitness/sync/batch HTTP/1.1\r\n" + auth + "Content-Length: 1048576\r\n\r\n"
	inChunks := "POST /api/v1/fitness/sync/batch HTTP/1.1\r\n" + auth + "Transfer-Encoding: chunked\r\n\r\n2\r\n{ \r\n"
	asksFirst := "POST /api/v1/fitness/sync/batch HTTP/1.1\r\n" + auth + "Expect: 100-continue\r\nContent-Length: 1048576\r\n\r\n"
	whole := "POST /api/v1/fitness/sync/batch HTTP/1.1\r\n" + auth + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
	small := "POST /api/v1/fitness/sync HTTP/1.1\r\n" + auth + "Content-Length: " + strconv.Itoa(len(hotBody)) + "\r\n\r\n" + hotBody
	ask := func(request string) (int, string) {
		conn := tcp(t, address)
		_, err := io.WriteString(conn, request)
		require.NoError(t, err)
		status, answer, header := final(t, bufio.NewReader(conn))
		assert.Equal(t, status == 503, header.Get("Retry-After") != "")
		return status, answer
	}
	for _, begun := range []string{announced, inChunks, asksFirst} {
		require.Eventually(t, func() bool {
			status, _ := ask(whole)
			return status == 200
		}, 10*time.Second, 20*time.Millisecond)
		holder := tcp(t, address)
		_, err := io.WriteString(holder, begun)
		require.NoError(t, err)
		require.Eventually(t, func() bool { return b.bodies.reserved.Load() == batchBodyLimit }, 5*time.Second, time.Millisecond)
		status, answer := ask(whole)
		require.Equal(t, 503, status, answer)
		require.Contains(t, answer, `"code":"overloaded"`)
		status, answer = ask(strings.Replace(whole, "Content-Length", "Expect: 100-continue\r\nContent-Length", 1))
		require.Equal(t, 503, status, answer)
		status, answer = ask(small)
		require.Equal(t, 200, status, answer)
		require.NoError(t, holder.Close())
	}
	require.Eventually(t, func() bool {
		status, _ := ask(whole)
		return status == 200
	}, 10*time.Second, 20*time.Millisecond)
}

// TestAUserHasAShareOfTheMemoryForBodies: whoever begins many batches and ends none
// is refused beyond it, and others go on; what was begun is forgotten with its end.
func TestAUserHasAShareOfTheMemoryForBodies(t *testing.T) {
	b := newBench(t, func(o *Options) { o.MaxBodiesMemory, o.ReadTimeout = 64<<20, 2*time.Second }) // 4 MiB for each
	address := listening(t, b)
	begin := func(user, end string) *tcpClient {
		c := &tcpClient{conn: tcp(t, address)}
		c.reader = bufio.NewReader(c.conn)
		_, err := io.WriteString(c.conn, "POST /api/v1/fitness/sync/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+user+"\r\n"+end)
		require.NoError(t, err)
		return c
	}
	underWay := func() int64 {
		b.bodies.mu.Lock()
		defer b.bodies.mu.Unlock()
		return b.bodies.users["mallory"]
	}
	const large, inChunks = "Content-Length: 1048576\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n2\r\n{ \r\n"
	mallory := authtest.User(t, "mallory")
	var begun []*tcpClient
	for i := range 4 {
		begun = append(begun, begin(mallory, []string{large, inChunks}[i%2]))
	}
	require.Eventually(t, func() bool { return underWay() == 4<<20 }, 5*time.Second, time.Millisecond)
	again := authtest.Mint(t, secret, map[string]any{"sub": "mallory", "jti": "2"})
	for _, beyond := range []string{large, inChunks, "Expect: 100-continue\r\n" + large} {
		status, answer, header := final(t, begin(again, beyond).reader)
		require.Equal(t, 429, status, answer)
		require.Contains(t, answer, `"code":"rate_limited"`)
		require.Equal(t, "1", header.Get("Retry-After"))
	}
	body := `{"syncs":[]}` + strings.Repeat(" ", 1<<20-12)
	whole := fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	for _, token := range []string{authtest.User(t, "ada"), authtest.Operator(t)} {
		status, answer, _ := final(t, begin(token, whole).reader)
		require.Equal(t, 200, status, answer)
	}
	require.NoError(t, begun[0].conn.Close())
	require.Eventually(t, func() bool { // its connection broke, or its time is over
		status, _, _ := final(t, begin(mallory, whole).reader)
		return status == 200
	}, 10*time.Second, 20*time.Millisecond)
	for _, c := range begun {
		_ = c.conn.Close()
	}
	require.Eventually(t, func() bool {
		final(t, begin(authtest.User(t, "ada"), whole).reader) // looks after what broke
		b.bodies.mu.Lock()
		defer b.bodies.mu.Unlock()
		return len(b.bodies.users) == 0
	}, 10*time.Second, 100*time.Millisecond)

	for range 40 { // operators send for many
		begun = append(begun, begin(authtest.Operator(t), large))
	}
	require.Eventually(t, func() bool { return b.bodies.reserved.Load() == 40<<20 }, 5*time.Second, time.Millisecond)
}

// TestOneBatchIsAlwaysTaken: however small a user's share is.
func TestOneBatchIsAlwaysTaken(t *testing.T) {
	large := largeBodies(routes())
	require.EqualValues(t, batchBodyLimit, newBodies(2<<20, time.Second, large, nil).mostOfUser)
	require.EqualValues(t, 16<<20, newBodies(256<<20, time.Second, large, nil).mostOfUser)
}

// tcpClient is a connection and what it is read by.
type tcpClient struct {
	conn   net.Conn
	reader *bufio.Reader
}

// TestWhatWasDecidedAboutBodiesIsForgotten: also where connections break in
// between, of which fasthttp does not always tell.
func TestWhatWasDecidedAboutBodiesIsForgotten(t *testing.T) {
	b := newBench(t, func(o *Options) { o.ReadTimeout = 100 * time.Millisecond })
	address := listening(t, b)
	const begun = "POST /api/v1/fitness/sync/batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
	breakOff := func(end string) {
		conn := tcp(t, address)
		_, err := io.WriteString(conn, begun+end)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
	}
	for range 50 {
		breakOff("\r\n")
		breakOff("Expect: 100-continue\r\n\r\n")
		breakOff("Authorization: Bearer " + authtest.User(t, "u1") + "\r\n\r\n1\r\n{\r\n")
	}
	// The next body sweeps away what is older than bodies.within. Those of this loop
	// are further apart than that, so that they do not count themselves: a connection
	// that breaks is forgotten earlier only if fasthttp happens to take its context
	// again, and under the race detector sync.Pool drops contexts at random.
	require.Eventually(t, func() bool {
		breakOff("\r\n")
		return b.bodies.arriving.Load() <= 3 && b.bodies.reserved.Load() == 0
	}, 20*time.Second, b.bodies.within+100*time.Millisecond)
}

// TestA413IsReadHoweverTheBodyIsSent: by clients that send all of it before they
// read a byte, on connections that have been answered and those that have not.
func TestA413IsReadHoweverTheBodyIsSent(t *testing.T) {
	address := listening(t, newBench(t))
	head := "POST /api/v1/fitness/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + authtest.User(t, "u1") + "\r\n"
	ways := map[string]func(w io.Writer, body string) error{
		"whole": func(w io.Writer, body string) error {
			_, err := fmt.Fprintf(w, "%sContent-Length: %d\r\n\r\n%s", head, len(body), body)
			return err
		},
		"in pieces": func(w io.Writer, body string) error {
			_, err := fmt.Fprintf(w, "%sContent-Length: %d\r\n\r\n", head, len(body))
			for len(body) > 0 && err == nil {
				n := min(len(body), 4000)
				_, err = io.WriteString(w, body[:n])
				body = body[n:]
			}
			return err
		},
		"chunked": func(w io.Writer, body string) error {
			_, err := io.WriteString(w, head+"Transfer-Encoding: chunked\r\n\r\n")
			for len(body) > 0 && err == nil {
				n := min(len(body), 5000)
				_, err = fmt.Fprintf(w, "%x\r\n%s\r\n", n, body[:n])
				body = body[n:]
			}
			_, last := io.WriteString(w, "0\r\n\r\n")
			return errors.Join(err, last)
		},
		"asking first and not waiting": func(w io.Writer, body string) error {
			_, err := fmt.Fprintf(w, "%sExpect: 100-continue\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body)
			return err
		},
	}
	for name, send := range ways {
		for _, size := range []int{bodyLimit + 1, 64 << 10, 1<<20 + 1, 5 << 20} {
			body := strings.Repeat(" ", size)
			for try := range 6 {
				conn := tcp(t, address)
				reader := bufio.NewReader(conn)
				if try%2 == 1 {
					_, err := io.WriteString(conn, "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
					require.NoError(t, err)
					status, _, _ := final(t, reader)
					require.Equal(t, 200, status)
				}
				require.NoError(t, send(conn, body), "%s, %d bytes", name, size)
				status, answer, _ := final(t, reader)
				require.Equal(t, 413, status, "%s, %d bytes: %s", name, size, answer)
				require.Contains(t, answer, `"code":"body_too_large"`)
			}
		}
	}
}

// TestWhatIsNotHTTP1IsRefused: versions and codings that are none.
func TestWhatIsNotHTTP1IsRefused(t *testing.T) {
	address := listening(t, newBench(t))
	const get, post = "GET /health/live HTTP/1.1\r\nHost: x\r\n", "POST /api/v1/fitness/sync HTTP/1.1\r\nHost: x\r\n"
	hidden := "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
	for rule, request := range map[string]string{
		"HTTP/9.9":                          "GET /health/live HTTP/9.9\r\nHost: x\r\n\r\n",
		"HTTP/9.9 that keeps":               "GET /health/live HTTP/9.9\r\nHost: x\r\nConnection: keep-alive\r\n\r\n" + hidden,
		"HTTP/2.0":                          "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"HTTP/1.2":                          "GET /health/live HTTP/1.2\r\nHost: x\r\n\r\n",
		"GET with identity":                 get + "Transfer-Encoding: identity\r\n\r\n" + hidden,
		"GET with identity, in other words": get + "transfer-encoding: Identity \r\n\r\n" + hidden,
		"POST with identity":                post + "Transfer-Encoding: identity\r\n\r\n" + hidden,
		"identity and a length":             post + "Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}" + hidden,
		"identity and the length 0":         post + "Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n" + hidden,
	} {
		t.Run(rule, func(t *testing.T) {
			conn := tcp(t, address)
			_, err := io.WriteString(conn, request)
			require.NoError(t, err)
			reader := bufio.NewReader(conn)
			status, body, _ := final(t, reader)
			require.Equal(t, 400, status, body)
			require.Contains(t, body, `"code":"bad_request"`)
			_, err = reader.ReadByte()
			require.ErrorIs(t, err, io.EOF, "what may be hidden is not answered")
		})
	}
	for rule, request := range map[string]string{
		"HTTP/1.0":                         "GET /health/live HTTP/1.0\r\n\r\n",
		"chunked":                          get + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"CHUNKED":                          get + "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n",
		"a header field that begins alike": get + "Transfer-Encodings: identity\r\nTE: identity\r\n\r\n",
	} {
		conn := tcp(t, address)
		_, err := io.WriteString(conn, request)
		require.NoError(t, err)
		status, body, _ := final(t, bufio.NewReader(conn))
		require.Equal(t, 200, status, "%s: %s", rule, body)
	}
}
