package http

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// people are what a link must not show of those on the board: their ids, always, and the
// name of one of them.
var people = []string{`"u1"`, `"u2"`, `"u3"`, "Löve"}

// showsNobody insists that an answer under a link names nobody.
func showsNobody(t *testing.T, body string) {
	t.Helper()
	for _, person := range people {
		assert.NotContains(t, body, person)
	}
}

func newLinkedBench(t *testing.T, names competition.NamePrivacy) *bench {
	t.Helper()
	b := newBench(t)
	link := fakeLink()
	link.Names = names
	b.engine.links = []competition.BoardLink{link}
	return b
}

func TestALinkShowsTheBoardItsWay(t *testing.T) {
	entry := func(name, rest string) string {
		link := fakeLink()
		return `{"user_id":"` + link.UserID("u1") + `","user_name":"` + name + `","competition_id":"spring","score":900,"rank":1` + rest + `}`
	}
	const metrics = `,"steps":900,"distance":700.5,"calories":123.45,"active_minutes":9,"last_synced_at":"2026-05-10T12:00:00.000Z","updated_at":"2026-05-10T11:59:59.999Z"`
	for names, want := range map[competition.NamePrivacy]string{
		competition.ShowNames:    entry(`Ada \"the\" Löve`, metrics),
		competition.ShowInitials: entry("A. L.", metrics),
		competition.ShowNoNames:  entry("", ""),
	} {
		for target, call := range map[string]string{"": "Top", "?limit=1": "Top", "?offset=1": "Page"} {
			b := newLinkedBench(t, names)
			got := b.do(t, "GET", "/api/v1/leaderboard/spring"+target, "", bearer(linkToken))
			require.Equal(t, 200, got.status, got.body)
			require.Contains(t, got.body, want, "%s%s", names, target)
			require.Equal(t, []string{call}, b.engine.called())
			require.True(t, b.engine.caller.Operator, "the link's limits count, not those of the competition")
			if names != competition.ShowNames {
				showsNobody(t, got.body)
			}
			etag := got.get("Etag")
			require.Equal(t, 304, b.do(t, "GET", "/api/v1/leaderboard/spring"+target, "", bearer(linkToken), header{"If-None-Match", etag}).status)
			again := b.do(t, "GET", "/api/v1/leaderboard/spring"+target, "", bearer(authtest.User(t, "u1")), header{"If-None-Match", etag})
			require.Equal(t, 200, again.status, "it is no ETag of another token's")
			require.Contains(t, again.body, "Löve")
		}
	}
}

// TestALinkOfWhatBecamePrivate shows initials from then on, and its ETag says so.
func TestALinkOfWhatBecamePrivate(t *testing.T) {
	b := newLinkedBench(t, competition.ShowNames)
	before := b.do(t, "GET", "/api/v1/leaderboard/spring", "", bearer(linkToken))
	require.Contains(t, before.body, "Löve")
	private := &competition.Published{Board: b.engine.board}
	private.Private = true
	b.engine.top = private
	after := b.do(t, "GET", "/api/v1/leaderboard/spring", "", bearer(linkToken), header{"If-None-Match", before.get("Etag")})
	require.Equal(t, 200, after.status)
	showsNobody(t, after.body)
}

func TestALinkShowsNothingElse(t *testing.T) {
	b := newLinkedBench(t, competition.ShowNames)
	for _, target := range []string{"/api/v1/leaderboard/autumn", "/api/v1/competitions/autumn", "/api/v1/leaderboard/autumn/events", "/api/v1/nothing"} {
		got := b.do(t, "GET", target, "", bearer(linkToken))
		require.Equal(t, 403, got.status, target)
		require.Contains(t, got.body, "a board link shows the board of its competition, and nothing else")
	}
	got := b.do(t, "GET", "/api/v1/leaderboard/spring?around=u1", "", bearer(linkToken))
	require.Equal(t, 400, got.status)
	require.Contains(t, got.body, "around")
	got = b.do(t, "POST", "/api/v1/fitness/sync", hotBody, bearer(linkToken), header{"Content-Type", "application/json"})
	require.Equal(t, 403, got.status)
	require.Empty(t, b.engine.called(), "none of it reaches anybody")
}

