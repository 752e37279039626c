package http

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

func withPage(o *Options) {
	o.Page = fstest.MapFS{
		"index.html":        {Data: []byte("<!doctype html>" + signInMark + "<title>Paceboard</title>")},
		"console.html":      {Data: []byte("<!doctype html><title>Console</title>")},
		"app.js":            {Data: []byte("export {}")},
		"fonts/a.woff2":     {Data: []byte("font")},
		"icon.svg":          {Data: []byte("<svg/>")},
		"uplot.LICENSE.txt": {Data: []byte("MIT")},
		"strange.xyz":       {Data: []byte("?")},
	}
}

func TestThePageAndWhatBelongsToIt(t *testing.T) {
	b := newBench(t, withPage)
	for target, contentType := range map[string]string{
		"/": "text/html; charset=utf-8", "/index.html": "text/html; charset=utf-8", "/app.js": "text/javascript; charset=utf-8",
		"/fonts/a.woff2": "font/woff2", "/icon.svg": "image/svg+xml", "/uplot.LICENSE.txt": "text/plain; charset=utf-8", "/strange.xyz": "application/octet-stream",
		"/docs": "text/html; charset=utf-8", "/docs.css": "text/css; charset=utf-8", "/docs.js": "text/javascript; charset=utf-8", "/openapi.yaml": "application/yaml", "/?x=1": "text/html; charset=utf-8",
		"/console": "text/html; charset=utf-8", "/console/": "text/html; charset=utf-8", "/console.html": "text/html; charset=utf-8",
	} {
		r := b.do(t, "GET", target, "")
		require.Equal(t, 200, r.status, target)
		assert.Equal(t, contentType, r.get("Content-Type"), target)
		assert.Equal(t, "no-cache", r.get("Cache-Control"))
		assert.Equal(t, "nosniff", r.get("X-Content-Type-Options"))
		assert.Equal(t, "no-referrer", r.get("Referrer-Policy"))
		assert.Equal(t, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; connect-src 'self'"+
			"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", r.get("Content-Security-Policy"))
		again := b.do(t, "GET", target, "", header{"If-None-Match", r.get("ETag")})
		assert.Equal(t, 304, again.status, target)
		assert.Empty(t, again.body)
		assert.Equal(t, 200, b.do(t, "HEAD", target, "").status)
	}
	for _, target := range []string{"/fonts", "/fonts/", "/nothing.js", "/../etc/passwd", "/%2e%2e/etc/passwd", "/APP.JS"} {
		assert.Equal(t, 404, b.do(t, "GET", target, "").status, target)
	}
	assert.Equal(t, 404, b.do(t, "POST", "/app.js", "").status)
}

// TestThePageIsToldHowToSignPeopleIn and may talk to that project alone.
func TestThePageIsToldHowToSignPeopleIn(t *testing.T) {
	for _, c := range []struct {
		rule    string
		change  func(*Options)
		content string // of the element, as HTML
		connect string
	}{
		{"a project without a public key", func(*Options) {}, `{}`, "'self'"},
		{"a project", func(o *Options) { o.AnonKey = `a"<b` }, `{&#34;url&#34;:&#34;` + projectURL + `&#34;,&#34;key&#34;:&#34;a\&#34;\u003cb&#34;}`, "'self' " + projectURL},
		{"a trial", func(o *Options) { o.PastedTokens = true }, `{&#34;paste&#34;:true}`, "'self'"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			b := newBench(t, withPage, c.change)
			r := b.do(t, "GET", "/", "")
			require.Contains(t, r.body, `<meta name="sign-in" content="`+c.content+`">`)
			require.Contains(t, r.get("Content-Security-Policy"), "; connect-src "+c.connect+";")
		})
	}
}

func TestEveryAnswerHasAnIDAndIsNotSniffed(t *testing.T) {
	b := newBench(t)
	for _, target := range []string{"/health", "/nothing", "/api/v1/competitions", "/docs"} {
		r := b.do(t, "GET", target, "")
		assert.Regexp(t, `^[A-Z2-7]{10}-[0-9]+$`, r.get("X-Request-Id"))
		assert.Equal(t, "nosniff", r.get("X-Content-Type-Options"))
		assert.Empty(t, r.get("Server"))
	}
	first, second := b.do(t, "GET", "/health", "").get("X-Request-Id"), b.do(t, "GET", "/health", "").get("X-Request-Id")
	assert.NotEqual(t, first, second)
}

