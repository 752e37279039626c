package http

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
	"github.com/paceboard/paceboard/internal/race"
)

func TestASyncAsTheEngineGetsIt(t *testing.T) {
	day, err := calendar.ParseDay("2026-05-01")
	require.NoError(t, err)
	want := competition.SubmitSync{
		UserID: "u1", UserName: "Ada Lovelace", Source: "google_fit", Day: day, Metrics: competition.Metrics{Steps: 5},
	}
	with := func(change func(s *competition.SubmitSync)) competition.SubmitSync {
		s := want
		change(&s)
		return s
	}
	for _, c := range []struct {
		rule, token, body, id string
		want                  competition.SubmitSync
	}{
		{"user_id, source and name have defaults", authtest.User(t, "u1"), `{"competition_id":"spring","steps":5,"date":"2026-05-01"}`, "spring", want},
		{"one's own user_id may be said", authtest.User(t, "u1"), `{"user_id":"u1","competition_id":"spring","steps":5,"date":"2026-05-01"}`, "spring", want},
		{"a source of one's own", authtest.User(t, "u1"), `{"competition_id":"spring","steps":5,"date":"2026-05-01","source":"my watch"}`, "spring", with(func(s *competition.SubmitSync) { s.Source = "my watch" })},
		{"a common source", authtest.User(t, "u1"), `{"competition_id":"spring","steps":5,"date":"2026-05-01","source":"fitbit"}`, "spring", with(func(s *competition.SubmitSync) { s.Source = "fitbit" })},
		{"everywhere", authtest.User(t, "u1"), `{"steps":5,"date":"2026-05-01"}`, "", want},
		{"an operator for another, whose name is not the operator's", authtest.Operator(t), `{"user_id":"u1","competition_id":"spring","steps":5,"date":"2026-05-01"}`, "spring", with(func(s *competition.SubmitSync) { s.UserName, s.Trusted = "", true })},
		{"an operator's own", authtest.Operator(t), `{"competition_id":"spring","steps":5,"date":"2026-05-01"}`, "spring", with(func(s *competition.SubmitSync) { s.UserID, s.UserName, s.Trusted = "op", "Op", true })},
		{"a service key for a user", authtest.Service(t), `{"user_id":"u1","competition_id":"spring","steps":5,"date":"2026-05-01"}`, "spring", with(func(s *competition.SubmitSync) { s.UserName, s.Trusted = "", true })},
		{"an API key that manages, for a user", apiKey("ALL"), `{"user_id":"u1","competition_id":"spring","steps":5,"date":"2026-05-01"}`, "spring", with(func(s *competition.SubmitSync) { s.UserName, s.Trusted = "", true })},
		{"an API key for syncs enrols nobody", apiKey("SYNC"), `{"user_id":"u1","competition_id":"spring","steps":5,"date":"2026-05-01"}`, "spring", with(func(s *competition.SubmitSync) { s.UserName, s.Trusted, s.MembersOnly = "", true, true })},
	} {
		t.Run(c.rule, func(t *testing.T) {
			b := newBench(t)
			b.engine.apiKeys = sampleKeys()
			r := b.do(t, "POST", "/api/v1/fitness/sync", c.body, bearer(c.token), header{"Content-Type", "application/json; charset=utf-8"})
			require.Equal(t, 200, r.status, r.body)
			assert.Equal(t, c.want, b.engine.sync)
			assert.Equal(t, c.id, b.engine.id)
		})
	}
}

func TestTheAnswerToASync(t *testing.T) {
	b := newBench(t)
	r := b.do(t, "POST", "/api/v1/fitness/sync", hotBody, bearer(authtest.User(t, "8c0f5f9e-9c1a-4f53-9a3e-0b6a51f0c001")))
	assert.JSONEq(t, `{"success":true,"data":{"competition_id":"spring","user_id":"8c0f5f9e-9c1a-4f53-9a3e-0b6a51f0c001","score":10000,"rank":2,"total_count":3,"changed":true}}`, r.body)
	b.engine.joined = append(b.engine.joined, competition.JoinedReply{CompetitionID: "summer", SyncReply: competition.SyncReply{Score: 2, Rank: 3, Total: 4, Changed: true}})
	r = b.do(t, "POST", "/api/v1/fitness/sync", `{"steps":1,"date":"2026-05-01"}`, bearer(authtest.User(t, "u1")))
	assert.JSONEq(t, `{"success":true,"data":[
		{"competition_id":"spring","user_id":"u1","score":1,"rank":1,"total_count":1,"changed":false},
		{"competition_id":"summer","user_id":"u1","score":2,"rank":3,"total_count":4,"changed":true}]}`, r.body)
}

