package http

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// events is a client of Server-Sent Events that reads them line by line.
type events struct {
	tb   testing.TB
	body *bufio.Reader
	stop context.CancelFunc
}

// event is one of them; its id is empty if it has none.
type event struct {
	kind, id string
	message  liveMessage
}

// stream opens the event stream of a competition for u1; it follows no others.
func (b *liveBench) stream(tb testing.TB, target string, headers ...header) *events {
	tb.Helper()
	ctx, stop := context.WithTimeout(context.WithoutCancel(tb.Context()), 20*time.Second)
	tb.Cleanup(stop)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+b.address+"/api/v1/leaderboard/"+target, http.NoBody)
	require.NoError(tb, err)
	for _, h := range append(headers, bearer(authtest.User(tb, "u1"))) {
		request.Header.Set(h.name, h.value)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = answer.Body.Close() })
	require.Equal(tb, http.StatusOK, answer.StatusCode)
	require.Equal(tb, "text/event-stream", answer.Header.Get("Content-Type"))
	require.Equal(tb, "no-store", answer.Header.Get("Cache-Control"))
	return &events{tb: tb, body: bufio.NewReader(answer.Body), stop: stop}
}

// next reads an event as the HTML standard, section 9.2.6, does; comments are
// passed over.
func (e *events) next() (got event, err error) {
	e.tb.Helper()
	for {
		line, err := e.body.ReadString('\n')
		if err != nil {
			require.Empty(e.tb, line, "the stream ended inside an event")
			return got, err
		}
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch field {
		case "event":
			got.kind = value
		case "id":
			got.id = value
		case "data":
			require.Zero(e.tb, got.message, "one line of data is an event")
			got.message = readMessage(e.tb, []byte(value))
		case "":
			if got.kind != "" {
				require.Equal(e.tb, got.kind, got.message.Type)
				return got, nil
			}
		default:
			require.Fail(e.tb, "a field that no event has", line)
		}
	}
}

// expect insists on the next event's type and id.
func (e *events) expect(kind, version string) liveMessage {
	e.tb.Helper()
	id := version
	if version != "" && !strings.Contains(version, ".") {
		id += ".a0b1c2d3" // the fake's epoch
	}
	got, err := e.next()
	require.NoError(e.tb, err)
	require.Equal(e.tb, kind, got.kind)
	require.Equal(e.tb, id, got.id)
	return got.message
}

func TestEventsFollowTheBoard(t *testing.T) {
	b := newLiveServer(t)
	b.live.stand("u1", 1)
	e := b.stream(t, "spring/events?limit=25")
	connected := e.expect("connected", "")
	require.InDelta(t, 25, connected.Data["limit"], 0)
	require.InDelta(t, 7, connected.Data["version"], 0)
	require.Equal(t, "u1 u2 u3", users(t, e.expect("leaderboard_update", "7").Data["entries"]))
	e.expect("standing", "")

	b.live.change("spring", score(1000))
	delta := e.expect("score_update", "8")
	require.InDelta(t, 7, delta.Data["previous_version"], 0)
	require.Equal(t, "u1", users(t, delta.Data["changes"]))

	b.live.stand("u1", 0)
	b.live.change("spring", func(board *competition.Board) { board.Status = competition.Completed })
	e.expect("score_update", "9")
	require.Equal(t, "completed", e.expect("status", "").Data["status"])
	require.Equal(t, true, e.expect("standing", "").Data["removed"])

	e.stop()
	_, err := io.ReadAll(e.body)
	require.Error(t, err)
	// The server notices at its next write.
	for len(b.live.left) == 0 {
		b.live.change("spring", score(1))
	}
	require.Equal(t, "spring", <-b.live.left)
}