func TestTheCompetitionUnderALink(t *testing.T) {
	b := newLinkedBench(t, competition.ShowInitials)
	b.engine.summary.Status = competition.Settled
	b.engine.board.Prizes = []ledger.Prize{{CompetitionID: "spring", UserID: "u1", Rank: 1, Minor: 60_000, Currency: "EUR", Status: ledger.PendingPrize}}
	got := b.do(t, "GET", "/api/v1/competitions/spring", "", bearer(linkToken))
	require.Equal(t, 200, got.status, got.body)
	require.Contains(t, got.body, `"name":"Spring"`)
	require.Contains(t, got.body, `"prizes":[`)
	require.NotContains(t, got.body, "board_links")
	showsNobody(t, got.body)

	own := b.do(t, "GET", "/api/v1/competitions/spring", "", bearer(authtest.User(t, "u1")))
	require.Contains(t, own.body, `"board_links":[{"names":"initials","created_at":"2026-05-10T12:00:00.000Z","expires_at":"2026-05-11T12:00:00.000Z"}]`)
	require.NotContains(t, own.body, linkID)
}

// TestWhatLinksThereAreIsLeftOutIfItIsNotKnown: that would say that there are none.
func TestWhatLinksThereAreIsLeftOutIfItIsNotKnown(t *testing.T) {
	b := newLinkedBench(t, competition.ShowInitials)
	b.engine.linksErr = competition.ErrUnavailable
	got := b.do(t, "GET", "/api/v1/competitions/spring", "", bearer(authtest.User(t, "u1")))
	require.Equal(t, 200, got.status)
	require.NotContains(t, got.body, "board_links")
	b.engine.linksErr = nil
	b.now = b.now.Add(3 * time.Second)
	require.Contains(t, b.do(t, "GET", "/api/v1/competitions/spring", "", bearer(authtest.User(t, "u1"))).body, `"board_links":[{`)
}

func TestLinksAreMadeListedAndRevoked(t *testing.T) {
	b := newLinkedBench(t, competition.ShowInitials)
	user := bearer(authtest.User(t, "u1"))
	made := b.do(t, "POST", "/api/v1/competitions/spring/board-links", `{"names":"none","expires_at":"2026-05-11T12:00:00Z"}`, user)
	require.Equal(t, 201, made.status, made.body)
	require.Equal(t, "no-store", made.get("Cache-Control"))
	require.Contains(t, made.body, `"code":"`+linkCode+`","token":"`+linkToken+`","path":"/b/`+linkCode+`"`)
	require.Equal(t, []any{competition.ShowNoNames, atStart + 24*60*60*1000}, b.engine.args)
	for _, body := range []string{`{}`, `{"names":"full"}`, `{"names":"none","expires_at":"2026-05-10T12:00:00Z"}`} {
		require.Equal(t, 400, b.do(t, "POST", "/api/v1/competitions/spring/board-links", body, user).status, body)
	}
	list := b.do(t, "GET", "/api/v1/competitions/spring/board-links", "", user)
	require.Contains(t, list.body, `"board_links":[{"id":"`+linkID+`","competition_id":"spring","names":"initials"`)
	require.NotContains(t, list.body, linkCode)
	require.Equal(t, 404, b.do(t, "DELETE", "/api/v1/competitions/spring/board-links/x", "", user).status)

	require.Equal(t, 200, b.do(t, "GET", "/api/v1/leaderboard/spring", "", bearer(linkToken)).status)
	revoked := b.do(t, "DELETE", "/api/v1/competitions/spring/board-links/"+linkID, "", user)
	require.Equal(t, 200, revoked.status, revoked.body)
	require.NotContains(t, revoked.body, linkCode)
	got := b.do(t, "GET", "/api/v1/leaderboard/spring", "", bearer(linkToken))
	require.Equal(t, 401, got.status, "at once, although the fake's store still has it")
	require.Contains(t, got.body, `"invalid_token"`)
}

// TestALinkRevokedElsewhereEndsWithinSeconds, and one that the store cannot tell of lasts
// another minute.
func TestALinkRevokedElsewhereEndsWithinSeconds(t *testing.T) {
	b := newLinkedBench(t, competition.ShowInitials)
	status := func() int { return b.do(t, "GET", "/api/v1/leaderboard/spring", "", bearer(linkToken)).status }
	require.Equal(t, 200, status())
	b.engine.linksErr = competition.ErrUnavailable
	b.now = b.now.Add(59 * time.Second)
	require.Equal(t, 200, status(), "boards are in memory while the store is down")
	b.now = b.now.Add(2 * time.Second)
	require.Equal(t, 503, status())
	b.engine.linksErr = nil
	b.now = b.now.Add(2 * time.Second)
	require.Equal(t, 200, status())
	b.engine.links = nil
	b.now = b.now.Add(2 * time.Second)
	require.Equal(t, 401, status())

	expired := newLinkedBench(t, competition.ShowInitials)
	require.Equal(t, 200, expired.do(t, "GET", "/api/v1/leaderboard/spring", "", bearer(linkToken)).status)
	expired.now = expired.now.Add(24 * time.Hour)
	got := expired.do(t, "GET", "/api/v1/leaderboard/spring", "", bearer(linkToken))
	require.Equal(t, 401, got.status)
	require.Contains(t, got.body, "token_expired")
}

