package http

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

func TestErasingAnswersWithCountsAlone(t *testing.T) {
	b := newBench(t)
	got := b.do(t, "DELETE", "/api/v1/users/u1", "", bearer(authtest.User(t, "u1")))
	require.Equal(t, 200, got.status)
	require.JSONEq(t, `{"success":true,"data":{"erased":true,"competitions":3,"transactions_kept":2}}`, got.body)
	require.Len(t, b.engine.audit, 1)
	require.Equal(t, "self", b.engine.audit[0].Actor.String(), "nothing names the person")
	require.Empty(t, b.engine.audit[0].Targets)
	b.engine.erased = competition.Erased{Competitions: 2, KeptIn: []string{"autumn", "spring"}, KeptUntil: atStart}
	got = b.do(t, "DELETE", "/api/v1/users/u1", "", bearer(authtest.User(t, "u1")))
	require.JSONEq(t, `{"success":true,"data":{"erased":true,"competitions":2,"transactions_kept":0,
		"kept_until":"`+atStart.Time().Format("2006-01-02T15:04:05.000Z07:00")+`","kept_in":["autumn","spring"]}}`, got.body)
	b.engine.err = competition.ErrPrizePending
	got = b.do(t, "DELETE", "/api/v1/users/u1", "", bearer(authtest.User(t, "u1")))
	require.Equal(t, 409, got.status)
	require.Contains(t, got.body, `"code":"prize_pending"`)
}

func TestErasuresAreListed(t *testing.T) {
	b := newBench(t)
	operator, u1 := bearer(authtest.Operator(t)), bearer(authtest.User(t, "u1"))
	b.engine.err = competition.ErrPrizePending
	require.Equal(t, 409, b.do(t, "DELETE", "/api/v1/users/u1", "", u1).status)
	b.engine.err = competition.ErrUnavailable
	require.Equal(t, 503, b.do(t, "DELETE", "/api/v1/users/u2", "", operator).status)
	b.engine.err = nil
	require.Equal(t, 403, b.do(t, "DELETE", "/api/v1/users/u2", "", u1).status, "and is not listed")
	require.Equal(t, 200, b.do(t, "DELETE", "/api/v1/users/u1", "", u1).status)
	b.engine.nobody = true
	require.Equal(t, 200, b.do(t, "DELETE", "/api/v1/users/u1", "", u1).status, "and is not listed")
	require.Equal(t, 200, b.do(t, "DELETE", "/api/v1/users/u1", "", operator).status)

	list := func() []shownErasure {
		var got struct {
			Data struct{ Erasures []shownErasure }
		}
		r := b.do(t, "GET", "/api/v1/erasures", "", operator)
		require.Equal(t, 200, r.status, r.body)
		require.NoError(t, json.Unmarshal([]byte(r.body), &got))
		for i := range got.Data.Erasures {
			e := &got.Data.Erasures[i]
			require.NotEmpty(t, e.ID, e.RequestedAt)
			e.ID, e.RequestedAt, e.RequestID = "", "", ""
		}
		return got.Data.Erasures
	}
	done := shownErasure{RequestedBy: "self", State: "done", Status: 200}
	byOperator, failed := shownErasure{RequestedBy: "op", State: "done", Status: 200}, shownErasure{RequestedBy: "op", State: "open", UserID: "u2", Status: 503}
	pending := shownErasure{RequestedBy: "self", State: "open", UserID: "u1", Status: 409}
	require.Equal(t, []shownErasure{byOperator, done, failed, pending}, list())

	// The store lets a pseudonym take the place of who is erased; see Pseudonymise.
	b.engine.audit[0].Targets[0].ID = competition.NewPseudonym([16]byte{1})
	pending.State, pending.UserID = "done", ""
	require.Equal(t, []shownErasure{byOperator, done, failed, pending}, list())
	require.Equal(t, 403, b.do(t, "GET", "/api/v1/erasures", "", u1).status)
}

// TestErasingAgainAndAgainIsLimited, for each user alone, whoever asks.
func TestErasingAgainAndAgainIsLimited(t *testing.T) {
	b := newBench(t)
	operator := bearer(authtest.Operator(t))
	erase := func(userID string) response { return b.do(t, "DELETE", "/api/v1/users/"+userID, "", operator) }
	for range seldomBurst {
		require.Equal(t, 200, erase("u1").status)
	}
	got := erase("u1")
	require.Equal(t, 429, got.status)
	require.Equal(t, "60", got.get("Retry-After"))
	require.Equal(t, 429, b.do(t, "DELETE", "/api/v1/users/u1", "", bearer(authtest.User(t, "u1"))).status)
	require.Equal(t, 200, erase("u2").status)
	require.Len(t, b.engine.called(), seldomBurst+1, "a refused one is not begun")
}