// TestEventsFlowWhileRequestsAreLogged: their end is not waited for.
func TestEventsFlowWhileRequestsAreLogged(t *testing.T) {
	var log bytes.Buffer
	b := newLiveServer(t, func(o *Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	e := b.stream(t, "spring/events")
	e.expect("connected", "")
	e.expect("leaderboard_update", "7")
	require.NoError(t, b.Shutdown(context.WithoutCancel(t.Context())))
	require.Contains(t, log.String(), "bytes=-1")
}

func TestEventsResume(t *testing.T) {
	b := newLiveServer(t)
	for n := range int64(3) { // versions 8, 9 and 10
		b.live.change("spring", score(1000+n))
	}
	for _, c := range []struct {
		rule, query, last string
		kind              string // of the event after connected; none when the client has all
	}{
		{"Last-Event-ID", "", "8", "score_update"},
		{"since", "?since=8", "", "score_update"},
		{"Last-Event-ID goes before since", "?since=10", "7", "score_update"},
		{"the latest", "", "10", ""},
		{"a version that is forgotten", "", "6", "leaderboard_update"},
		{"a version to come", "", "99", "leaderboard_update"},
		{"an id that was never ours", "", "x-8", "leaderboard_update"},
		{"Last-Event-ID with the epoch", "", "8.a0b1c2d3", "score_update"},
		{"since with the epoch", "?since=8.a0b1c2d3", "", "score_update"},
		{"the latest, by now, with the epoch", "", "11.a0b1c2d3", ""},
		{"a version of another epoch", "", "8.00000001", "leaderboard_update"},
		{"the latest, of another epoch", "", "12.00000001", "leaderboard_update"},
		{"an id over all numbers", "", "99999999999999999999", "leaderboard_update"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			var headers []header
			if c.last != "" {
				headers = append(headers, header{"Last-Event-ID", c.last})
			}
			e := b.stream(t, "spring/events"+c.query, headers...)
			e.expect("connected", "")
			version := b.live.boards["spring"].Version
			if c.kind == "" {
				b.live.change("spring", score(1))
				require.InDelta(t, version, e.expect("score_update", fmt.Sprint(version+1)).Data["previous_version"], 0)
				return
			}
			e.expect(c.kind, fmt.Sprint(version))
		})
	}
}

func TestEventsAreRefusedBeforeTheyBegin(t *testing.T) {
	b := newLiveBench(t)
	token := authtest.User(t, "u1")
	expired := authtest.Mint(t, secret, jwt.MapClaims{"exp": start.Add(-time.Minute).Unix()})
	for _, c := range []struct {
		rule, target string
		header       header
		status       int
		code         string
	}{
		{"no token", "spring", header{"X-None", "x"}, 401, "missing_token"},
		{"a bad token", "spring", bearer(authtest.StrayBit(token)), 401, "invalid_token"},
		{"a bad token in the query", "spring?token=x", header{"X-None", "x"}, 401, "invalid_token"},
		{"an expired token", "spring", bearer(expired), 401, "token_expired"},
		{"a private competition", "secret", bearer(token), 404, "unknown_competition"},
		{"an unknown competition", "nowhere", bearer(token), 404, "unknown_competition"},
		{"a bad limit", "spring?limit=7", bearer(token), 400, "invalid_request"},
		{"a bad since", "spring?since=x", bearer(token), 400, "invalid_request"},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			t.Run(method+" "+c.rule, func(t *testing.T) {
				id, query, _ := strings.Cut(c.target, "?")
				r := b.do(t, method, "/api/v1/leaderboard/"+id+"/events?"+query, "", c.header)
				require.Equal(t, c.status, r.status)
				require.Contains(t, r.body, c.code)
			})
		}
	}
	t.Run("HEAD of a stream begins none", func(t *testing.T) {
		r := b.do(t, http.MethodHead, "/api/v1/leaderboard/spring/events?token="+token, "")
		require.Equal(t, 200, r.status)
		require.Equal(t, "text/event-stream", r.get("Content-Type"))
		require.Empty(t, b.live.watching)
	})
}

func TestEventsEnd(t *testing.T) {
	t.Run("with the server", func(t *testing.T) {
		b := newLiveServer(t)
		e := b.stream(t, "spring/events")
		e.expect("connected", "")
		e.expect("leaderboard_update", "7")
		require.NoError(t, b.Shutdown(context.WithoutCancel(t.Context())))
		_, err := e.next()
		require.ErrorIs(t, err, io.EOF, "the response is complete")
		require.Equal(t, "spring", <-b.live.left)
	})
	t.Run("with the token", func(t *testing.T) {
		b := newLiveServer(t)
		token := authtest.Mint(t, secret, jwt.MapClaims{"exp": start.Add(time.Second - auth.Leeway).Unix()})
		answer := wire(t, b.address, "GET /api/v1/leaderboard/spring/events?token="+token+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		require.Contains(t, answer, "event: leaderboard_update\nid: 7.a0b1c2d3\n")
		require.True(t, strings.HasSuffix(answer, "\r\n0\r\n\r\n"), "the response is complete: %q", answer)
	})
}