// newLinkedServer is a live server with a link, which shows initials.
func newLinkedServer(t *testing.T, change ...func(*Options)) *liveBench {
	t.Helper()
	b := newLiveServer(t, change...)
	link := fakeLink()
	link.ExpiresAt = calendar.MillisOf(time.Now().Add(time.Hour)) // for tests by the real clock
	b.live.links = []competition.BoardLink{link}
	return b
}

// byLink opens a socket by a link, and by u1.
func (b *liveBench) byLink(t *testing.T) (linked, own *rawSocket) {
	t.Helper()
	linked = upgraded(t, b.address, "/ws/leaderboard/spring?token="+linkToken)
	own = upgraded(t, b.address, "/ws/leaderboard/spring?token="+authtest.User(t, "u1"))
	return linked, own
}

func TestASocketByALinkIsMaskedAndKeepsToItsBoard(t *testing.T) {
	b := newLinkedServer(t)
	link := fakeLink()
	linked, own := b.byLink(t)
	require.Equal(t, link.UserID("u1")+" "+link.UserID("u2")+" "+link.UserID("u3"), users(t, linked.expect("leaderboard_update").Data["entries"]))
	require.Equal(t, "u1 u2 u3", users(t, own.expect("leaderboard_update").Data["entries"]), "frames of links are no one else's")

	b.live.change("spring", score(1000))
	require.Equal(t, link.UserID("u1"), users(t, linked.expect("score_update").Data["changes"]))
	require.Equal(t, "u1", users(t, own.expect("score_update").Data["changes"]))
	b.live.change("spring", func(board *competition.Board) { board.Entries = board.Entries[:2] })
	require.Equal(t, []any{link.UserID("u3")}, linked.expect("score_update").Data["removed"])
	b.live.change("spring", func(board *competition.Board) {
		board.Status = competition.Settled
		board.Prizes = []ledger.Prize{{CompetitionID: "spring", UserID: "u1", Rank: 1, Minor: 60_000, Currency: "EUR"}}
	})
	status := linked.expect("status")
	require.Equal(t, link.UserID("u1"), status.Data["prizes"].([]any)[0].(map[string]any)["user_id"])
	require.Equal(t, "A. L.", status.Data["prizes"].([]any)[0].(map[string]any)["user_name"])

	linked.say("subscribe", `{"competition_id":"autumn"}`)
	require.Equal(t, "forbidden", linked.expect("error").Data["code"])
	service := upgraded(t, b.address, "/ws/leaderboard/spring?token="+authtest.Service(t)) // of no user, as a link is
	for token, socket := range map[string]*rawSocket{authtest.User(t, "u1"): linked, authtest.Service(t): linked, linkToken: own} {
		socket.say("auth", fmt.Sprintf(`{"token":%q}`, token))
		require.Equal(t, "forbidden", socket.expect("error").Data["code"])
	}
	service.say("auth", fmt.Sprintf(`{"token":%q}`, linkToken))
	require.Equal(t, "forbidden", service.expect("error").Data["code"])
}

