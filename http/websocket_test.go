package http

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

func TestSocketsAreRefusedByTheirCodes(t *testing.T) {
	b := newLiveServer(t, func(o *Options) { o.AllowedOrigins = []string{"https://friend.example"} })
	b.live.refusals["down"] = competition.ErrUnavailable
	token := authtest.User(t, "u1")
	protocol := "Sec-WebSocket-Protocol: bearer."
	for _, c := range []struct {
		rule, target, field string
		status, code        int // code 0 for a socket that stays open
	}{
		{"the token is a subprotocol", "spring", protocol + token, 101, 0},
		{"the token is one of several subprotocols", "spring", "Sec-WebSocket-Protocol: paceboard, bearer." + token, 101, 0},
		{"the token is in the query", "spring?token=" + token, "X-None: x", 101, 0},
		{"no token", "spring", "X-None: x", 101, 1008},
		{"an empty token", "spring", protocol, 101, 1008},
		{"the header is not where sockets have their token", "spring", "Authorization: Bearer " + token, 101, 1008},
		{"a bad token", "spring", protocol + authtest.StrayBit(token), 101, 1008},
		{"an expired token", "spring", protocol + authtest.Mint(t, secret, jwt.MapClaims{"exp": start.Add(-time.Minute).Unix()}), 101, 1008},
		{"a token twice in the query", "spring?token=" + token + "&token=" + token, "X-None: x", 101, 1008},
		{"an unknown competition", "nowhere", protocol + token, 101, 4404},
		{"an id that no competition has", "no%20where", protocol + token, 101, 4404},
		{"a private competition", "secret", protocol + token, 101, 4404},
		{"a bad token is told before a private competition", "secret", "X-None: x", 101, 1008},
		{"a competition that cannot be read now", "down", protocol + token, 101, 1013},
		{"a limit that is none of the four", "spring?limit=11", protocol + token, 101, 4400},
		{"a limit that is no number", "spring?limit=ten", protocol + token, 101, 4400},
		{"a negative since", "spring?since=-1", protocol + token, 101, 4400},
		{"a since with half an epoch", "spring?since=7.a0b1", protocol + token, 101, 4400},
		{"a since over 2^53-1", "spring?since=9007199254740992", protocol + token, 101, 4400},
		{"every limit of the four", "spring?limit=25&since=9007199254740991", protocol + token, 101, 0},
		{"an allowed origin", "spring?token=" + token, "Origin: https://friend.example", 101, 0},
		{"the same origin", "spring?token=" + token, "Origin: http://" + b.address, 101, 0},
		{"a foreign origin", "spring?token=" + token, "Origin: https://foe.example", 403, 0},
		{"an origin that only begins like ours", "spring?token=" + token, "Origin: http://" + b.address + ".foe.example", 403, 0},
		{"no origin at all", "spring?token=" + token, "Origin: null", 403, 0},
	} {
		t.Run(c.rule, func(t *testing.T) {
			r := dialRaw(t, b.address, "/ws/leaderboard/"+c.target, c.field)
			require.Equal(t, c.status, r.answer.StatusCode)
			if c.status != 101 {
				require.Equal(t, "application/problem+json", r.answer.Header.Get("Content-Type"))
				return
			}
			if offered, ok := strings.CutPrefix(c.field, "Sec-WebSocket-Protocol: "); ok {
				require.Equal(t, strings.TrimPrefix(offered, "paceboard, "), r.answer.Header.Get("Sec-WebSocket-Protocol"))
			} else {
				require.Empty(t, r.answer.Header.Values("Sec-WebSocket-Protocol"))
			}
			if c.code != 0 {
				require.NotEmpty(t, r.refusedWith(c.code))
				return
			}
			require.Equal(t, "connected", r.message().Type)
		})
	}
	t.Run("any origin where all are allowed", func(t *testing.T) {
		b := newLiveServer(t, func(o *Options) { o.AllowedOrigins = []string{"*"} })
		r := b.open(t, "/ws/leaderboard/spring", "Origin: https://foe.example")
		require.Equal(t, "connected", r.message().Type)
	})
}