// TestTheAuditLogDoesNotBringTheErasedBack, neither as whom it was about nor as
// who did it.
func TestTheAuditLogDoesNotBringTheErasedBack(t *testing.T) {
	b := newBench(t)
	b.do(t, "DELETE", "/api/v1/users/u1", "", bearer(authtest.Operator(t)))
	b.do(t, "GET", "/api/v1/users/u1/export", "", bearer(authtest.Operator(t)))
	self := authtest.Mint(t, secret, map[string]any{"sub": "boss", "app_metadata": map[string]any{"role": "operator"}})
	b.do(t, "DELETE", "/api/v1/users/boss", "", bearer(self))
	var said []string
	for _, e := range b.engine.audit {
		said = append(said, fmt.Sprint(e.Action, " ", e.Path(), " ", e.Actor == competition.Subject{Kind: competition.RoleSubject, ID: competition.SelfRole}))
	}
	require.Equal(t, []string{
		"eraseUser /api/v1/users/:user_id false",
		"exportUser /api/v1/users/u1/export false", // until u1 is erased
		"eraseUser /api/v1/users/:user_id true",
	}, said)
}

func TestAnExportHasEverything(t *testing.T) {
	b := newBench(t)
	for _, id := range []string{"u1", "u2"} {
		require.NoError(t, b.engine.Note(exportOf(id)))
	}
	got := b.do(t, "GET", "/api/v1/users/u1/export", "", bearer(authtest.User(t, "u1")))
	require.Equal(t, 200, got.status)
	require.Equal(t, "no-store", got.get("Cache-Control"))
	var document struct {
		Data struct {
			UserID       string `json:"user_id"`
			Competitions []struct {
				UserName string  `json:"user_name"`
				Paid     float64 `json:"paid"`
				Stats    struct {
					Days []struct {
						Sources []struct {
							Source     string `json:"source"`
							RecordedAt string `json:"recorded_at"`
							Steps      int    `json:"steps"`
						} `json:"sources"`
					} `json:"days"`
				} `json:"stats"`
				Explanation map[string]any `json:"explanation"`
			} `json:"competitions"`
			Transactions, Prizes []map[string]any
			Webhooks             []map[string]any
			Actions              []map[string]any `json:"operator_actions"`
		} `json:"data"`
	}
	require.NoError(t, json.Unmarshal([]byte(got.body), &document))
	d := document.Data
	require.Equal(t, "u1", d.UserID)
	require.Len(t, d.Competitions, 1)
	require.Equal(t, `A "Name"`, d.Competitions[0].UserName)
	require.InDelta(t, 5, d.Competitions[0].Paid, 0)
	source := d.Competitions[0].Stats.Days[0].Sources[0]
	require.Equal(t, "watch", source.Source)
	require.Equal(t, 12, source.Steps)
	require.NotEmpty(t, source.RecordedAt)
	require.Equal(t, explanation.Reason, d.Competitions[0].Explanation["reason"], "what operators decided is theirs to know")
	require.Len(t, d.Transactions, 1)
	require.Len(t, d.Prizes, 1)
	require.Len(t, d.Webhooks, 1)
	require.Equal(t, sampleWebhook().URL, d.Webhooks[0]["url"])
	require.NotContains(t, d.Webhooks[0], "secret")
	require.Len(t, d.Actions, 1)
	require.Equal(t, "/api/v1/users/u1/export", d.Actions[0]["target"])
}

// exportOf is the entry of an export.
func exportOf(userID string) competition.AuditEntry {
	return competition.AuditEntry{
		ID: "1", At: atStart, Actor: competition.Subject{Kind: competition.UserSubject, ID: "op"}, Action: "exportUser",
		Route: "/api/v1/users/:user_id/export", Targets: []competition.AuditTarget{competition.TargetAt("user_id", userID)}, Status: 200, RequestID: "r",
	}
}

// TestALargeExportIsStreamed and says the same.
func TestALargeExportIsStreamed(t *testing.T) {
	b := newBench(t)
	const entries = 20_000
	for range entries {
		require.NoError(t, b.engine.Note(exportOf("u1")))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = b.Serve(listener) }()
	request, err := nethttp.NewRequestWithContext(t.Context(), "GET", "http://"+listener.Addr().String()+"/api/v1/users/u1/export", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+authtest.User(t, "u1"))
	request.Close = true
	response, err := nethttp.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, int64(-1), response.ContentLength, "it is streamed")
	var document struct {
		Data struct {
			Actions []map[string]any `json:"operator_actions"`
		} `json:"data"`
	}
	require.NoError(t, json.NewDecoder(bufio.NewReader(response.Body)).Decode(&document))
	require.Len(t, document.Data.Actions, entries)
}

