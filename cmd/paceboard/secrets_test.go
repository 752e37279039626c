package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// What must never be seen, but where it is written on purpose.
const (
	databasePassword = "database-hunter2"
	redisPassword    = "redis-hunter2"
	webhookPassword  = "webhook-hunter2"
	webhookKey       = "webhook-key-hunter2"
)

// withPassword is a URL with a password of somebody's in it.
func withPassword(t *testing.T, address, password string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	user := u.User.Username()
	if user == "" {
		user = "default"
	}
	u.User = url.UserPassword(user, password)
	return u.String()
}

// seen gathers what a server shows to anybody.
type seen struct {
	*instance
	all bytes.Buffer
}

// ask sends a request and keeps the answer, with its header.
func (s *seen) ask(method, target, token, body string, header http.Header) (status int) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+target, strings.NewReader(body))
	require.NoError(s.t, err)
	for name := range header {
		request.Header.Set(name, header.Get(name))
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(s.t, err)
	fmt.Fprintln(&s.all, method, response.Status, response.Header)
	if response.Header.Get("Content-Type") != "text/event-stream" {
		_, err = s.all.ReadFrom(response.Body)
		require.NoError(s.t, err)
	}
	require.NoError(s.t, response.Body.Close())
	return response.StatusCode
}

// raw sends bytes as they are and keeps the answer.
func (s *seen) raw(request string) {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(s.t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, request)
	require.NoError(s.t, err)
	require.NoError(s.t, conn.(*net.TCPConn).CloseWrite())
	_, _ = s.all.ReadFrom(conn) // a reset is an answer, too
}

// socket says something on a live connection and keeps what comes.
func (s *seen) socket(token, frame string) {
	s.t.Helper()
	target := strings.Replace(s.url, "http", "ws", 1) + "/ws/leaderboard/spring?token=" + token
	conn, _, err := websocket.Dial(s.t.Context(), target, nil) //nolint:bodyclose // the library has read it
	require.NoError(s.t, err)
	defer conn.CloseNow()
	_ = conn.Write(s.t.Context(), websocket.MessageText, []byte(frame)) // refused tokens hear nothing more
	for {
		_, message, err := conn.Read(s.t.Context())
		if s.all.Write(message); err != nil {
			fmt.Fprintln(&s.all, err)
			return
		}
		if strings.Contains(string(message), `"error"`) {
			return
		}
	}
}

