package http

import (
	"bytes"
	"math/rand/v2"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// mutants are good requests from which broken ones are made.
func mutants(tb testing.TB) [][]byte {
	tb.Helper()
	token := authtest.User(tb, "u1")
	var all [][]byte
	for _, r := range routes() {
		if r.access == guarded {
			continue // what is live has no end; see the live tests
		}
		request := sample(tb, r)
		all = append(all, rawRequest(r.method, request.target, token, request.body))
	}
	return append(all,
		rawRequest("POST", "/api/v1/fitness/sync", token, hotBody),
		rawRequest("GET", "/api/v1/leaderboard/spring?around=u2&radius=3", token, ""),
		rawRequest("GET", "/api/v1/competitions?status=active&cursor="+decode.ListedCursor(decode.CursorListed, competition.ListPlace{Start: 1, ID: "a"})+"&limit=5", token, ""),
		[]byte("POST /api/v1/fitness/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+token+"\r\nTransfer-Encoding: chunked\r\n\r\n3c\r\n"+
			`{"competition_id":"spring","steps":1.000,"date":"2026-05-01"}`[:60]+"\r\n0\r\n\r\n"),
	)
}

// mutate breaks a request in a few places.
func mutate(random *rand.Rand, request []byte, others [][]byte) []byte {
	bad := bytes.Clone(request)
	for range 1 + random.IntN(4) {
		at := random.IntN(len(bad))
		switch random.IntN(7) {
		case 0:
			bad[at] = byte(random.IntN(256))
		case 1:
			bad = append(bad[:at], bad[min(len(bad), at+1+random.IntN(8)):]...)
		case 2:
			bad = append(bad[:at:at], append([]byte(splinters[random.IntN(len(splinters))]), bad[at:]...)...)
		case 3:
			bad = bad[:at+1]
		case 4:
			other := others[random.IntN(len(others))]
			bad = append(bad[:at:at], other[random.IntN(len(other)):]...)
		case 5:
			end := min(len(bad), at+random.IntN(20))
			bad = append(bad[:end:end], bad[at:]...)
		case 6:
			bad[at] ^= 1 << random.IntN(8)
		}
		if len(bad) == 0 {
			return []byte{0}
		}
	}
	return bad
}

var splinters = []string{
	"\r\n", "\n", "\x00", "\xff", "%", "%00", "%2f", "..", "/", "?", "&", "{", "}", "[", "]", `"`, `\u0000`, `\ud800`, "null", "1e999", "-", "NaN", "9223372036854775808",
	"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Content-Encoding: gzip\r\n", "Host: y\r\n", "Authorization: Bearer x\r\n", "Expect: 100-continue\r\n", "HTTP/1.0", ":", " ", "\t",
}

var answerLine = regexp.MustCompile(`^HTTP/1\.1 (\d{3}) `)

// However a request is broken, it gets an answer of ours or none, and never 500.
func TestMutatedRequests(t *testing.T) {
	b := newBench(t, withPage)
	all := mutants(t)
	random := rand.New(rand.NewPCG(1, 2))
	const requests = 10_000
	statuses := map[int]int{}
	for i := range requests {
		request := mutate(random, all[i%len(all)], all)
		conn := &oneShot{endless: endless{request: request, left: 1}}
		_ = b.app.Server().ServeConn(conn) // its error is about the request
		if conn.answer.Len() == 0 {
			continue
		}
		answer := bytes.TrimPrefix(conn.answer.Bytes(), []byte("HTTP/1.1 100 Continue\r\n\r\n"))
		line := answerLine.FindSubmatch(answer)
		require.NotNil(t, line, "%q\nanswered %q", request, answer)
		status, err := strconv.Atoi(string(line[1]))
		require.NoError(t, err)
		statuses[status]++
		require.NotEqual(t, 500, status, "%q\nanswered %q", request, answer)
		require.Contains(t, string(answer), "X-Request-Id: ")
		if status >= 400 {
			require.Contains(t, string(answer), "application/problem+json", "%q", request)
		}
	}
	t.Log(statuses)
	require.Greater(t, statuses[200]+statuses[201], requests/25, "some survive")
	require.Greater(t, statuses[400], requests/20, "many do not")
}

// oneShot is a connection with one piece of input, which keeps what is answered.
type oneShot struct {
	endless

	answer bytes.Buffer
}

func (c *oneShot) Write(p []byte) (int, error) { return c.answer.Write(p) }

// FuzzServer looks for requests that break the whole stack.
func FuzzServer(f *testing.F) {
	for _, request := range mutants(f) {
		f.Add(request)
	}
	b := newBench(f, withPage)
	f.Fuzz(func(t *testing.T, request []byte) {
		conn := &oneShot{endless: endless{request: request, left: 1}}
		_ = b.app.Server().ServeConn(conn)
		require.False(t, bytes.HasPrefix(conn.answer.Bytes(), []byte("HTTP/1.1 500")), "%q", request)
	})
}
