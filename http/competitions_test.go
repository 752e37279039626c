package http

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
	"github.com/paceboard/paceboard/http/internal/decode"
)

func TestACompetitionWithEverythingLeftOut(t *testing.T) {
	b := newBench(t)
	r := b.do(t, "POST", "/api/v1/competitions", `{"name":"Spring","start_date":"2026-05-10T00:00:00+02:00","end_date":"2026-06-10T00:00:00Z"}`, bearer(authtest.User(t, "u1")))
	require.Equal(t, 201, r.status, r.body)
	assert.Equal(t, "/api/v1/competitions/spring", r.get("Location"))
	firstDay, _ := calendar.ParseDay("2026-05-09")
	lastDay, _ := calendar.ParseDay("2026-06-09")
	assert.Equal(t, competition.CreateCompetition{
		Caller: competition.Caller{UserID: "u1"},
		Definition: competition.Definition{
			ID: "new-id", Name: "Spring", Type: competition.Custom,
			Start: calendar.Millis(1778364000000), End: calendar.Millis(1781049600000),
			Currency: "USD", TimeZone: "UTC", Scoring: competition.Weights{Step: 1000}, PrizeSplit: []int64{60_000, 30_000, 10_000},
			Enrollment: competition.Open, Visibility: competition.Public, DailyLimits: competition.DefaultDailyLimits, LateSyncHours: 24,
			FirstDay: firstDay, LastDay: lastDay,
		},
	}, b.engine.create)
}

func TestACompetitionWithEverythingSaid(t *testing.T) {
	b := newBench(t)
	b.engine.created = false
	r := b.do(t, "POST", "/api/v1/competitions", `{"id":"spring","name":"Spring","description":"d","type":"weekly","start_date":"2026-05-10T00:00:00Z","end_date":"2026-06-10T00:00:00Z",
		"entry_fee":5,"prize_pool":1000.5,"currency":"EUR","time_zone":"Europe/Berlin","scoring":{"distance":0.125,"active_minutes":1e1},"prize_split":[50,30.5,19.5],
		"enrollment":"open","visibility":"private","max_participants":10,"daily_limits":{"steps":50000,"distance":100.005},"late_sync_hours":0}`, bearer(authtest.Operator(t)))
	require.Equal(t, 200, r.status, "the same again: %s", r.body)
	assert.Empty(t, r.get("Location"))
	d := b.engine.create.Definition
	assert.Equal(t, competition.Caller{UserID: "op", Operator: true}, b.engine.create.Caller)
	assert.Equal(t, "spring", d.ID)
	assert.Equal(t, []int64{500, 100_050}, []int64{d.EntryFeeMinor, d.PrizePoolMinor})
	assert.Equal(t, competition.Weights{Metre: 125, Minute: 10_000}, d.Scoring, "weights left out are 0")
	assert.Equal(t, []int64{50_000, 30_500, 19_500}, d.PrizeSplit)
	assert.Equal(t, competition.Invite, d.Enrollment, "private implies invite")
	assert.Equal(t, competition.Metrics{Steps: 50_000, DistanceCm: 10_001, EnergyCentikcal: competition.DefaultDailyLimits.EnergyCentikcal, ActiveMinutes: 1440}, d.DailyLimits, "limits left out are the default ones")
	assert.Zero(t, d.LateSyncHours)
	assert.Equal(t, 10, d.MaxParticipants)
}

// edited is the patch of the last command.
func (b *bench) edited() competition.Patch { return b.engine.ran.(*competition.EditCompetition).Patch }