// TestTwoLinksToABoardShareNothing: neither answers, compressed or not, nor ETags nor frames.
func TestTwoLinksToABoardShareNothing(t *testing.T) {
	b := newLinkedServer(t)
	first, second := b.live.links[0], b.live.links[0]
	otherCode := strings.Replace(linkCode, "ABC", "BBC", 1)
	second.ID, second.Hash, second.Key = spareLinkID, competition.HashLinkCode([]byte(otherCode)), competition.Key{2}
	b.live.links = append(b.live.links, second)
	b.live.top = board100()
	tokens := [...]string{linkToken, auth.LinkPrefix + otherCode}
	tags := map[string]bool{}
	for _, gzipped := range []string{"gzip", "identity"} {
		for n, link := range []competition.BoardLink{first, second} {
			got := b.do(t, "GET", readTop, "", bearer(tokens[n]), header{"Accept-Encoding", gzipped})
			require.Equal(t, 200, got.status, got.body)
			require.Equal(t, "private, no-cache", got.get("Cache-Control"))
			require.False(t, tags[got.get("Etag")], "although both show initials")
			tags[got.get("Etag")] = true
			if gzipped == "gzip" {
				got.body = unzipped(t, got.body)
			}
			require.Contains(t, got.body, link.UserID(b.live.top.Entries[0].UserID))
		}
	}

	var sockets [len(tokens)]*rawSocket
	for change, frame := range []string{"leaderboard_update", "score_update", "status"} {
		if change == 1 {
			b.live.change("spring", score(1000))
		}
		if change == 2 {
			b.live.change("spring", func(board *competition.Board) {
				board.Status = competition.Settled
				board.Prizes = []ledger.Prize{{CompetitionID: "spring", UserID: "u1", Rank: 1, Minor: 60_000, Currency: "EUR"}}
			})
		}
		for n, link := range []competition.BoardLink{first, second} {
			if change == 0 {
				sockets[n] = upgraded(t, b.address, "/ws/leaderboard/spring?token="+tokens[n])
			}
			require.Contains(t, fmt.Sprint(sockets[n].expect(frame).Data), link.UserID("u1"), frame)
		}
	}
}

// TestASocketEndsWithItsLink, when that expires.
func TestASocketEndsWithItsLink(t *testing.T) {
	var passed atomic.Int64
	b := newLinkedServer(t, func(o *Options) {
		before := o.Now
		o.Now = func() time.Time { return before().Add(time.Duration(passed.Load())) }
	})
	b.live.links[0].ExpiresAt = calendar.MillisOf(b.now.Add(time.Second))
	linked := upgraded(t, b.address, "/ws/leaderboard/spring?token="+linkToken)
	linked.expect("leaderboard_update")
	passed.Store(int64(2 * time.Second))
	linked.refusedWith(closeBadToken)
}

// TestASocketByALinkOfWhatBecamePrivate gets the whole board at once with initials, without
// a new version, and never what it showed before.
func TestASocketByALinkOfWhatBecamePrivate(t *testing.T) {
	b := newLinkedServer(t)
	b.live.links[0].Names = competition.ShowNames
	linked, own := b.byLink(t)
	whole := linked.expect("leaderboard_update").Data
	require.Contains(t, fmt.Sprint(whole), "Löve")
	own.expect("leaderboard_update")
	b.live.change("spring", func(board *competition.Board) { board.Version, board.Private = board.Version-1, true })
	showsNobody(t, fmt.Sprint(linked.expect("leaderboard_update").Data))
	own.quiet()

	again := upgraded(t, b.address, fmt.Sprintf("/ws/leaderboard/spring?since=%.0f.a0b1c2d3&token=%s", whole["version"], linkToken))
	showsNobody(t, fmt.Sprint(again.expect("leaderboard_update").Data))
}

func TestARevokedLinkEndsItsSockets(t *testing.T) {
	b := newLinkedServer(t)
	linked, own := b.byLink(t)
	linked.expect("leaderboard_update")
	own.expect("leaderboard_update")
	conn, err := net.Dial("tcp", b.address)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, "GET /api/v1/leaderboard/spring/events?token="+linkToken+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	streamed := bufio.NewReader(conn)
	for line := ""; line != "event: leaderboard_update\n"; {
		line, err = streamed.ReadString('\n')
		require.NoError(t, err)
	}

	answer := b.do(t, "DELETE", "/api/v1/competitions/spring/board-links/"+linkID, "", bearer(authtest.User(t, "u1")))
	require.Equal(t, 200, answer.status, answer.body)
	linked.refusedWith(closeBadToken)
	rest, err := io.ReadAll(streamed)
	require.NoError(t, err)
	require.Contains(t, string(rest), `"status":401`)
	showsNobody(t, string(rest))
	own.quiet()
}

// TestALinkRevokedElsewhereEndsItsSockets, which look for themselves.
func TestALinkRevokedElsewhereEndsItsSockets(t *testing.T) {
	t.Parallel() // it takes as long as that may
	b := newLinkedServer(t, func(o *Options) { o.Now = time.Now })
	linked := upgraded(t, b.address, "/ws/leaderboard/spring?token="+linkToken)
	linked.expect("leaderboard_update")
	b.live.fakeEngine.mu.Lock()
	b.live.links = nil
	b.live.fakeEngine.mu.Unlock()
	began := time.Now()
	linked.refusedWith(closeBadToken)
	require.Less(t, time.Since(began), 15*time.Second) // 5 s on a machine of one's own
}