func TestAClientsOwnRequestID(t *testing.T) {
	b := newBench(t)
	for id, sane := range map[string]bool{
		"a": true, "Req_1.2-3": true, strings.Repeat("x", 64): true,
		strings.Repeat("x", 65): false, "a b": false, "ä": false, "<script>": false, "": false, "a\"b": false,
	} {
		r := b.do(t, "GET", "/health", "", header{"X-Request-Id", id})
		assert.Equal(t, sane, r.get("X-Request-Id") == id, id)
	}
}

func TestCORS(t *testing.T) {
	const origin = "https://app.example"
	from := header{"Origin", origin}
	asks := header{"Access-Control-Request-Method", "POST"}
	preflight := func(b *bench) response {
		return b.do(t, "OPTIONS", "/api/v1/competitions", "", from, asks, header{"Access-Control-Request-Headers", "authorization"})
	}
	t.Run("same origin only by default", func(t *testing.T) {
		b := newBench(t)
		r := b.do(t, "GET", "/health", "", from)
		assert.Equal(t, 200, r.status)
		assert.Empty(t, r.get("Access-Control-Allow-Origin"))
		assert.Empty(t, r.get("Vary"))
		r = preflight(b)
		assert.Equal(t, 204, r.status)
		assert.Empty(t, r.get("Access-Control-Allow-Methods"))
	})
	t.Run("a listed origin", func(t *testing.T) {
		b := newBench(t, func(o *Options) { o.AllowedOrigins = []string{"https://other.example", origin} })
		r := b.do(t, "GET", "/api/v1/leaderboard/spring", "", from)
		assert.Equal(t, 401, r.status)
		assert.Equal(t, origin, r.get("Access-Control-Allow-Origin"), "refusals too are for the page to read")
		assert.Equal(t, "Origin", r.get("Vary"))
		for _, name := range []string{"ETag", "Retry-After", "X-Request-Id"} {
			assert.Contains(t, r.get("Access-Control-Expose-Headers"), name)
		}
		assert.Empty(t, r.get("Access-Control-Allow-Credentials"))
		r = preflight(b)
		assert.Equal(t, 204, r.status)
		assert.Equal(t, origin, r.get("Access-Control-Allow-Origin"))
		assert.Equal(t, "GET, HEAD, POST", r.get("Access-Control-Allow-Methods"))
		assert.Contains(t, r.get("Access-Control-Allow-Headers"), "Authorization")
		assert.NotEmpty(t, r.get("Access-Control-Max-Age"))
		assert.Empty(t, r.body)
	})
	t.Run("a foreign origin", func(t *testing.T) {
		b := newBench(t, func(o *Options) { o.AllowedOrigins = []string{"https://other.example"} })
		r := b.do(t, "GET", "/health", "", from)
		assert.Empty(t, r.get("Access-Control-Allow-Origin"))
		assert.Equal(t, "Origin", r.get("Vary"), "so that no cache mixes the answers up")
		assert.Empty(t, preflight(b).get("Access-Control-Allow-Methods"))
	})
	t.Run("any origin", func(t *testing.T) {
		b := newBench(t, func(o *Options) { o.AllowedOrigins = []string{"*"} })
		r := b.do(t, "GET", "/health", "", from)
		assert.Equal(t, "*", r.get("Access-Control-Allow-Origin"))
		assert.Empty(t, r.get("Vary"))
		assert.Equal(t, "GET, HEAD, POST", preflight(b).get("Access-Control-Allow-Methods"))
	})
	t.Run("what is not there has no preflight", func(t *testing.T) {
		b := newBench(t, func(o *Options) { o.AllowedOrigins = []string{"*"} })
		assert.Equal(t, 404, b.do(t, "OPTIONS", "/nothing", "", from, asks).status)
	})
	t.Run("OPTIONS without CORS tells the methods", func(t *testing.T) {
		r := newBench(t).do(t, "OPTIONS", "/api/v1/competitions/spring/join", "")
		assert.Equal(t, 204, r.status)
		assert.Equal(t, "POST, DELETE", r.get("Allow"))
	})
}