func TestAnEditNamesOnlyWhatChanges(t *testing.T) {
	b := newBench(t)
	r := b.do(t, "PATCH", "/api/v1/competitions/spring", `{"description":"d","currency":"JPY","prize_pool":5000,"entry_fee":null,"prize_split":[100],"unknown":1}`, bearer(authtest.User(t, "u1")))
	require.Equal(t, 200, r.status, r.body)
	description, currency, pool := "d", "JPY", int64(5000)
	assert.Equal(t, competition.Patch{Description: &description, Currency: &currency, PrizePoolMinor: &pool, PrizeSplit: []int64{100_000}}, b.edited())
	assert.Equal(t, "spring", b.engine.id)
	assert.Equal(t, []string{"Competition", "EditCompetition"}, b.engine.called())

	r = b.do(t, "PATCH", "/api/v1/competitions/spring", `{"prize_pool":700.5}`, bearer(authtest.User(t, "u1")))
	require.Equal(t, 200, r.status, r.body)
	assert.Equal(t, int64(70_050), *b.edited().PrizePoolMinor, "in the competition's own currency")

	r = b.do(t, "PATCH", "/api/v1/competitions/spring", `{}`, bearer(authtest.User(t, "u1")))
	require.Equal(t, 200, r.status, r.body)
	assert.Equal(t, competition.Patch{}, b.edited())

	r = b.do(t, "PATCH", "/api/v1/competitions/spring", `{"name":"n","type":"weekly","start_date":"2026-05-11T00:00:00Z","end_date":"2026-05-12T00:00:00Z","entry_fee":1,"time_zone":"Asia/Tokyo",
		"scoring":{"steps":2},"enrollment":"invite","visibility":"private","max_participants":3,"daily_limits":{},"late_sync_hours":1}`, bearer(authtest.User(t, "u1")))
	require.Equal(t, 200, r.status, r.body)
	p := b.edited()
	assert.Equal(t, "n weekly Asia/Tokyo invite private", *p.Name+" "+string(*p.Type)+" "+*p.TimeZone+" "+string(*p.Enrollment)+" "+string(*p.Visibility))
	assert.Equal(t, []int64{int64(1778457600000), 1778544000000, 100, 3, 1}, []int64{int64(*p.Start), int64(*p.End), *p.EntryFeeMinor, int64(*p.MaxParticipants), int64(*p.LateSyncHours)})
	assert.Equal(t, competition.Weights{Step: 2000}, *p.Scoring)
	assert.Equal(t, competition.DefaultDailyLimits, *p.DailyLimits)
}

// TestCompetitionsSayWhenTheyWereCreated, wherever they are shown, and nothing
// where nobody knows.
func TestCompetitionsSayWhenTheyWereCreated(t *testing.T) {
	b := newBench(t)
	user := bearer(authtest.User(t, "u1"))
	for _, c := range []struct{ method, target, body string }{
		{"GET", "/api/v1/competitions", ""},
		{"GET", "/api/v1/users/u1/competitions", ""},
		{"GET", "/api/v1/competitions/spring", ""},
		{"PATCH", "/api/v1/competitions/spring", `{"name":"Spring"}`},
		{"DELETE", "/api/v1/competitions/spring", ""},
		{"POST", "/api/v1/competitions", `{"name":"Spring","start_date":"2026-05-01T00:00:00Z","end_date":"2026-06-01T00:00:00Z"}`},
	} {
		b.engine.createdAt = atStart
		r := b.do(t, c.method, c.target, c.body, user)
		require.Less(t, r.status, 300, r.body)
		assert.Contains(t, r.body, `,"created_at":"2026-05-10T12:00:00.000Z"`, "%s %s", c.method, c.target)
		b.engine.createdAt = 0
		r = b.do(t, c.method, c.target, c.body, user)
		assert.NotContains(t, r.body, "created_at", "%s %s", c.method, c.target)
	}
}