// TestGuessesOfCodesAreHeldToARate, that of their address, by whichever way they come; nobody
// looks for one that comes too early. A link that exists costs a unit a request.
func TestGuessesOfCodesAreHeldToARate(t *testing.T) {
	const burst = 6
	b := newPagedBench(t, func(o *Options) { o.RateLimits = RateLimits{User: 1, Burst: burst} })
	guess := strings.Replace(linkToken, "ABC", "AAA", 1)
	for range burst / 3 {
		require.Equal(t, 401, b.do(t, "GET", "/api/v1/leaderboard/spring", "", bearer(guess)).status)
		require.Equal(t, 401, b.do(t, "GET", "/api/v1/leaderboard/spring/events?token="+guess, "").status)
		require.Equal(t, 404, b.do(t, "GET", "/b/"+strings.TrimPrefix(guess, auth.LinkPrefix), "").status)
	}
	b.engine.linksErr = errors.New("nobody may ask")
	for _, target := range []string{"/api/v1/leaderboard/spring/events?token=" + guess, "/b/" + strings.TrimPrefix(guess, auth.LinkPrefix)} {
		require.Equal(t, 429, b.do(t, "GET", target, "").status, target)
	}
	require.Equal(t, 429, b.do(t, "GET", "/api/v1/leaderboard/spring", "", bearer(guess)).status)
	b.engine.linksErr = nil
	b.now = b.now.Add(time.Minute)
	for left := range 3 {
		got := b.do(t, "GET", "/api/v1/leaderboard/spring", "", bearer(linkToken))
		require.Equal(t, 200, got.status)
		require.Equal(t, fmt.Sprint(burst-1-left), got.get("RateLimit-Remaining"))
	}
}

// slowLinksTo is an engine that does not say at once which links there are.
type slowLinksTo struct {
	Engine
	asked  atomic.Int32
	answer chan struct{}
}

func (e *slowLinksTo) LinksTo(string) ([]competition.BoardLink, error) {
	e.asked.Add(1)
	<-e.answer
	return []competition.BoardLink{fakeLink()}, nil
}

// TestLinksToABoardAreReadOnceForAllWhoAsk meanwhile.
func TestLinksToABoardAreReadOnceForAllWhoAsk(t *testing.T) {
	l := newLinksTo(time.Now)
	defer l.close()
	e := &slowLinksTo{answer: make(chan struct{})}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			links, ok := l.of(e, "spring")
			assert.True(t, ok)
			assert.Len(t, links, 1)
		})
	}
	time.AfterFunc(50*time.Millisecond, func() { close(e.answer) })
	all.Wait()
	require.EqualValues(t, 1, e.asked.Load())
}

// TestWhoeverSeesThatALinkWasRevokedElsewhereTellsItsSockets, so that each need not look for
// itself: some would look just before that, and again seconds later.
func TestWhoeverSeesThatALinkWasRevokedElsewhereTellsItsSockets(t *testing.T) {
	b := newLinkedServer(t)
	opened := time.Now()
	first, second := upgraded(t, b.address, "/ws/leaderboard/spring?token="+linkToken), upgraded(t, b.address, "/ws/leaderboard/spring?token="+linkToken)
	first.expect("leaderboard_update")
	second.expect("leaderboard_update")
	b.live.fakeEngine.mu.Lock()
	b.live.links = nil
	b.live.fakeEngine.mu.Unlock()
	b.now = b.now.Add(2 * time.Second)
	require.Equal(t, 401, b.do(t, "GET", "/api/v1/leaderboard/spring", "", bearer(linkToken)).status)
	first.refusedWith(closeBadToken)
	second.refusedWith(closeBadToken)
	require.Less(t, time.Since(opened), 3*time.Second, "before they look for themselves")
}

func TestASocketByALinkIsRefused(t *testing.T) {
	b := newLinkedServer(t)
	for target, code := range map[string]int{
		"autumn?token=" + linkToken:                                   closePrivate,
		"spring?token=" + strings.Replace(linkToken, "ABC", "AAA", 1): closeBadToken,
		"spring?token=" + linkToken[:len(linkToken)-1]:                closeBadToken,
	} {
		upgraded(t, b.address, "/ws/leaderboard/"+target).refusedWith(code)
	}
}
