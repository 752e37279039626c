package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// malformed is how many requests are sent in all: a sample, or many under SOAK.
func malformed(t *testing.T) int64 {
	t.Helper()
	if soak(t) > 0 {
		return 500_000
	}
	return 2_500
}

// mutate returns a valid request, damaged somewhere: bytes changed, dropped,
// doubled, or text put in that parsers stumble over.
func mutate(random *rand.Rand, request string) string {
	b := []byte(request)
	for range 1 + random.IntN(4) {
		i := random.IntN(len(b))
		switch random.IntN(5) {
		case 0:
			b[i] = byte(random.IntN(256))
		case 1:
			b = append(b[:i], b[min(i+1+random.IntN(20), len(b)):]...)
		case 2:
			j := min(i+random.IntN(40), len(b))
			b = append(b[:j], append([]byte(string(b[i:j])), b[j:]...)...)
		default:
			nasty := []string{
				`"`, `{`, `}`, `[`, `\u0000`, `\ud800`, "\xff", `1e999`, `-1`, `9007199254740993`, `null`, `NaN`, "\r\n", "\x00",
				`,"steps":1`, `%00`, `%zz`, `../`, `?limit=0`, `&limit=-1`, "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n",
				"Content-Encoding: gzip\r\n", "Expect: 100-continue\r\n", strings.Repeat("a", 300), strings.Repeat("[", 200), `1.234567890123456789`,
			}
			b = append(b[:i], append([]byte(nasty[random.IntN(len(nasty))]), b[i:]...)...)
		}
		if len(b) == 0 {
			return "\r\n"
		}
	}
	return string(b)
}

func TestMalformedRequestsChangeNothingAndBreakNothing(t *testing.T) {
	inParallel(t)
	s := startServer(t, t.TempDir(), "--rate-limit-user", "0") // else most are refused unread
	// The caller is an athlete who takes no part and cannot without an invitation:
	// whatever a damaged request still manages to say, nothing may change by it.
	s.createSpring("calm", `"enrollment":"invite"`)
	for _, step := range [][2]string{
		{"/api/v1/competitions/calm/join", `{"user_id":"ann"}`},
		{"/api/v1/fitness/sync", `{"user_id":"ann","competition_id":"calm","date":"2026-11-01","steps":5000}`},
	} {
		status, answer := s.call(http.MethodPost, step[0], operatorToken(t), step[1])
		require.Equal(t, http.StatusOK, status, string(answer))
	}
	before := s.readBoard("calm", 100)

	const workers = 8
	most := malformed(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	token := tokenOf(t, "mallory", false)
	var sent, answered, refused atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(w)))
			c := &rawConnection{address: strings.TrimPrefix(s.url, "http://")}
			defer c.close()
			for sent.Add(1) <= most {
				request := mutate(random, validRequest(random, token))
				status, err := c.send(request)
				if err != nil {
					continue // refused by closing, or waiting for more of it
				}
				answered.Add(1)
				if status >= 400 {
					refused.Add(1)
				}
				if status >= 500 || status == http.StatusTooManyRequests {
					t.Errorf("status %d for %q", status, request)
				}
			}
		})
	}
	wg.Wait()
	require.Equal(t, before, s.readBoard("calm", 100))
	line, _ := s.logs.find("panic")
	require.Empty(t, line)
	t.Logf("%d sent, %d answered, %d of them refused", most, answered.Load(), refused.Load())
	require.Greater(t, refused.Load(), most/4)
	s.stop()
}

// validRequest is a request that the server would take; mallory is not allowed
// to touch ann's data, and "calm" is the only competition.
func validRequest(random *rand.Rand, token string) string {
	sync := `{"user_id":"ann","competition_id":"calm","steps":9000,"distance":8000.25,"calories":500,"active_minutes":60,"source":"google_fit","date":"2026-11-01","recorded_at":"2026-11-01T18:03:00Z"}`
	lines := []string{
		"POST /api/v1/fitness/sync", sync,
		"POST /api/v1/fitness/sync/batch", `{"syncs":[` + sync + `,` + sync + `]}`,
		"GET /api/v1/leaderboard/calm?limit=10&offset=5", "",
		"GET /api/v1/leaderboard/calm?around=ann&radius=5", "",
		"GET /api/v1/fitness/stats/mallory?competition_id=calm&from=2026-11-01&to=2026-11-02", "",
		"PATCH /api/v1/competitions/calm", `{"name":"Mine","prize_split":[60,30,10]}`,
		"DELETE /api/v1/competitions/calm", "",
		"POST /api/v1/competitions/calm/join", `{"user_id":"ann","user_name":"Mallory"}`,
		"GET /api/v1/competitions?status=active&cursor=YWJj", "",
	}
	i := 2 * random.IntN(len(lines)/2)
	return fmt.Sprintf("%s HTTP/1.1\r\nHost: paceboard\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		lines[i], token, len(lines[i+1]), lines[i+1])
}

// rawConnection sends bytes as they are, and dials again when it must.
type rawConnection struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
}

// send writes the request, closes its own side so that the server does not wait
// for more, and reads one answer.
func (c *rawConnection) send(request string) (status int, err error) {
	defer c.close()
	if c.conn, err = net.DialTimeout("tcp", c.address, 5*time.Second); err != nil {
		return 0, err
	}
	c.reader = bufio.NewReader(c.conn)
	if err := c.conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return 0, err
	}
	if _, err := c.conn.Write([]byte(request)); err != nil {
		return 0, err
	}
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		if err := tcp.CloseWrite(); err != nil {
			return 0, err
		}
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

func (c *rawConnection) close() {
	if c.conn != nil {
		_ = c.conn.Close()
	}
}