// TestListsHaveOrders, whose cursors are no good in another one.
func TestListsHaveOrders(t *testing.T) {
	b := newBench(t)
	user := bearer(authtest.User(t, "u1"))
	place := competition.ListPlace{Start: 1_777_593_600_000, ID: "spring"}
	own := place
	own.Own = true
	open := []competition.Status{competition.Upcoming, competition.Active, competition.Finalizing}
	over := []competition.Status{competition.Completed, competition.Settled, competition.Cancelled}
	for query, want := range map[string]competition.Listing{
		"order=start":                    {},
		"order=newest&status=over":       {Newest: true, Statuses: over},
		"order=current":                  {},
		"order=current&status=open":      {Statuses: open},
		"search=":                        {},
		"order=newest&search=Fr%C3%BChl": {Newest: true, Search: "Frühl"},
		"order=newest&cursor=" + decode.ListedCursor(decode.CursorNewest, place):    {Newest: true, After: place},
		"order=current&cursor=" + decode.ListedCursor(decode.CursorCurrent, place):  {After: place},
		"order=current&cursor=" + decode.ListedCursor(decode.CursorCurrent, own):    {After: own},
		"order=current&status=active&search=" + strings.Repeat("%C3%BC", maxSearch): {Statuses: open[1:2], Search: strings.Repeat("ü", maxSearch)},
	} {
		want.Limit = 100
		r := b.do(t, "GET", "/api/v1/competitions?"+query, "", user)
		assert.Equal(t, 200, r.status, r.body)
		assert.Equal(t, []any{want}, b.engine.args, query)
	}
	for query, field := range map[string]string{
		"order=oldest":                               "order",
		"order=current&status=settled":               "order",
		"order=current&status=over":                  "order",
		"status=closed":                              "status",
		"search=%ff":                                 "search",
		"search=" + strings.Repeat("x", maxSearch+1): "search",
		"order=newest&cursor=" + decode.ListedCursor(decode.CursorListed, place): "cursor",
		"cursor=" + decode.ListedCursor(decode.CursorCurrent, own):               "cursor",
	} {
		r := b.do(t, "GET", "/api/v1/competitions?"+query, "", user)
		assert.Equal(t, 400, r.status, query)
		assert.Equal(t, field, problemFrom(t, r).Errors[0].Field, query)
	}
	b.engine.nextListed = own
	r := b.do(t, "GET", "/api/v1/competitions?order=current", "", user)
	assert.Equal(t, 1, strings.Count(r.body, `,"own":true}`))
	assert.Contains(t, r.body, `],"next_cursor":"`+decode.ListedCursor(decode.CursorCurrent, own)+`"}}`)
}

func TestListsGoOn(t *testing.T) {
	b := newBench(t)
	user := bearer(authtest.User(t, "u1"))
	r := b.do(t, "GET", "/api/v1/competitions", "", user)
	assert.NotContains(t, r.body, "next_cursor", "absent at the end")
	assert.Equal(t, []any{competition.Listing{Limit: 100}}, b.engine.args)
	assert.Equal(t, competition.Caller{UserID: "u1"}, b.engine.caller)

	place := competition.ListPlace{Start: 1_777_593_600_000, ID: "spring"}
	b.engine.nextListed = place
	r = b.do(t, "GET", "/api/v1/competitions?status=active&limit=1", "", user)
	assert.Contains(t, r.body, `],"next_cursor":"`+decode.ListedCursor(decode.CursorListed, place)+`"}}`)
	assert.Equal(t, []any{competition.Listing{Statuses: []competition.Status{competition.Active}, Limit: 1}}, b.engine.args)
	b.do(t, "GET", "/api/v1/competitions?cursor="+decode.ListedCursor(decode.CursorListed, place), "", user)
	assert.Equal(t, []any{competition.Listing{After: place, Limit: 100}}, b.engine.args)
	for _, wrong := range []string{"spring", "1.", "-1.spring", "01.spring", "1.a.b", ".spring", "281474976710656.a", "1.a.own"} {
		r = b.do(t, "GET", "/api/v1/competitions?cursor="+decode.Cursor(decode.CursorListed, wrong), "", user)
		assert.Equal(t, 400, r.status, wrong)
	}
	r = b.do(t, "GET", "/api/v1/competitions?cursor="+decode.CompetitionCursor("spring"), "", user)
	assert.Equal(t, 400, r.status, "that of the user's own list")
	r = b.do(t, "GET", "/api/v1/competitions?status=all", "", user)
	assert.Equal(t, 200, r.status, r.body)
	assert.Equal(t, []any{competition.Listing{Limit: 100}}, b.engine.args, "all of them")

	b.engine.next = "b"
	r = b.do(t, "GET", "/api/v1/users/u1/competitions?limit=5&cursor="+decode.CompetitionCursor("a"), "", user)
	assert.Contains(t, r.body, `"next_cursor"`)
	assert.Equal(t, []any{"u1", "a", 5}, b.engine.args)

	b.engine.nextPart = 9
	r = b.do(t, "GET", "/api/v1/competitions/spring/participants?cursor="+decode.ParticipantCursor(7), "", user)
	assert.Contains(t, r.body, `"next_cursor":"`+decode.ParticipantCursor(9)+`"`)
	assert.Equal(t, []any{uint32(7), 100, ""}, b.engine.args)
}