// manyDays has the fake engine's person have five years of days in each of many
// competitions.
func manyDays(b *bench, competitions int) {
	for i := range competitions {
		b.engine.ties = append(b.engine.ties, fmt.Sprintf("c%04d", i))
	}
	b.engine.person = func(id, userID string, span competition.Span) (competition.Person, error) {
		s := fiveYears(span)
		x := &competition.Explanation{CompetitionID: id, UserID: userID, Status: competition.Active, Next: s.Next, Rows: s.Rows}
		for _, day := range s.Days {
			x.Days = append(x.Days, competition.ExplainedDay{Day: day.Day, Value: day.Value})
		}
		return competition.Person{Competition: b.engine.summary, UserName: "Ada", Present: true, Stats: s, Explanation: x}, b.engine.note("Person", id, competition.Caller{}, span)
	}
}

// TestAnExportGoesByPages: of ties and of days, and the document is the same.
func TestAnExportGoesByPages(t *testing.T) {
	b := newBench(t)
	manyDays(b, 3)
	got := served(t, b, "GET", "/api/v1/users/u1/export", authtest.User(t, "u1"))
	var document struct {
		Data struct {
			Competitions []struct{ Stats, Explanation dayPage }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(got), &document), "%.300s", got)
	require.Len(t, document.Data.Competitions, 3)
	for _, c := range document.Data.Competitions {
		for _, days := range []dayPage{c.Stats, c.Explanation} {
			require.Len(t, days.Days, 5*365)
			require.Equal(t, "2019-04-14", days.Days[0].Date)
			require.Empty(t, days.Next)
		}
		require.EqualValues(t, 99, c.Stats.Steps)
	}
}

// served is the body of the answer to a request of a real client.
func served(t *testing.T, b *bench, method, target, token string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = b.Serve(listener) }()
	request, err := nethttp.NewRequestWithContext(t.Context(), method, "http://"+listener.Addr().String()+target, nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Close = true
	response, err := nethttp.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}

// TestAnExportIsPaid: it costs a unit for each competition that is asked and for
// every 200 rows, even if that is more than there is, and a few can be had at once.
func TestAnExportIsPaid(t *testing.T) {
	b := newBench(t, func(o *Options) { o.RateLimits.User = 100 })
	export := func(user string) response {
		return b.do(t, "GET", "/api/v1/users/"+user+"/export", "", bearer(authtest.User(t, user)))
	}
	b.engine.ties = []string{}
	for i := range 250 {
		b.engine.ties = append(b.engine.ties, fmt.Sprintf("c%04d", i))
	}
	r := export("u1")
	require.Equal(t, 200, r.status)
	asked := 0
	for _, call := range b.engine.called() {
		if call == "Person" {
			asked++
		}
	}
	require.Equal(t, 250, asked)
	left, err := strconv.Atoi(r.get("RateLimit-Remaining"))
	require.NoError(t, err)
	require.InDelta(t, 4000-1-250, left, 5)

	b.engine.ties = []string{"spring"}
	for range seldomBurst - 1 {
		require.Equal(t, 200, export("u1").status)
	}
	b.engine.called()
	r = export("u1")
	require.Equal(t, 429, r.status)
	require.Equal(t, "60", r.get("Retry-After"))
	require.Empty(t, b.engine.called(), "nothing was read")
	require.Equal(t, 200, export("u2").status, "others are not concerned")
	require.Equal(t, 200, b.do(t, "DELETE", "/api/v1/users/u1", "", bearer(authtest.User(t, "u1"))).status, "erasing has its own")
	b.now = b.now.Add(time.Minute)
	require.Equal(t, 200, export("u1").status)
}

// TestAnExportHasADeadline: what is not read by then ends it.
func TestAnExportHasADeadline(t *testing.T) {
	b := newBench(t)
	manyDays(b, 2)
	life, err := b.engine.Lifetime(competition.Caller{}, "u1")
	require.NoError(t, err)
	x := &personExport{engine: b.engine, webhooks: fakeWebhooks{}, userID: "u1", lifetime: life, deadline: time.Now().Add(time.Hour)}
	pieces := 0
	write := func([]byte) error {
		if pieces++; pieces == 2 {
			x.deadline = time.Now().Add(-time.Second)
		}
		return nil
	}
	require.ErrorIs(t, x.run(write), competition.ErrUnavailable)
	require.Equal(t, 2, pieces)
	x.deadline, pieces = time.Now().Add(time.Hour), 2
	require.NoError(t, x.run(write))
}

func TestAnExportThatCannotBeReadIsAProblem(t *testing.T) {
	b := newBench(t)
	b.engine.err = competition.ErrUnavailable
	got := b.do(t, "GET", "/api/v1/users/u1/export", "", bearer(authtest.User(t, "u1")))
	require.Equal(t, 503, got.status)
	require.True(t, strings.HasPrefix(got.body, `{"type"`))
}