func TestABatchAnswersItemByItem(t *testing.T) {
	b := newBench(t)
	b.engine.batch = func(items []competition.BatchItem) {
		require.Len(t, items, 6)
		items[1].Err = competition.ErrClosed
		items[2].Replies = []competition.JoinedReply{{CompetitionID: "a", SyncReply: competition.SyncReply{Rank: 1, Total: 1}}, {CompetitionID: "b", SyncReply: competition.SyncReply{Rank: 2, Total: 2}}}
		items[3].Replies = nil // everywhere, and nowhere taken
		items[4].Err = errors.New("pq: password=hunter2")
		items[5].Replies = nil // an engine that forgot one
	}
	one := func(fields string) string { return `{"steps":1,"date":"2026-05-01"` + fields + `}` }
	r := b.do(t, "POST", "/api/v1/fitness/sync/batch", `{"syncs":[`+strings.Join([]string{
		one(`,"competition_id":"spring"`),
		one(`,"competition_id":"spring","user_id":"u2"`),
		one(`,"competition_id":"spring"`),
		one(``),
		one(``),
		`{"steps":true}`,
		one(`,"competition_id":"spring"`),
		one(`,"competition_id":"spring"`),
	}, ",")+`]}`, bearer(authtest.User(t, "u1")))
	require.Equal(t, 200, r.status, r.body)
	var answer struct{ Data []json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(r.body), &answer))
	require.Len(t, answer.Data, 8)
	assert.JSONEq(t, `{"competition_id":"spring","user_id":"u1","score":0,"rank":1,"total_count":1,"changed":false}`, string(answer.Data[0]))
	for i, want := range map[int]string{1: "forbidden", 2: "competition_closed", 4: "not_enrolled", 5: "invalid_request", 6: "internal", 7: "internal"} {
		var p problemIn
		require.NoError(t, json.Unmarshal(answer.Data[i], &p))
		assert.Equal(t, want, p.Code, "item %d", i)
	}
	assert.JSONEq(t, `[{"competition_id":"a","user_id":"u1","score":0,"rank":1,"total_count":1,"changed":false},{"competition_id":"b","user_id":"u1","score":0,"rank":2,"total_count":2,"changed":false}]`, string(answer.Data[3]))
	assert.NotContains(t, r.body, "hunter2")
}

func TestABatchWithoutItemsAsksNobody(t *testing.T) {
	b := newBench(t)
	r := b.do(t, "POST", "/api/v1/fitness/sync/batch", `{"syncs":[]}`, bearer(authtest.User(t, "u1")))
	assert.JSONEq(t, `{"success":true,"data":[]}`, r.body)
	assert.Empty(t, b.engine.called())
}

func TestAWholeBatchOf1000(t *testing.T) {
	b := newBench(t)
	body := `{"syncs":[` + strings.Repeat(hotBody+",", 999) + hotBody + `]}`
	require.Greater(t, len(body), 10*bodyLimit)
	r := b.do(t, "POST", "/api/v1/fitness/sync/batch", body, bearer(authtest.Operator(t)))
	require.Equal(t, 200, r.status)
	var answer struct{ Data []struct{ Score int } }
	require.NoError(t, json.Unmarshal([]byte(r.body), &answer))
	require.Len(t, answer.Data, 1000)
	for i, item := range answer.Data {
		require.Equal(t, i, item.Score, "answers stand in the order of the items")
	}
}

// Strings that reach the engine must survive the buffers they came in.
func TestWhatTheEngineKeepsDoesNotChange(t *testing.T) {
	type kept struct {
		id   string
		sync competition.SubmitSync
	}
	var mu sync.Mutex
	var all []kept
	b := newBench(t)
	b.engine.submit = func(id string, s *competition.SubmitSync) (competition.SyncReply, error) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, kept{id, *s})
		return competition.SyncReply{Rank: 1, Total: 1}, nil
	}
	var ctx fasthttp.RequestCtx // the same buffers for all requests, as on one connection
	token := authtest.Operator(t)
	for i := range 200 {
		ctx.Request.Reset()
		ctx.Response.Reset()
		ctx.Request.Header.SetMethod("POST")
		ctx.Request.SetRequestURI("/api/v1/fitness/sync")
		ctx.Request.Header.Set("Authorization", "Bearer "+token)
		ctx.Request.SetBodyString(fmt.Sprintf(`{"user_id":"user-%03d","competition_id":"comp-%03d","source":"source-%03d","steps":1,"date":"2026-05-01"}`, i, i, i))
		b.handle(&ctx)
		require.Equal(t, 200, ctx.Response.StatusCode())
	}
	for i, k := range all {
		require.Equal(t, fmt.Sprintf("user-%03d comp-%03d source-%03d", i, i, i), k.sync.UserID+" "+k.id+" "+k.sync.Source)
	}
}

func TestASyncAllocatesNothing(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Engine = &quietEngine{Engine: o.Engine} })
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.SetMethod("POST")
	ctx.Request.SetRequestURI("/api/v1/fitness/sync")
	ctx.Request.Header.Set("Authorization", "Bearer "+authtest.User(t, "8c0f5f9e-9c1a-4f53-9a3e-0b6a51f0c001"))
	ctx.Request.SetBodyString(hotBody)
	b.handle(&ctx)
	require.Equal(t, 200, ctx.Response.StatusCode())
	allocations := testing.AllocsPerRun(500, func() {
		ctx.Response.Reset()
		b.handle(&ctx)
	})
	if !race.Enabled { // whose pools forget on purpose
		assert.Zero(t, allocations, "the engine may keep what the token and the id of the usual competition are kept as anyway")
	}
}