func TestJoining(t *testing.T) {
	for _, c := range []struct {
		rule, token, body string
		want              competition.JoinCompetition
	}{
		{"by the token's name", authtest.User(t, "u1"), "", competition.JoinCompetition{Caller: competition.Caller{UserID: "u1"}, UserID: "u1", UserName: "Ada Lovelace"}},
		{"an empty object says no more", authtest.User(t, "u1"), "{}", competition.JoinCompetition{Caller: competition.Caller{UserID: "u1"}, UserID: "u1", UserName: "Ada Lovelace"}},
		{"by another name", authtest.User(t, "u1"), `{"user_name":"Countess"}`, competition.JoinCompetition{Caller: competition.Caller{UserID: "u1"}, UserID: "u1", UserName: "Countess", Rename: true}},
		{"by no name", authtest.User(t, "u1"), `{"user_name":""}`, competition.JoinCompetition{Caller: competition.Caller{UserID: "u1"}, UserID: "u1", Rename: true}},
		{"an operator does not lend the own name", authtest.Operator(t), `{"user_id":"u2"}`, competition.JoinCompetition{Caller: competition.Caller{UserID: "op", Operator: true}, UserID: "u2"}},
		{"an operator with a name for somebody", authtest.Operator(t), `{"user_id":"u2","user_name":"Bo"}`, competition.JoinCompetition{Caller: competition.Caller{UserID: "op", Operator: true}, UserID: "u2", UserName: "Bo", Rename: true}},
		{"a service key's", authtest.Service(t), `{"user_id":"u2"}`, competition.JoinCompetition{Caller: competition.Caller{Operator: true}, UserID: "u2"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			b := newBench(t)
			r := b.do(t, "POST", "/api/v1/competitions/spring/join", c.body, bearer(c.token))
			require.Equal(t, 200, r.status, r.body)
			assert.Equal(t, c.want, b.engine.join)
		})
	}
}

// TestNobodyJoinsForAnother: an athlete who names somebody else is led to the
// invitations, and the engine hears nothing of it.
func TestNobodyJoinsForAnother(t *testing.T) {
	b := newBench(t)
	r := b.do(t, "POST", "/api/v1/competitions/spring/join", `{"user_id":"u2","user_name":"Mallory"}`, bearer(authtest.User(t, "u1")))
	require.Equal(t, 403, r.status, r.body)
	assert.Contains(t, r.body, `"code":"forbidden"`)
	assert.Contains(t, r.body, "/api/v1/competitions/spring/invitations")
	assert.Empty(t, b.engine.called())
}

func TestLeaving(t *testing.T) {
	b := newBench(t)
	r := b.do(t, "DELETE", "/api/v1/competitions/spring/join", "", bearer(authtest.User(t, "u1")))
	assert.JSONEq(t, `{"success":true,"data":{"competition_id":"spring","user_id":"u1","removed":true}}`, r.body)
	assert.Equal(t, &competition.LeaveCompetition{Caller: competition.Caller{UserID: "u1"}, UserID: "u1"}, b.engine.ran)
}

