package http

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
	"github.com/paceboard/paceboard/internal/race"
)

func TestABoardsTopComesFromWhatWasPublished(t *testing.T) {
	b := newBench(t)
	user := bearer(authtest.User(t, "u1"))
	for target, want := range map[string]int{"": 3, "?limit=100": 3, "?limit=3": 3, "?limit=2": 2, "?limit=1": 1, "?offset=0": 3} {
		r := b.do(t, "GET", "/api/v1/leaderboard/spring"+target, "", user)
		require.Equal(t, 200, r.status)
		var answer struct {
			Data struct {
				Entries []entryIn
				Total   int `json:"total_count"`
			}
		}
		require.NoError(t, json.Unmarshal([]byte(r.body), &answer))
		require.Len(t, answer.Data.Entries, want, target)
		assert.Equal(t, 3, answer.Data.Total)
		for i := range answer.Data.Entries {
			sameEntry(t, "spring", b.engine.board.Entries[i], answer.Data.Entries[i])
		}
		assert.Equal(t, []string{"Top"}, b.engine.called())
	}
	assert.Equal(t, "spring", b.engine.id)
	assert.Equal(t, competition.Caller{UserID: "u1"}, b.engine.caller)
}

func TestTheRestOfABoardComesByAsking(t *testing.T) {
	b := newBench(t)
	user := bearer(authtest.User(t, "u1"))
	for _, c := range []struct {
		query, call string
		args        []any
	}{
		{"?limit=101", "Page", []any{0, 101}},
		{"?limit=1000&offset=7", "Page", []any{7, 1000}},
		{"?offset=1", "Page", []any{1, 100}},
		{"?around=u2", "Around", []any{"u2", 5}},
		{"?around=a%7Cb&radius=0", "Around", []any{"a|b", 0}},
	} {
		r := b.do(t, "GET", "/api/v1/leaderboard/spring"+c.query, "", user)
		require.Equal(t, 200, r.status)
		assert.Equal(t, envelope+string(appendBoard(nil, &b.engine.board, appendEntry))+"}", r.body)
		assert.Equal(t, []string{c.call}, b.engine.called())
		assert.Equal(t, c.args, b.engine.args)
	}
}

func TestAnUnchangedBoardIs304(t *testing.T) {
	b := newBench(t)
	user := bearer(authtest.User(t, "u1"))
	tags := map[string]bool{}
	for _, query := range []string{"", "?limit=2", "?limit=200", "?offset=1", "?offset=1&limit=2", "?around=u2", "?around=u2&radius=1"} {
		target := "/api/v1/leaderboard/spring" + query
		r := b.do(t, "GET", target, "", user)
		tag := r.get("ETag")
		require.Regexp(t, `^"[ -~]+"$`, tag, "a strong tag")
		require.True(t, strings.HasSuffix(tag, `.2"`), "it names the format, so that no cache keeps a board written in another: %s", tag)
		assert.False(t, tags[tag], "parts have tags of their own")
		tags[tag] = true
		for _, known := range []string{tag, "W/" + tag, `"x", ` + tag, `"a,b" ,W/` + tag, "*"} {
			r = b.do(t, "GET", target, "", user, header{"If-None-Match", known})
			assert.Equal(t, 304, r.status, known)
			assert.Empty(t, r.body)
			assert.Equal(t, tag, r.get("ETag"))
		}
		for _, other := range []string{`"x"`, tag[:len(tag)-1], tag[1:], "x" + tag, ""} {
			r = b.do(t, "GET", target, "", user, header{"If-None-Match", other})
			assert.Equal(t, 200, r.status, other)
		}
		for what, change := range map[string]func(*competition.Board){
			"another version": func(b *competition.Board) { b.Version++ },
			"another epoch":   func(b *competition.Board) { b.Epoch++ },
		} {
			board := b.engine.board
			change(&board)
			newer := newBench(t)
			newer.engine.board, newer.engine.top = board, &competition.Published{Board: board}
			r = newer.do(t, "GET", target, "", user, header{"If-None-Match", tag})
			assert.Equal(t, 200, r.status, what)
		}
	}
}

func TestMatches(t *testing.T) {
	for list, want := range map[string]bool{
		`"5"`: true, `W/"5"`: true, `"4", "5"`: true, `"4","5","6"`: true, `*`: true, ` "5"`: true, `,,"5"`: true, `"4", *`: true,
		`"55"`: false, `5`: false, `"4"`: false, `"4`: false, `w/"5"`: false, `"4" junk "5"`: false, ``: false, `W/`: false, `"`: false,
	} {
		assert.Equal(t, want, matches([]byte(list), []byte(`"5"`)), list)
	}
}