func TestASocketBeginsWithTheBoard(t *testing.T) {
	b := newLiveServer(t)
	b.live.stand("u1", 1)
	r := b.open(t, "/ws/leaderboard/spring?limit=10")

	connected := r.message()
	require.Equal(t, "connected", connected.Type)
	require.True(t, connected.Timestamp.Equal(start))
	require.Equal(t, map[string]any{
		"competition_id": "spring", "version": 7.0, "epoch": "a0b1c2d3", "limit": 10.0,
		"limits": map[string]any{"max_subscriptions": 50.0, "max_frame_bytes": 4096.0, "updates_per_second": 10.0},
	}, connected.Data)

	board := r.message()
	require.Equal(t, "leaderboard_update", board.Type)
	require.ElementsMatch(t, []string{"competition_id", "status", "entries", "total_count", "updated_at", "version"}, keys(board.Data))
	require.Equal(t, "u1 u2 u3", users(t, board.Data["entries"]))
	require.InDelta(t, 7, board.Data["version"], 0)
	require.InDelta(t, 3, board.Data["total_count"], 0)
	require.Equal(t, "active", board.Data["status"])

	standing := r.message()
	require.Equal(t, "standing", standing.Type)
	require.Equal(t, "u1", standing.Data["user_id"])
	require.Equal(t, "spring", standing.Data["competition_id"])
	require.InDelta(t, 1, standing.Data["rank"], 0)
	r.quiet()
}

func TestASocketFollowsTheBoard(t *testing.T) {
	b := newLiveServer(t)
	r := b.watching(t, "?limit=10")
	r.expect("leaderboard_update")
	r.quiet() // u1 has no standing of its own yet

	b.live.change("spring", func(board *competition.Board) {
		board.Entries = []competition.Entry{place("u9", 1000, 1), board.Entries[0], place("u3", 0, 3)}
		board.Entries[1].Rank = 2
		board.Total = 9
		board.UpdatedAt = atStart + 1000
	})
	delta := r.message()
	require.Equal(t, "score_update", delta.Type)
	require.ElementsMatch(t, []string{"competition_id", "version", "previous_version", "changes", "removed", "total_count", "updated_at"}, keys(delta.Data))
	require.Equal(t, "u9 u1", users(t, delta.Data["changes"]), "u3 is as it was")
	require.Equal(t, []any{"u2"}, delta.Data["removed"])
	require.InDelta(t, 7, delta.Data["previous_version"], 0)
	require.InDelta(t, 8, delta.Data["version"], 0)
	require.InDelta(t, 9, delta.Data["total_count"], 0)
	require.Equal(t, "2026-05-10T12:00:01.000Z", delta.Data["updated_at"])

	b.live.change("spring", func(board *competition.Board) { board.Total = 10 })
	delta = r.message()
	require.Empty(t, delta.Data["changes"], "a change below the limit")
	require.NotNil(t, delta.Data["changes"])
	require.Empty(t, delta.Data["removed"])
	require.InDelta(t, 9, delta.Data["version"], 0)

	b.live.stand("u1", 70)
	b.live.change("spring", func(*competition.Board) {})
	require.Equal(t, "score_update", r.message().Type)
	standing := r.message()
	require.Equal(t, "standing", standing.Type)
	require.InDelta(t, 70, standing.Data["rank"], 0)

	b.live.change("spring", func(*competition.Board) {})
	require.Equal(t, "score_update", r.message().Type)
	r.quiet() // the standing is as it was

	b.live.stand("u1", 0)
	b.live.change("spring", func(board *competition.Board) { board.Status = competition.Finalizing })
	require.Equal(t, "score_update", r.message().Type)
	require.Equal(t, liveMessage{
		"status", map[string]any{"competition_id": "spring", "status": "finalizing"}, start,
	}, r.message())
	require.Equal(t, liveMessage{
		"standing", map[string]any{"competition_id": "spring", "user_id": "u1", "removed": true}, start,
	}, r.message())
	r.quiet()
}

