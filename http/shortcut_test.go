package http

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// TestShortcutsLeadWhereFiberDoes: for every way of writing a target that comes to
// mind, by every method.
func TestShortcutsLeadWhereFiberDoes(t *testing.T) {
	b := newBench(t)
	user := bearer(authtest.User(t, "u1"))
	const board, sync = "/api/v1/leaderboard/", "/api/v1/fitness/sync"
	var targets []string
	for _, path := range []string{
		board + "spring", board + "Spring", board + "sp%72ing", board + "spring%2F", board + "spr%", board + "spring.x", board + "a-b_c", board + "~", board + ":competition_id",
		board, board[:len(board)-1], board + "spring/", board + "spring//", board + "spring/events", board + "/spring", board + "spring/..", board + "../fitness/sync", board + strings.Repeat("x", 200),
		strings.ToUpper(board) + "spring", "/" + board + "spring", "/api/./v1/leaderboard/spring", "http://other" + board + "spring", "http://other",
		sync, sync + "/", sync + "//", sync + "/batch", sync + "/batch/", sync + "/batches", sync + "x", sync + "/x", sync + ";x", strings.ToUpper(sync), "/" + sync, "/", "*", "",
	} {
		targets = append(targets, path, path+"?limit=2", path+"?", path+"#x")
	}
	date := regexp.MustCompile("Date: [^\n]*\n")
	ask := func(method, target, body string) string {
		r := fasthttp.Request{}
		r.Header.SetMethod(method)
		r.SetRequestURI(target)
		r.Header.SetHost("paceboard.test")
		r.Header.Set(user.name, user.value)
		r.SetBodyString(body)
		ctx := &fasthttp.RequestCtx{}
		ctx.Init(&r, nil, nil)
		b.handle(ctx)
		ctx.Response.Header.DelBytes(headerRequestID)
		fields := date.ReplaceAllString(string(ctx.Response.Header.Header()), "")
		return fmt.Sprint(ctx.Response.StatusCode(), fields, string(ctx.Response.Body()), b.engine.called(), b.engine.id)
	}
	taken := 0
	b.engine.id = ""
	for _, method := range append([]string{"TRACE", "get"}, knownMethods...) {
		for _, target := range targets {
			for _, body := range []string{"", hotBody, `{"syncs":[` + hotBody + `]}`} {
				got := ask(method, target, body)
				ways := b.shortcuts
				for i := range b.shortcuts {
					var r fasthttp.Request
					r.SetRequestURI(target)
					if _, ok := ways[i].match([]byte(method), string(r.URI().PathOriginal())); ok {
						taken++
					}
					b.shortcuts[i].route = &route{} // of no method
				}
				want := ask(method, target, body)
				b.shortcuts = ways
				require.Equal(t, want, got, "%s %s", method, target)
			}
		}
	}
	require.Greater(t, taken, 50, "the shortcuts are tried, too")
}

// TestShortcutsAreOfRoutesThatNeedNoFiber: by the table.
func TestShortcutsAreOfRoutesThatNeedNoFiber(t *testing.T) {
	for _, r := range routes()[:shortcuts] {
		require.NotEqual(t, guarded, r.access, "%s: sockets and streams are Fiber's", r.operation)
		_, parameter, _ := strings.Cut(r.path, ":")
		require.NotContains(t, parameter, "/", "%s: the parameter stands at the end", r.operation)
		require.NotContains(t, parameter, ":", r.operation)
	}
}

// TestAPageSaysWhatEveryAnswerDoes: the same header fields, once each, and the same
// bytes; and nobody gets one who asks for something else.
func TestAPageSaysWhatEveryAnswerDoes(t *testing.T) {
	var level slog.LevelVar
	var log bytes.Buffer
	b := newBench(t, func(o *Options) {
		o.AllowedOrigins = []string{"https://friend.example"}
		o.RateLimits = RateLimits{User: 100, Address: 100}
		o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: &level}))
	})
	conn := tcp(t, listening(t, b))
	reader := bufio.NewReader(conn)
	type answer struct {
		status int
		header http.Header
		length int64 // as it says
	}
	ask := func(method, target string, fields ...string) (answer, string) {
		text := method + " " + target + " HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\nOrigin: https://friend.example\r\nAuthorization: Bearer " + authtest.User(t, "u1") + "\r\n"
		for _, field := range fields {
			text += field + "\r\n"
		}
		_, err := io.WriteString(conn, text+"\r\n")
		require.NoError(t, err)
		r, err := http.ReadResponse(reader, &http.Request{Method: method})
		require.NoError(t, err)
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.NoError(t, r.Body.Close())
		for name, values := range r.Header {
			if name != "Vary" { // a list, in as many fields as it likes (RFC 9110, section 5.3)
				require.Len(t, values, 1, name)
			}
		}
		r.Header.Del("Date")
		return answer{r.StatusCode, r.Header, r.ContentLength}, string(body)
	}
	page, text := ask("GET", readTop)
	require.Equal(t, 200, page.status)
	require.JSONEq(t, envelope+string(appendBoard(nil, &b.engine.board, appendEntry))+"}", text)
	require.EqualValues(t, len(text), page.length)
	require.Equal(t, "3999", page.header.Get("RateLimit-Remaining"), "the unit is charged")
	require.Equal(t, "mine", page.header.Get("X-Request-Id"))
	for _, target := range []string{readTop + "?limit=100", readTop + "?offset=0", readTop + "/", readTop + "/?limit=100"} {
		r, other := ask("GET", target)
		require.Equal(t, text, other, target)
		r.header.Set("RateLimit-Remaining", page.header.Get("RateLimit-Remaining"))
		r.header.Set("RateLimit-Reset", page.header.Get("RateLimit-Reset"))
		require.Equal(t, page.header, r.header, target)
	}
	head, none := ask("HEAD", readTop)
	require.Empty(t, none)
	require.Equal(t, page.length, head.length)
	unchanged, none := ask("GET", readTop, "If-None-Match: "+page.header.Get("ETag"))
	require.Equal(t, 304, unchanged.status)
	require.Empty(t, none)
	_, other := ask("GET", readTop+"?limit=1")
	require.NotEqual(t, text, other)

	b.engine.err = errors.New("no such thing")
	refused, problem := ask("GET", readTop)
	b.engine.err = nil
	require.Equal(t, 500, refused.status)
	require.Contains(t, problem, "request_id")
	for _, name := range []string{"X-Content-Type-Options", "Referrer-Policy"} {
		require.Equal(t, page.header.Get(name), refused.header.Get(name), name)
	}

	level.Set(slog.LevelDebug)
	_, other = ask("GET", readTop)
	require.Equal(t, text, other)
	require.NoError(t, b.Shutdown(context.WithoutCancel(t.Context())))
	require.Contains(t, log.String(), fmt.Sprintf("bytes=%d", len(text)))
}