func TestAPanicIsAnsweredAndTheServerGoesOn(t *testing.T) {
	var log bytes.Buffer
	b := newBench(t, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	b.engine.submit = func(string, *competition.SubmitSync) (competition.SyncReply, error) { panic("boom") }
	token := authtest.User(t, "u1")
	r := b.do(t, "POST", "/api/v1/fitness/sync", `{"competition_id":"spring","steps":1,"date":"2026-05-01"}`, bearer(token))
	assert.Equal(t, 500, r.status)
	p := problemFrom(t, r)
	assert.Equal(t, "internal", p.Code)
	assert.NotContains(t, r.body, "boom")
	assert.Contains(t, log.String(), "boom")
	assert.Contains(t, log.String(), "doSubmitSync", "the stack is in the log")
	assert.Contains(t, log.String(), p.RequestID)
	assert.Equal(t, 200, b.do(t, "GET", "/health", "").status)
	assert.Contains(t, b.scraped(t).body, "paceboard_http_panics_total 1")
}

func TestNoTokenIsEverShown(t *testing.T) {
	var log bytes.Buffer
	b := newBench(t, func(o *Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	token := authtest.User(t, "u1")
	b.engine.err = competition.ErrInternal
	var answers strings.Builder
	for _, target := range []string{
		"/api/v1/leaderboard/spring", "/api/v1/leaderboard/spring?token=" + token, "/api/v1/leaderboard/spring/events?token=" + token + "x",
		"/api/v1/leaderboard/" + token, "/api/v1/users/" + token + "/competitions", "/nothing/" + token, "/ws/leaderboard/spring?token=" + token, "/health",
	} {
		for _, bearing := range []string{token, token + "x", strings.Replace(token, ".", "", 1)} {
			for _, method := range []string{"GET", "DELETE"} {
				answers.WriteString(b.do(t, method, target, "", bearer(bearing)).body)
			}
		}
	}
	answers.WriteString(b.scraped(t).body)
	assert.Contains(t, log.String(), "msg=request")
	assert.Contains(t, log.String(), "request failed")
	for _, part := range strings.Split(token, ".")[1:] {
		assert.NotContains(t, log.String(), part)
		assert.NotContains(t, answers.String(), part)
	}
}

func TestMetricsCountWhatHappened(t *testing.T) {
	b := newBench(t)
	user := bearer(authtest.User(t, "u1"))
	good := `{"competition_id":"spring","steps":1,"date":"2026-05-01"}`
	b.do(t, "POST", "/api/v1/fitness/sync", good, user)
	b.do(t, "POST", "/api/v1/fitness/sync", good, user)
	b.do(t, "POST", "/api/v1/fitness/sync", `{}`, user)
	b.engine.err = competition.ErrClosed
	b.do(t, "POST", "/api/v1/fitness/sync", good, user)
	b.do(t, "POST", "/api/v1/fitness/sync/batch", `{"syncs":[`+good+`,`+good+`]}`, user)
	b.do(t, "GET", "/nothing", "")
	b.engine.err = nil
	b.engine.health = &competition.Health{
		Ready: true, Active: 3, InFlight: 4, QueuedEvents: 5, Damaged: []string{"x"}, LostEvents: []string{"y"},
		Dependencies: []competition.Dependency{{Name: "journal", Healthy: true, Latency: 2 * time.Millisecond}, {Name: "redis", Detail: "away", Follows: true, Lag: 1500 * time.Millisecond}},
	}
	text := b.scraped(t).body
	for _, line := range []string{
		`paceboard_http_requests_total{operation="submitSync",status="2xx"} 2`,
		`paceboard_http_requests_total{operation="submitSync",status="4xx"} 2`,
		`paceboard_http_requests_total{operation="submitBatch",status="2xx"} 1`,
		`paceboard_http_requests_total{operation="none",status="4xx"} 1`,
		`paceboard_syncs_total{outcome="accepted"} 2`,
		`paceboard_syncs_total{outcome="competition_closed"} 3`,
		`paceboard_syncs_total{outcome="invalid_request"} 1`,
		`paceboard_sync_seconds_count 4`,
		`paceboard_batch_syncs_sum 2`,
		`paceboard_tokens_total{seen="verified"} 1`,
		`paceboard_tokens_total{seen="known"} 4`,
		`paceboard_ready 1`, `paceboard_competitions_active 3`, `paceboard_competitions_damaged 1`, `paceboard_requests_in_flight 4`, `paceboard_journal_queued_events 5`,
		`paceboard_dependency_up{dependency="journal"} 1`, `paceboard_dependency_up{dependency="redis"} 0`, `paceboard_dependency_latency_seconds{dependency="journal"} 0.002`,
		`paceboard_dependency_lag_seconds{dependency="redis"} 1.5`,
	} {
		assert.Contains(t, text, line+"\n")
	}
}

func TestHealthInDetail(t *testing.T) {
	b := newBench(t)
	b.engine.health = &competition.Health{
		Ready: true, Active: 3, InFlight: 4, QueuedEvents: 5, Damaged: []string{"x"}, LostEvents: []string{"y"},
		Dependencies: []competition.Dependency{{Name: "journal", Healthy: true, Latency: 412500}, {Name: "redis", Detail: `start it: "redis-server"`, Follows: true, Lag: 1500 * time.Millisecond}},
	}
	r := b.do(t, "GET", "/health/detailed", "", bearer(authtest.Operator(t)))
	require.Equal(t, 200, r.status)
	assert.JSONEq(t, `{"status":"degraded","service":"paceboard","version":"1.2.3","degraded":["redis","competitions","lost_events"],"ready":true,"draining":false,
		"dependencies":[{"name":"journal","healthy":true,"latency_ms":0.412},{"name":"redis","healthy":false,"detail":"start it: \"redis-server\"","latency_ms":0.000,"lag_ms":1500.000}],
		"active_competitions":3,"damaged_competitions":["x"],"lost_events_competitions":["y"],"requests_in_flight":4,"journal_queued_events":5,
		"build":{"version":"1.2.3","commit":"abc","go":"go1.26"}}`, r.body)
	assert.JSONEq(t, `{"status":"alive"}`, b.do(t, "GET", "/health/live", "").body)
	assert.JSONEq(t, `{"status":"ready"}`, b.do(t, "GET", "/health/ready", "").body)
	assert.JSONEq(t, `{"status":"degraded","service":"paceboard","version":"1.2.3","degraded":["redis","competitions","lost_events"]}`, b.do(t, "GET", "/health", "").body)
	b.engine.health = nil
	assert.JSONEq(t, `{"status":"healthy","service":"paceboard","version":"1.2.3"}`, b.do(t, "GET", "/health", "").body)
}

// TestServeAfterShutdownReturns: a program that is told to stop while it starts
// does stop.
func TestServeAfterShutdownReturns(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.Shutdown(t.Context()))
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, b.Serve(listener))
}

// TestPagesOfThisMachineMayCall in a trial, and no other ones.
func TestPagesOfThisMachineMayCall(t *testing.T) {
	trial, other := newBench(t, func(o *Options) { o.LocalOrigins = true }), newBench(t)
	for origin, local := range map[string]bool{
		"http://localhost:5173": true, "http://localhost": true, "https://LOCALHOST:8443": true, "http://127.0.0.1:3000": true, "http://[::1]:3000": true,
		"http://localhost.evil.example": false, "http://evil.example:5173": false, "null": false, "file://localhost": false, "http://127.0.0.1.evil.example": false,
	} {
		want := ""
		if local {
			want = origin
		}
		assert.Equal(t, want, trial.do(t, "GET", "/health", "", header{"Origin", origin}).get("Access-Control-Allow-Origin"), origin)
		assert.Empty(t, other.do(t, "GET", "/health", "", header{"Origin", origin}).get("Access-Control-Allow-Origin"), origin)
	}
}

// unzipped is what was compressed.
func unzipped(tb testing.TB, body string) string {
	tb.Helper()
	zipped, err := gzip.NewReader(strings.NewReader(body))
	require.NoError(tb, err)
	text, err := io.ReadAll(zipped)
	require.NoError(tb, err)
	return string(text)
}

// TestFilesAreCompressed for those who take that, and each has an ETag of its own.
func TestFilesAreCompressed(t *testing.T) {
	b := newBench(t)
	plain := b.do(t, "GET", "/openapi.yaml", "")
	assert.Empty(t, plain.get("Content-Encoding"))
	assert.Equal(t, "Accept-Encoding", plain.get("Vary"))
	for accepted, zipped := range map[string]bool{
		"gzip": true, "deflate, GZIP;q=0.5, br": true, "*": true, "*;q=0, gzip": true,
		"br": false, "gzip;q=0": false, "gzip;q=0, *": false, "gzip;q=x": false, "xgzip": false, "identity": false,
	} {
		r := b.do(t, "GET", "/openapi.yaml", "", header{"Accept-Encoding", accepted})
		if !zipped {
			assert.Empty(t, r.get("Content-Encoding"), accepted)
			assert.Equal(t, plain.body, r.body, accepted)
			continue
		}
		assert.Equal(t, "gzip", r.get("Content-Encoding"), accepted)
		assert.Less(t, 5*len(r.body), len(plain.body))
		assert.Equal(t, plain.body, unzipped(t, r.body))
		assert.NotEqual(t, plain.get("Etag"), r.get("Etag"))
		assert.Equal(t, 304, b.do(t, "GET", "/openapi.yaml", "", header{"Accept-Encoding", accepted}, header{"If-None-Match", r.get("Etag")}).status)
		assert.Equal(t, 200, b.do(t, "GET", "/openapi.yaml", "", header{"Accept-Encoding", accepted}, header{"If-None-Match", plain.get("Etag")}).status)
	}
	small := b.do(t, "GET", "/health", "", header{"Accept-Encoding", "gzip"})
	assert.Empty(t, small.get("Content-Encoding"))
}