// TestRemoving: taking somebody else off the board needs a reason, and is another
// command than leaving.
func TestRemoving(t *testing.T) {
	for name, request := range map[string]struct{ query, body string }{
		"in the query": {"?user_id=u%7C2&reason=a%20rival", ""},
		"in the body":  {"?user_id=u%7C2", `{"reason":"a rival"}`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			r := b.do(t, "DELETE", "/api/v1/competitions/spring/join"+request.query, request.body, bearer(authtest.Operator(t)))
			assert.JSONEq(t, `{"success":true,"data":{"competition_id":"spring","user_id":"u|2","removed":true}}`, r.body)
			assert.Equal(t, competition.RemoveParticipant{Caller: competition.Caller{UserID: "op", Operator: true}, UserID: "u|2", Reason: "a rival"}, b.engine.remove)
		})
	}
	b := newBench(t)
	for _, query := range []string{"?user_id=u2", "?user_id=u2&reason=", "?user_id=u2&reason=it%20was%20u2"} {
		r := b.do(t, "DELETE", "/api/v1/competitions/spring/join"+query, "", bearer(authtest.Operator(t)))
		assert.Equal(t, 400, r.status, query)
		assert.Contains(t, r.body, `"field":"reason"`)
	}
	assert.Empty(t, b.engine.called())
}

func TestPathsAreDecodedOnceAndMayEndInASlash(t *testing.T) {
	b := newBench(t)
	for target, user := range map[string]string{
		"/api/v1/users/a%7Cb/competitions":  "a|b",
		"/api/v1/users/a%2Fb/competitions":  "a/b",
		"/api/v1/users/a+b/competitions":    "a+b",
		"/api/v1/users/a%2541/competitions": "a%41",
		"/api/v1/users/a.b-c/competitions/": "a.b-c",
		"/api/v1/users/..%2f/competitions":  "../",
	} {
		r := b.do(t, "GET", target, "", bearer(authtest.Operator(t)))
		require.Equal(t, 200, r.status, "%s: %s", target, r.body)
		assert.Equal(t, user, b.engine.args[0], target)
	}
}

func TestStatisticsAsTheEngineIsAsked(t *testing.T) {
	b := newBench(t)
	user := bearer(authtest.User(t, "u1"))
	b.do(t, "GET", "/api/v1/fitness/stats/u1?competition_id=spring", "", user)
	assert.Equal(t, []any{"u1", competition.Span{To: calendar.MaxDay, Limit: 400}}, b.engine.args)
	from, _ := calendar.ParseDay("2026-05-01")
	r := b.do(t, "GET", "/api/v1/fitness/stats/u1?competition_id=spring&from=2026-05-01&to=2026-05-02T00:00:00Z", "", user)
	require.Equal(t, 200, r.status, r.body)
	assert.Equal(t, []any{"u1", competition.Span{From: from, To: from + 1, Limit: 400}}, b.engine.args)
	assert.Equal(t, "spring", b.engine.id)
}

// TestParticipantsAreSearched: and it costs what it reads.
func TestParticipantsAreSearched(t *testing.T) {
	b := newBench(t, func(o *Options) { o.RateLimits.User = 100 })
	user := bearer(authtest.User(t, "u1"))
	r := b.do(t, "GET", "/api/v1/competitions/spring/participants?search=L%C3%BCtt&limit=5", "", user)
	require.Equal(t, 200, r.status, r.body)
	require.Equal(t, []any{uint32(0), 5, "Lütt"}, b.engine.args)
	left := 4000 - 1 - competition.MaxSearchedParticipants/rowsOfUnit
	require.Equal(t, strconv.Itoa(left), r.get("RateLimit-Remaining"))
	r = b.do(t, "GET", "/api/v1/competitions?search=x", "", user)
	require.Equal(t, strconv.Itoa(left-1-competition.MaxSearched/rowsOfUnit), r.get("RateLimit-Remaining"), "so are competitions")
	r = b.do(t, "GET", "/api/v1/competitions/spring/participants?search="+strings.Repeat("x", maxSearch+1), "", user)
	require.Equal(t, 400, r.status, r.body)
	require.Contains(t, r.body, `"field":"search"`)
}