func TestASocketResumesSince(t *testing.T) {
	b := newLiveServer(t)
	for n := range int64(3) { // versions 8, 9 and 10
		b.live.change("spring", score(1000+n))
	}
	for _, c := range []struct {
		rule, query string
		kind        string // of the frame after connected
		previous    float64
	}{
		{"a version that is remembered", "?since=8", "score_update", 8},
		{"the oldest that is remembered", "?since=7", "score_update", 7},
		{"the latest version", "?since=10", "pong", 0},
		{"no version", "?since=0", "leaderboard_update", 0},
		{"a version before those remembered", "?since=6", "leaderboard_update", 0},
		{"a version to come", "?since=11", "leaderboard_update", 0},
		{"a version that is remembered, with the epoch", "?since=8.a0b1c2d3", "score_update", 8},
		{"the latest version, with the epoch", "?since=10.a0b1c2d3", "pong", 0},
		{"a version of another epoch", "?since=8.00000001", "leaderboard_update", 0},
		{"the latest version, of another epoch", "?since=10.00000001", "leaderboard_update", 0},
	} {
		t.Run(c.rule, func(t *testing.T) {
			r := b.watching(t, c.query)
			if c.kind == "pong" {
				r.quiet()
				return
			}
			m := r.message()
			require.Equal(t, c.kind, m.Type)
			require.InDelta(t, 10, m.Data["version"], 0)
			if c.previous > 0 {
				require.InDelta(t, c.previous, m.Data["previous_version"], 0)
				require.Equal(t, "u1", users(t, m.Data["changes"]))
			}
		})
	}
	t.Run("a status that changed in between is told", func(t *testing.T) {
		b.live.change("spring", func(board *competition.Board) { board.Status = competition.Completed })
		r := b.watching(t, "?since=10")
		require.Equal(t, "score_update", r.message().Type)
		require.Equal(t, "completed", r.message().Data["status"])
	})
	t.Run("33 versions later the version is forgotten", func(t *testing.T) {
		first := b.live.boards["spring"].Version
		for n := range int64(competition.HistoryLength) {
			b.live.change("spring", score(n))
		}
		r := b.watching(t, fmt.Sprint("?since=", first))
		require.Equal(t, "score_update", r.message().Type)
		b.live.change("spring", score(-1))
		r = b.watching(t, fmt.Sprint("?since=", first))
		require.Equal(t, "leaderboard_update", r.message().Type)
	})
}

// TestANewEpochIsToldAndTheBoardSentWhole: the store lost what the clients have seen, so
// that no version of theirs is one of the board's any more.
func TestANewEpochIsToldAndTheBoardSentWhole(t *testing.T) {
	b := newLiveServer(t)
	b.live.change("spring", score(1000)) // version 8
	r := b.watching(t, "?since=8")
	e := b.stream(t, "spring/events?since=8")
	e.expect("connected", "")
	r.quiet()

	b.live.change("spring", func(board *competition.Board) {
		board.Epoch, board.Continued = 0xffffffff, true
		board.Entries[0].Score = 900
	})
	connected := r.message()
	require.Equal(t, "connected", connected.Type)
	require.Equal(t, "ffffffff", connected.Data["epoch"])
	whole := r.message()
	require.Equal(t, "leaderboard_update", whole.Type)
	require.InDelta(t, 9, whole.Data["version"], 0)
	require.Equal(t, "ffffffff", e.expect("connected", "").Data["epoch"])
	e.expect("leaderboard_update", "9.ffffffff")

	b.live.change("spring", score(901))
	require.InDelta(t, 9, r.expect("score_update").Data["previous_version"], 0)
	e.expect("score_update", "10.ffffffff")

	for since, kind := range map[string]string{
		"8": "leaderboard_update", "9": "leaderboard_update", "10": "leaderboard_update", // of which epoch?
		"9.ffffffff": "score_update", "10.ffffffff": "", "8.a0b1c2d3": "leaderboard_update", "10.a0b1c2d3": "leaderboard_update",
	} {
		r := b.watching(t, "?since="+since)
		if kind == "" {
			r.quiet()
		} else {
			require.Equal(t, kind, r.message().Type, since)
		}
		r = b.open(t, "/ws/leaderboard/spring") // by a frame, too
		r.expect("leaderboard_update")
		r.say("unsubscribe", `{"competition_id":"spring"}`)
		r.say("subscribe", fmt.Sprintf(`{"competition_id":"spring","since":%q}`, since))
		r.expect("connected")
		if kind == "" {
			r.quiet()
		} else {
			require.Equal(t, kind, r.message().Type, since)
		}
	}
}