func TestHEADAnswersLikeGETWithoutABody(t *testing.T) {
	b := newBench(t)
	r := b.do(t, "HEAD", "/api/v1/leaderboard/spring", "", bearer(authtest.User(t, "u1")))
	assert.Equal(t, 200, r.status)
	assert.NotEmpty(t, r.get("ETag"))
}

// TestATopIsCompressed for those who take that, if it is large, once for each version,
// and differs in its ETag.
func TestATopIsCompressed(t *testing.T) {
	b := newBench(t)
	b.engine.top = board100()
	link := fakeLink()
	link.Names = competition.ShowNoNames
	b.engine.links = []competition.BoardLink{link}
	gzipped := header{"Accept-Encoding", "gzip, deflate, br"}
	tags := map[string]bool{}
	for who, token := range map[string]header{"a user": bearer(authtest.User(t, "u1")), "a link": bearer(linkToken)} {
		for _, query := range []string{"", "?limit=25", "?limit=99"} {
			plain := b.do(t, "GET", readTop+query, "", token)
			r := b.do(t, "GET", readTop+query, "", token, gzipped)
			require.Equal(t, 200, r.status, r.body)
			assert.Equal(t, "gzip", r.get("Content-Encoding"), "%s%s", who, query)
			assert.Equal(t, plain.body, unzipped(t, r.body), "%s%s", who, query)
			assert.Less(t, 2*len(r.body), len(plain.body))
			assert.Equal(t, r.body, b.do(t, "GET", readTop+query, "", token, gzipped).body)
			for _, answer := range []response{plain, r} {
				assert.Contains(t, string(bytes.Join(answer.header.PeekAll("Vary"), []byte(","))), "Accept-Encoding")
				assert.False(t, tags[answer.get("Etag")], "each has an ETag of its own")
				tags[answer.get("Etag")] = true
			}
			assert.Equal(t, 304, b.do(t, "GET", readTop+query, "", token, gzipped, header{"If-None-Match", r.get("Etag")}).status)
			assert.Equal(t, 304, b.do(t, "GET", readTop+query, "", token, header{"If-None-Match", plain.get("Etag")}).status)
			assert.Equal(t, 200, b.do(t, "GET", readTop+query, "", token, gzipped, header{"If-None-Match", plain.get("Etag")}).status)
			assert.Equal(t, 200, b.do(t, "GET", readTop+query, "", token, header{"If-None-Match", r.get("Etag")}).status)
		}
	}
	assert.Empty(t, b.do(t, "GET", readTop+"?limit=1", "", bearer(authtest.User(t, "u1")), gzipped).get("Content-Encoding"), "it is small")
}

// TestReadingATopAllocatesNothing: as a page, as fasthttp sends it, a part of it, and
// what the client has already.
func TestReadingATopAllocatesNothing(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Engine = &quietEngine{Engine: o.Engine, top: board100()} })
	for name, c := range map[string]struct {
		target, known, accepted string
		status                  int
	}{
		"the default": {readTop, "", "", 200}, "all": {readTop + "?limit=100", "", "", 200},
		"a part": {readTop + "?limit=25", "", "", 200}, "nothing new": {readTop, `"7-a0b1c2d3-100.2"`, "", 304},
		"compressed": {readTop, "", "gzip, br", 200}, "a part, compressed": {readTop + "?limit=25", "", "gzip", 200},
		"nothing new, compressed": {readTop, `"7-a0b1c2d3-100.2-gzip"`, "gzip", 304},
	} {
		t.Run(name, func(t *testing.T) {
			var ctx fasthttp.RequestCtx
			ctx.Response.KeepBodyBuffer = true // as a connection's
			ctx.Request.SetRequestURI(c.target)
			ctx.Request.Header.Set("Authorization", "Bearer "+authtest.User(t, "u1"))
			if c.known != "" {
				ctx.Request.Header.Set("If-None-Match", c.known)
			}
			if c.accepted != "" {
				ctx.Request.Header.Set("Accept-Encoding", c.accepted)
			}
			read := func() {
				ctx.Response.Reset()
				b.handle(&ctx)
			}
			read()
			require.Equal(t, c.status, ctx.Response.StatusCode())
			if allocations := testing.AllocsPerRun(500, read); !race.Enabled {
				assert.Zero(t, allocations)
			}
		})
	}
}
