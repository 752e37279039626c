package http

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

const feedPath = "/api/v1/competitions/spring/events"

func TestAPageOfEvents(t *testing.T) {
	b := newBench(t)
	got := b.do(t, "GET", feedPath+"?after=3.a0b1c2d3&limit=7", "", bearer(authtest.Operator(t)))
	require.Equal(t, 200, got.status, got.body)
	require.JSONEq(t, `{"success":true,"data":{"events":[{"id":"evt_5d41402abc4b2a76b9719d911017c592","type":"participant.joined",
		"timestamp":"2026-05-01T18:03:02.114Z","competition_id":"spring","seq":12,"data":{"user_id":"u1","user_name":"Ada"}}],
		"next_after":"12.a0b1c2d3","more":false}}`, got.body)
	require.Equal(t, "no-store", got.get("Cache-Control"))
	require.Equal(t, []any{competition.FeedPlace{Version: 3, Epoch: 0xa0b1c2d3}, 7}, b.engine.args)

	for _, bad := range []string{"?after=x", "?after=-1", "?after=1.2", "?after=1&after=2", "?limit=0", "?limit=1001"} {
		got = b.do(t, "GET", feedPath+bad, "", bearer(authtest.Operator(t)))
		require.Equal(t, 400, got.status, bad)
	}
	b.engine.err = &competition.EventsRemovedError{First: 41}
	got = b.do(t, "GET", feedPath, "", bearer(authtest.Operator(t)))
	require.Equal(t, 410, got.status)
	require.Contains(t, got.body, `"code":"events_removed"`)
	require.Contains(t, got.body, "after=40", "it says what to do")
	b.engine.err = competition.ErrEventsReplaced
	require.Contains(t, b.do(t, "GET", feedPath, "", bearer(authtest.Operator(t))).body, `"code":"events_replaced"`)
}

// TestEventsArePaidByWhatIsLookedThrough, even if nothing of it is told.
func TestEventsArePaidByWhatIsLookedThrough(t *testing.T) {
	b := newBench(t, func(o *Options) { o.RateLimits.User = 100 })
	b.engine.events = func(competition.FeedPlace, int) (competition.EventsPage, error) {
		return competition.EventsPage{Rows: 10_000, More: true}, nil
	}
	token := bearer(authtest.User(t, "u1"))
	for range 79 { // of 51 units each
		require.Equal(t, 200, b.do(t, "GET", feedPath, "", token).status)
	}
	require.Equal(t, 429, b.do(t, "GET", feedPath, "", token).status)
}

// TestAStreamFollowsTheFeed from where the client was, until the engine refuses.
func TestAStreamFollowsTheFeed(t *testing.T) {
	b := newLiveServer(t)
	asked := make(chan competition.FeedPlace, 100)
	answers := make(chan any, 100)
	b.live.events = func(after competition.FeedPlace, _ int) (competition.EventsPage, error) {
		asked <- after
		select {
		case answer := <-answers:
			if err, ok := answer.(error); ok {
				return competition.EventsPage{}, err
			}
			return answer.(competition.EventsPage), nil
		default:
			return competition.EventsPage{Next: after}, nil
		}
	}
	page := func(seq uint64, more bool) competition.EventsPage {
		event := joinedEvent
		event.Seq = seq
		return competition.EventsPage{Events: []competition.PublicEvent{event}, Next: competition.FeedPlace{Version: seq, Epoch: 7}, More: more}
	}
	answers <- page(13, true)
	answers <- page(15, false)

	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+b.address+feedPath+"?token="+authtest.Operator(t), http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Last-Event-ID", "12.00000007")
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	lines := bufio.NewReader(answer.Body)
	next := func() string {
		var event strings.Builder
		for {
			line, err := lines.ReadString('\n')
			require.NoError(t, err)
			if line == "\n" {
				return event.String()
			}
			event.WriteString(line)
		}
	}
	first := next()
	require.True(t, strings.HasPrefix(first, "event: participant.joined\nid: 13.00000007\ndata: {\"id\":\"evt_"), first)
	require.Contains(t, next(), "id: 15.00000007")
	require.Equal(t, competition.FeedPlace{Version: 12, Epoch: 7}, <-asked)
	require.Equal(t, competition.FeedPlace{Version: 13, Epoch: 7}, <-asked)
	require.Equal(t, competition.FeedPlace{Version: 15, Epoch: 7}, <-asked)
	answers <- page(20, false)
	require.Contains(t, next(), "id: 20.00000007")
	answers <- competition.ErrForbidden
	last := next()
	require.Contains(t, last, "event: error")
	require.Contains(t, last, `"code":"forbidden"`)
	_, err = lines.ReadString('\n')
	require.Error(t, err, "the stream has ended")
	require.Eventually(t, func() bool {
		text := b.scraped(t).body
		return strings.Contains(text, `paceboard_live_opened_total{transport="event_stream"} 1`) &&
			strings.Contains(text, `paceboard_live_closed_total{reason="right_lost"} 1`) &&
			strings.Contains(text, `paceboard_refusals_total{code="forbidden"} 1`)
	}, 10*time.Second, 10*time.Millisecond, "it is counted as the other streams are")
}