func TestSubscriptionsOfASocket(t *testing.T) {
	b := newLiveServer(t)
	b.live.change("autumn", func(board *competition.Board) {
		for rank := 1; rank <= 30; rank++ {
			board.Entries = append(board.Entries, place(fmt.Sprint("a", rank), int64(100-rank), rank))
		}
		board.Total = 30
	})
	begin := func(t *testing.T) *rawSocket {
		t.Helper()
		r := b.watching(t, "?limit=10")
		r.expect("leaderboard_update")
		return r
	}
	t.Run("subscribe answers like the beginning", func(t *testing.T) {
		r := begin(t)
		r.say("subscribe", `{"competition_id":"autumn","limit":25}`)
		m := r.message()
		require.Equal(t, "connected", m.Type)
		require.Equal(t, "autumn", m.Data["competition_id"])
		require.InDelta(t, 25, m.Data["limit"], 0)
		require.InDelta(t, 1, m.Data["version"], 0)
		m = r.message()
		require.Equal(t, "leaderboard_update", m.Type)
		require.Len(t, m.Data["entries"], 25)
		require.InDelta(t, 30, m.Data["total_count"], 0)
		b.live.change("spring", score(901))
		require.Equal(t, "spring", r.message().Data["competition_id"])
		b.live.change("autumn", score(101))
		require.Equal(t, "autumn", r.message().Data["competition_id"])
		r.quiet()
	})
	t.Run("the limit is 100 when there is none", func(t *testing.T) {
		r := begin(t)
		r.say("subscribe", `{"competition_id":"autumn"}`)
		require.InDelta(t, 100, r.message().Data["limit"], 0)
		require.Len(t, r.message().Data["entries"], 30)
	})
	t.Run("another limit for a competition that is watched", func(t *testing.T) {
		r := b.open(t, "/ws/leaderboard/autumn?limit=10")
		require.Len(t, r.expect("leaderboard_update").Data["entries"], 10)
		r.say("subscribe", `{"competition_id":"autumn","limit":25}`)
		require.InDelta(t, 25, r.message().Data["limit"], 0)
		require.Len(t, r.message().Data["entries"], 25)
		b.live.change("autumn", func(board *competition.Board) { board.Entries[20].Score-- })
		require.Equal(t, "a21", users(t, r.message().Data["changes"]))
		r.quiet() // once, not for each limit
	})
	t.Run("a board of another limit is no start for a delta", func(t *testing.T) {
		version := b.live.boards["autumn"].Version
		r := b.open(t, "/ws/leaderboard/autumn?limit=10")
		r.expect("leaderboard_update")
		r.say("subscribe", fmt.Sprintf(`{"competition_id":"autumn","limit":25,"since":%d}`, version))
		require.Equal(t, "connected", r.message().Type)
		m := r.message()
		require.Equal(t, "leaderboard_update", m.Type)
		require.Len(t, m.Data["entries"], 25)
	})
	t.Run("the same limit and since", func(t *testing.T) {
		version := b.live.boards["autumn"].Version
		r := b.open(t, "/ws/leaderboard/autumn?limit=10")
		r.expect("leaderboard_update")
		again := fmt.Sprintf(`{"competition_id":"autumn","limit":10,"since":%d}`, version)
		r.say("subscribe", again)
		require.Equal(t, "connected", r.message().Type)
		r.quiet()
		b.live.change("autumn", score(7))
		require.Equal(t, "score_update", r.message().Type)
		r.say("subscribe", again)
		require.Equal(t, "connected", r.message().Type)
		m := r.message()
		require.Equal(t, "score_update", m.Type)
		require.InDelta(t, version, m.Data["previous_version"], 0)
	})
	t.Run("unsubscribe", func(t *testing.T) {
		r := begin(t)
		for len(b.live.left) > 0 {
			<-b.live.left
		}
		r.say("unsubscribe", `{"competition_id":"autumn"}`) // is not watched: fine
		r.say("unsubscribe", `{"competition_id":"spring"}`)
		r.quiet()
		require.Equal(t, "spring", <-b.live.left)
		b.live.change("spring", score(902))
		r.quiet()
		r.say("subscribe", `{"competition_id":"spring","limit":10}`)
		require.Equal(t, "connected", r.message().Type)
		require.Equal(t, "leaderboard_update", r.message().Type)
	})
	t.Run("a refusal is an error frame that ends nothing", func(t *testing.T) {
		r := begin(t)
		for _, c := range []struct {
			messageType, data string
			status            float64
			competitionID     any
		}{
			{"subscribe", `{"competition_id":"nowhere"}`, 404, "nowhere"},
			{"subscribe", `{"competition_id":"secret"}`, 404, "secret"},
			{"subscribe", `{"competition_id":"autumn","limit":11}`, 400, "autumn"},
			{"subscribe", `{"competition_id":"autumn","since":-1}`, 400, "autumn"},
			{"subscribe", `{"competition_id":"autumn","since":"7.a0b1"}`, 400, "autumn"},
			{"subscribe", `{"competition_id":"autumn","since":[]}`, 400, "autumn"},
			{"subscribe", `{"competition_id":"no where"}`, 400, nil},
			{"subscribe", `{}`, 400, nil},
			{"subscribe", `[]`, 400, nil},
			{"unsubscribe", `{}`, 400, nil},
			{"auth", `{}`, 400, nil},
			{"shout", `{}`, 400, nil},
		} {
			r.say(c.messageType, c.data)
			m := r.message()
			require.Equal(t, "error", m.Type)
			require.InDelta(t, c.status, m.Data["status"], 0, c.data)
			require.Equal(t, c.competitionID, m.Data["competition_id"])
			require.Subset(t, keys(m.Data), []string{"type", "title", "status", "detail", "code"})
		}
		for _, text := range []string{"", "x", "[]", `{"type":"ping"} x`, `{"type":"ping","type":"ping"}`, `{"type":7}`} {
			r.text(text)
			m := r.message()
			require.Equal(t, "error", m.Type)
			require.InDelta(t, 400, m.Data["status"], 0, text)
		}
		r.quiet()
	})
	t.Run("50 competitions and no more", func(t *testing.T) {
		r := begin(t)
		for n := range 50 {
			id := fmt.Sprint("many", n)
			b.live.change(id, func(*competition.Board) {})
			r.say("subscribe", fmt.Sprintf(`{"competition_id":%q}`, id))
			if n < 49 { // with spring itself these are 50
				require.Equal(t, id, r.expect("connected").Data["competition_id"])
			}
		}
		m := r.expect("error")
		require.InDelta(t, 400, m.Data["status"], 0)
		require.Equal(t, "many49", m.Data["competition_id"])
		r.say("subscribe", `{"competition_id":"many7","limit":10}`) // watched already
		r.expect("connected")
		r.say("unsubscribe", `{"competition_id":"many8"}`)
		r.say("subscribe", `{"competition_id":"many49"}`)
		require.Equal(t, "many49", r.expect("connected").Data["competition_id"])
	})
	t.Run("all end with the socket", func(t *testing.T) {
		b := newLiveServer(t)
		r := b.watching(t, "")
		b.live.change("autumn", func(*competition.Board) {})
		r.say("subscribe", `{"competition_id":"autumn"}`)
		r.expect("connected")
		require.NoError(t, r.conn.Close())
		require.ElementsMatch(t, []string{"spring", "autumn"}, []string{<-b.live.left, <-b.live.left})
	})
}