// TestNothingSecretIsEverShown by the real program: not in its log at the lowest
// level, in answers, metrics or health, with good tokens and bad ones in every
// place where somebody might put one, and with everything after it failing.
func TestNothingSecretIsEverShown(t *testing.T) {
	t.Parallel()
	database, cache := testservers.Postgres(t), testservers.Redis(t)
	where := database.NewDatabase(t, "")
	prepare(t, where, func(s competition.Store) { playPrizes(t, s, "paid", false) })
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	defer provider.Close()
	s := &seen{instance: startServer(t, withPassword(t, where, databasePassword),
		"REDIS_URL="+withPassword(t, cache.URL(), redisPassword), // which takes any
		"PAYOUT_WEBHOOK_URL="+withPassword(t, provider.URL, webhookPassword)+"/prizes?key="+webhookKey,
		"PAYOUT_WEBHOOK_SECRET="+webhookPassword+" of 32 bytes or more",
		"--supabase-anon-key", "sb_publishable_of-the-project", "--log-level", "debug", "--rate-limit-user", "5")}
	s.createSpring("spring")
	require.Equal(t, http.StatusOK, s.ask(http.MethodPost, "/api/v1/prizes/distribute/paid", operatorToken(t), "", nil))
	status, answer := s.call(http.MethodPost, "/api/v1/api-keys", operatorToken(t), `{"name":"old","scopes":["read","sync"]}`)
	require.Equal(t, http.StatusCreated, status)
	var made struct{ Data struct{ Key string } }
	require.NoError(t, json.Unmarshal(answer, &made))

	user := tokenOf(t, "ann", false)
	tokens := []string{user, operatorToken(t), made.Data.Key, user + "x", made.Data.Key + "x", strings.Replace(user, ".", "", 1)}
	everywhere := func() {
		for _, token := range tokens {
			for _, target := range []string{
				"/api/v1/leaderboard/spring", "/api/v1/leaderboard/spring?token=" + token, "/api/v1/leaderboard/" + token,
				"/api/v1/leaderboard/spring?around=" + token, "/api/v1/leaderboard/spring?limit=" + token, "/api/v1/competitions?cursor=" + token,
				"/api/v1/leaderboard/spring/events?token=" + token, "/api/v1/users/" + token + "/competitions", "/ws/leaderboard/spring?token=" + token,
				"/nothing/" + token, "/" + token + "?" + token, "/health?token=" + token, "/health/detailed?token=" + token,
			} {
				s.ask(http.MethodGet, target, token, "", nil)
				s.ask(http.MethodGet, target, "", "", http.Header{"X-Token": {token}, "X-Request-Id": {token + strings.Repeat("x", 64)}, "Origin": {token}})
			}
			for _, body := range []string{
				token, `{"token":"` + token + `"}`, `{"date":"` + token + `","steps":1}`, `{"` + token + `":1,"` + token + `":1}`,
				`{"competition_id":"` + token + `","date":"2016-05-01","steps":1}`, `{"competition_id":"spring","date":"2016-05-01","steps":1}`,
			} {
				s.ask(http.MethodPost, "/api/v1/fitness/sync", token, body, nil)
				s.ask(http.MethodPost, "/api/v1/fitness/sync/batch", token, `{"syncs":[`+body+`]}`, nil)
			}
			s.ask(token[:8], "/api/v1/competitions", token, "", nil)
			s.raw("GET /" + token + "\r\nAuthorization: Bearer " + token + "\r\n\r\n")
			s.raw("GET / HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer " + token + "\r\n\r\n")
			s.raw("POST /api/v1/fitness/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\nContent-Length: 9999\r\n\r\n" + token)
			s.socket(token, `{"type":"auth","data":{"token":"`+token+`x"}}`)
			s.socket(token, `{"type":"`+token+`","data":"`+token+`"}`)
		}
		for _, target := range []string{"/health", "/health/ready", "/health/detailed", "/metrics", "/api/v1/audit", "/api/v1/api-keys", "/api/v1/payouts", "/docs", "/openapi.yaml", "/"} {
			s.ask(http.MethodGet, target, operatorToken(t), "", nil)
		}
	}
	everywhere()
	s.waitFor("a prize could not be handed over")
	database.Kill()
	cache.Kill()
	require.Eventually(t, func() bool {
		_, answer := s.call(http.MethodGet, "/health", "", "")
		return strings.Contains(string(answer), `"store"`) && strings.Contains(string(answer), `"redis"`)
	}, 30*time.Second, 50*time.Millisecond)
	everywhere()
	s.kill()

	s.all.WriteString(s.logs.String())
	for what, secret := range map[string]string{
		"the database's password": databasePassword, "Redis' password": redisPassword, "the webhook's password": webhookPassword,
		"the webhook's key": webhookKey, "the secret of the tokens": testSecret,
		"an API key":      made.Data.Key[strings.LastIndex(made.Data.Key, "_")+1:],
		"a user's claims": strings.Split(user, ".")[1], "a user's signature": strings.Split(user, ".")[2],
		"an operator's signature": strings.Split(tokens[1], ".")[2],
	} {
		for line := range strings.Lines(s.all.String()) {
			require.NotContains(t, line, secret, what)
		}
	}
	for _, line := range []string{`"msg":"request"`, `"level":"WARN"`, "paceboard_tokens_total", `"name":"redis","healthy":false`, `"name":"store","healthy":false`, `"status":503`, "rate_limited", "invalid_token"} {
		require.True(t, strings.Contains(s.all.String(), line), "%q was never seen: the test shows little", line) //nolint:testifylint // all that was seen is too much to print
	}
}

// TestCommandsThatFailShowNoSecret: neither what cannot be understood nor what
// cannot be reached.
func TestCommandsThatFailShowNoSecret(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for _, database := range []string{
		"postgres://ann:" + secret + "@127.0.0.1:1/pace", "postgres://ann@127.0.0.1:1/pace?password=" + secret, "postgres://ann:" + secret + "@127.0.0.1:port/pace",
		"postgres://ann:" + secret + "%zz@127.0.0.1:1/pace", "postgres://ann:" + secret + "@127.0.0.1:1/pace?sslmode=none&password=" + secret, "mysql://ann:" + secret + "@127.0.0.1/pace",
	} {
		for _, args := range [][]string{{"serve", "--port", "0"}, {"migrate"}, {"migrate", "status"}, {"audit"}, {"export", "-"}} {
			for _, where := range [][]string{{"DATABASE_URL=" + database}, {"--database-url", database}} {
				code, out, errs := runProgram(t, slices.Concat(args, where)...)
				require.NotZero(t, code)
				require.NotContains(t, out+errs, secret, args)
			}
		}
	}
	for _, redis := range []string{
		"redis://:" + secret + "@127.0.0.1:1/0", "redis://:" + secret + "@127.0.0.1:port/0",
		"redis://:" + secret + "@127.0.0.1:1/0?nonsense=" + secret, "http://:" + secret + "@127.0.0.1:1/0",
	} {
		for _, what := range []string{"verify", "rebuild"} {
			for _, where := range [][]string{{"REDIS_URL=" + redis}, {"--redis-url", redis}} {
				code, out, errs := runProgram(t, slices.Concat([]string{"mirror", what, "--data-dir", t.TempDir()}, where)...)
				require.NotZero(t, code)
				require.NotContains(t, out+errs, secret, what)
			}
		}
	}
}