func TestTheTokenOfASocketExpires(t *testing.T) {
	b := newLiveServer(t)
	// expiring is a token with so much left; the server's clock stands still,
	// and counts it down from the moment it hears of the token.
	expiring := func(left time.Duration, sub string) string {
		return authtest.Mint(t, secret, jwt.MapClaims{"sub": sub, "exp": start.Add(left - auth.Leeway).Unix()})
	}
	open := func(t *testing.T, token string) *rawSocket {
		t.Helper()
		r := upgraded(t, b.address, "/ws/leaderboard/spring?token="+token)
		r.expect("leaderboard_update")
		return r
	}
	t.Run("it closes the socket", func(t *testing.T) {
		t.Parallel()
		r := open(t, expiring(time.Second, "u1"))
		require.Equal(t, "the token has expired", r.refusedWith(1008))
	})
	t.Run("a later one extends", func(t *testing.T) {
		t.Parallel()
		r := open(t, expiring(2*time.Second, "u1"))
		reference := open(t, expiring(3*time.Second, "u1"))
		r.say("auth", fmt.Sprintf(`{"token":%q}`, authtest.User(t, "u1")))
		require.Equal(t, liveMessage{
			"authenticated", map[string]any{"expires_at": "2026-05-10T13:00:00.000Z"}, start,
		}, r.message())
		reference.refusedWith(1008)
		r.quiet()
	})
	t.Run("another user's, or a bad one, does not", func(t *testing.T) {
		t.Parallel()
		r := open(t, expiring(2*time.Second, "u1"))
		r.say("auth", fmt.Sprintf(`{"token":%q}`, authtest.User(t, "u2")))
		require.InDelta(t, 403, r.message().Data["status"], 0)
		r.say("auth", fmt.Sprintf(`{"token":%q}`, authtest.StrayBit(authtest.User(t, "u1"))))
		require.InDelta(t, 401, r.message().Data["status"], 0)
		r.refusedWith(1008)
	})
}

// TestTheAPIKeyOfALiveClientIsRevoked: by this server or another, its socket and
// its event stream end soon; those of a key that is still good go on.
func TestTheAPIKeyOfALiveClientIsRevoked(t *testing.T) {
	t.Parallel() // it takes as long as revoked keys may
	b := newLiveServer(t)
	b.live.apiKeys = sampleKeys()
	open := func(id string) *rawSocket {
		r := upgraded(t, b.address, "/ws/leaderboard/spring?token="+apiKey(id))
		r.expect("leaderboard_update")
		return r
	}
	lost, kept := open("SPARE"), open("READ")
	lost.say("auth", fmt.Sprintf(`{"token":%q}`, apiKey("SYNC")))
	require.InDelta(t, 403, lost.message().Data["status"], 0, "a key that may not read does not extend")
	conn, err := net.Dial("tcp", b.address)
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET /api/v1/leaderboard/spring/events?token="+apiKey("SPARE")+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	streamed := bufio.NewReader(conn)
	for line := ""; line != "event: leaderboard_update\n"; {
		line, err = streamed.ReadString('\n')
		require.NoError(t, err)
	}

	require.Equal(t, 200, b.do(t, "DELETE", "/api/v1/api-keys/SPARE", "", bearer(authtest.Operator(t))).status)
	lost.refusedWith(1008)
	rest, err := io.ReadAll(streamed)
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(string(rest), "\r\n0\r\n\r\n"), "the response is complete: %q", rest)
	kept.quiet()
}

// TestFramesCountAsRequests: a socket is no way around the rate.
func TestFramesCountAsRequests(t *testing.T) {
	b := newLiveServer(t, func(o *Options) { o.RateLimits.User, o.RateLimits.Burst = 3, 6 })
	r := b.watching(t, "?limit=10") // the first of six
	r.expect("leaderboard_update")
	for range 5 {
		r.say("ping", `null`)
		require.Equal(t, "pong", r.message().Type)
	}
	for _, kind := range []string{"ping", "subscribe", "auth"} {
		r.say(kind, `{"competition_id":"nowhere"}`)
		m := r.message()
		require.Equal(t, "error", m.Type)
		require.Equal(t, "rate_limited", m.Data["code"])
	}
	b.live.change("spring", score(1))
	require.Equal(t, "score_update", r.message().Type, "what is watched goes on")
}

func TestShutdownClosesSockets(t *testing.T) {
	b := newLiveServer(t)
	sockets := []*rawSocket{b.watching(t, ""), b.watching(t, ""), b.watching(t, "")}
	stopped := make(chan error, 1)
	go func() { stopped <- b.Shutdown(context.WithoutCancel(t.Context())) }()
	for i, r := range sockets {
		r.refusedWith(1001)
		if i > 0 { // one of them never closes its side, and must not hold the server up
			require.NoError(t, r.conn.Close())
		}
	}
	require.NoError(t, <-stopped)
	require.Len(t, b.live.left, 3)
}

// TestALostRightEndsTheWatch: the last one with the close code, another one with
// an error frame.
func TestALostRightEndsTheWatch(t *testing.T) {
	b := newLiveServer(t)
	b.live.change("other", func(*competition.Board) {})
	r := b.watching(t, "")
	r.say("subscribe", `{"competition_id":"other"}`)
	r.expect("connected")
	r.expect("leaderboard_update")
	b.live.revoke("spring")
	m := r.expect("error")
	require.Equal(t, "spring", m.Data["competition_id"])
	require.Equal(t, "forbidden", m.Data["code"])
	require.Equal(t, "spring", <-b.live.left)
	b.live.revoke("other")
	r.refusedWith(4403)
}

// TestAPanicEndsOneClientAlone: whatever carries it.
func TestAPanicEndsOneClientAlone(t *testing.T) {
	var broken atomic.Bool
	b := newLiveServer(t, func(o *Options) {
		o.Now = func() time.Time {
			if broken.Load() {
				panic("no time")
			}
			return start
		}
	})
	socket := b.watching(t, "")
	events := b.stream(t, "spring/events")
	broken.Store(true)
	b.live.change("spring", score(1))
	socket.closed()
	for err := error(nil); err == nil; {
		_, err = events.next()
	}
	broken.Store(false)
	b.watching(t, "")
}

// With bytes unread, closing at once would reset the connection, and take the
// close frame from clients that are slow to read it.
func TestASocketIsClosedInOrder(t *testing.T) {
	b := newLiveServer(t)
	r := b.watching(t, "")
	r.text(ping(1 << 20)) // more than the sockets' buffers hold
	r.refusedWith(1009)
	_, err := r.conn.Write([]byte("x")) // the server still takes what comes
	require.NoError(t, err)
	_, err = r.conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}
