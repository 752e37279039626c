package http

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
	"github.com/paceboard/paceboard/http/internal/decode"
)

const participant = "/api/v1/competitions/spring/participants/u1"

func TestOperatorsDecideAboutParticipants(t *testing.T) {
	b := newBench(t)
	op, by := bearer(authtest.Operator(t)), competition.Caller{UserID: "op", Operator: true}
	for _, c := range []struct {
		method, target, body string
		command              competition.Command
	}{
		{"POST", participant + "/exclude", `{"reason":"a car"}`, &competition.ExcludeParticipant{Caller: by, UserID: "u1", Reason: "a car"}},
		{"POST", participant + "/restore", `{"reason":"no car"}`, &competition.RestoreParticipant{Caller: by, UserID: "u1", Reason: "no car"}},
		{
			"PUT", participant + "/days/2026-05-01", `{"steps":4000,"distance":2800.5,"reason":"a bus"}`,
			&competition.CorrectDay{Caller: by, UserID: "u1", Day: 20_574, Metrics: competition.Metrics{Steps: 4000, DistanceCm: 2800_50}, Reason: "a bus"},
		},
		{"DELETE", participant + "/days/2026-05-01T00%3A00%3A00Z", `{"reason":"no bus"}`, &competition.WithdrawCorrection{Caller: by, UserID: "u1", Day: 20_574, Reason: "no bus"}},
	} {
		r := b.do(t, c.method, c.target, c.body, op)
		require.Equal(t, 200, r.status, r.body)
		require.JSONEq(t, `{"success":true,"data":{"competition_id":"spring","user_id":"u1","excluded":true,"score":4000,"rank":0,"total_count":2,"changed":true}}`, r.body)
		require.Equal(t, c.command, b.engine.ran)
	}
	for _, target := range []string{"exclude", "restore"} {
		b.engine.called()
		require.Equal(t, 200, b.do(t, "POST", "/api/v1/competitions/spring/participants/a%2Fb/"+target, `{"reason":"a car"}`, op).status)
	}
	require.Len(t, b.engine.audit, 6, "each is in the audit log")
	require.Equal(t, "excludeParticipant", b.engine.audit[0].Action)
	require.Equal(t, participant+"/exclude", b.engine.audit[0].Path())
}

func TestExclusionsAreListed(t *testing.T) {
	b := newBench(t)
	op := bearer(authtest.Operator(t))
	b.engine.nextPart = 7
	r := b.do(t, "GET", "/api/v1/competitions/spring/exclusions?limit=1", "", op)
	require.JSONEq(t, `{"success":true,"data":{"exclusions":[{"user_id":"u1","user_name":"Ada","score":4000,"reason":"a \"car\""}],"next_cursor":"cDc"}}`, r.body)
	require.Equal(t, []any{uint32(0), 1}, b.engine.args)
	b.engine.nextPart = 0
	r = b.do(t, "GET", "/api/v1/competitions/spring/exclusions?cursor=cDc", "", op)
	require.NotContains(t, r.body, "next_cursor")
	require.Equal(t, []any{uint32(7), 100}, b.engine.args)
}

func TestFlagsAreListed(t *testing.T) {
	b := newBench(t)
	op := bearer(authtest.Operator(t))
	b.engine.nextFlag = 12
	r := b.do(t, "GET", "/api/v1/competitions/spring/flags?limit=1", "", op)
	require.JSONEq(t, `{"success":true,"data":{"flags":[{"user_id":"u1","user_name":"Ada","excluded":true,"date":"2026-05-01","reason":"rate",
		"found":{"steps":40000,"distance":0,"calories":0,"active_minutes":0},"usual":{"steps":18000,"distance":37500,"calories":0,"active_minutes":0},
		"within_seconds":3600,"created_at":"2026-05-10T12:00:00.000Z","counts":{"steps":4000,"distance":0,"calories":0,"active_minutes":0}}],
		"next_cursor":"ZjEy"}}`, r.body)
	require.Equal(t, []any{uint64(0), 1}, b.engine.args)
	b.engine.nextFlag = 0
	r = b.do(t, "GET", "/api/v1/competitions/spring/flags?cursor=ZjEy", "", op)
	require.NotContains(t, r.body, "next_cursor")
	require.Equal(t, []any{uint64(12), 100}, b.engine.args)
}

func TestScoresAreExplained(t *testing.T) {
	b := newBench(t)
	r := b.do(t, "GET", participant+"/explanation", "", bearer(authtest.User(t, "u1")))
	require.JSONEq(t, `{"success":true,"data":{"competition_id":"spring","user_id":"u1","user_name":"Ada","status":"active","score":9007,"total_count":2,
		"left":false,"excluded":true,"reason":"a \"car\"","scoring":{"steps":1,"distance":0.001,"calories":0,"active_minutes":0},"points":9007.00001,"days":[
		{"date":"2026-05-01","steps":5000,"distance":7000.01,"calories":0,"active_minutes":0,"points":5007.00001,"reports":[
			{"source":"phone","steps":5000,"distance":7000.01,"calories":0,"active_minutes":0,"recorded_at":"2026-05-01T17:03:00.000Z","counts":true,
				"counted":{"steps":5000,"distance":7000.01,"calories":0,"active_minutes":0}},
			{"source":"watch","steps":4000,"distance":0,"calories":0,"active_minutes":0,"counts":false,"why_not":"another_source_has_more"}],
			"flags":[{"reason":"rate","found":{"steps":40000,"distance":0,"calories":0,"active_minutes":0},
				"usual":{"steps":18000,"distance":37500,"calories":0,"active_minutes":0},"within_seconds":3600,"created_at":"2026-05-10T12:00:00.000Z"}]},
		{"date":"2026-05-02","steps":4000,"distance":0,"calories":0,"active_minutes":0,"points":4000,"correction":{"reason":"a bus"},"reports":[
			{"source":"phone","steps":90000,"distance":0,"calories":0,"active_minutes":0,"counts":false,"why_not":"corrected"}],"flags":[]}]}}`, r.body)
	require.Contains(t, r.body, `"points":9007.00001`, "exact")
	require.Equal(t, []any{"u1", competition.Span{To: calendar.MaxDay, Limit: 400}}, b.engine.args)
}

func TestFairPlayIsRefused(t *testing.T) {
	op, user := bearer(authtest.Operator(t)), bearer(authtest.User(t, "u1"))
	const because = `{"reason":"a car"}`
	for _, c := range []struct {
		rule, request, body string
		caller              header
		engine              error
		status              int
		code, fields        string
	}{
		{"without a body", "POST " + participant + "/exclude", "", op, nil, 400, "invalid_request", "reason"},
		{"without a reason", "POST " + participant + "/restore", "{}", op, nil, 400, "invalid_request", "reason"},
		{"a reason that is no text", "POST " + participant + "/exclude", `{"reason":5}`, op, nil, 400, "invalid_request", "reason"},
		{"a reason of 501 characters", "POST " + participant + "/exclude", `{"reason":"` + strings.Repeat("é", 501) + `"}`, op, nil, 400, "invalid_request", "reason"},
		{"a reason with a control character", "POST " + participant + "/exclude", `{"reason":"a\u0007"}`, op, nil, 400, "invalid_request", "reason"},
		{"a reason that says who it was", "POST " + participant + "/exclude", `{"reason":"the phone of u1."}`, op, nil, 400, "invalid_request", "reason"},
		{"400 before 403", "POST " + participant + "/exclude", "{}", user, nil, 400, "invalid_request", "reason"},
		{"not an operator", "POST " + participant + "/exclude", because, user, nil, 403, "forbidden", ""},
		{"a correction to nothing at all", "PUT " + participant + "/days/2026-05-01", because, op, nil, 400, "invalid_request", "steps"},
		{"everything wrong with a correction", "PUT " + participant + "/days/2026-05-01", `{"steps":-1,"distance":"x"}`, op, nil, 400, "invalid_request", "steps,distance,reason"},
		{"a day that is none", "PUT " + participant + "/days/2026-02-30", because, op, nil, 400, "invalid_request", "date"},
		{"a day that is none, of a withdrawal", "DELETE " + participant + "/days/x", because, op, nil, 400, "invalid_request", "date"},
		{"who never took part", "POST " + participant + "/exclude", because, op, competition.ErrNotEnrolled, 404, "not_enrolled", ""},
		{"after the prizes", "POST " + participant + "/exclude", because, op, competition.ErrClosed, 409, "competition_closed", ""},
		{"a correction before the start", "PUT " + participant + "/days/2026-05-01", `{"steps":1,"reason":"a bus"}`, op, competition.ErrNotStarted, 409, "competition_not_started", ""},
		{"a day outside", "PUT " + participant + "/days/2026-05-01", `{"steps":1,"reason":"a bus"}`, op, competition.ErrOutsideWindow, 422, "outside_window", ""},
		{"a competition that is not there", "DELETE " + participant + "/days/2026-05-01", because, op, competition.ErrUnknownCompetition, 404, "unknown_competition", ""},
		{"flags for an athlete", "GET /api/v1/competitions/spring/flags", "", user, nil, 403, "forbidden", ""},
		{"flags after another list's cursor", "GET /api/v1/competitions/spring/flags?cursor=" + decode.ParticipantCursor(3), "", op, nil, 400, "invalid_request", "cursor"},
		{"flags after nothing", "GET /api/v1/competitions/spring/flags?cursor=" + decode.Cursor(decode.CursorFlag, "0"), "", op, nil, 400, "invalid_request", "cursor"},
		{"another's explanation", "GET /api/v1/competitions/spring/participants/u2/explanation", "", user, nil, 403, "forbidden", ""},
		{"an explanation for who never took part", "GET " + participant + "/explanation", "", user, competition.ErrNotEnrolled, 404, "not_enrolled", ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			b := newBench(t)
			b.engine.err = c.engine
			method, target, _ := strings.Cut(c.request, " ")
			r := b.do(t, method, target, c.body, c.caller)
			require.Equal(t, c.status, r.status, r.body)
			p := problemFrom(t, r)
			var fields []string
			for _, f := range p.Errors {
				fields = append(fields, f.Field)
			}
			require.Equal(t, [2]string{c.code, c.fields}, [2]string{p.Code, strings.Join(fields, ",")})
			if c.engine == nil {
				for _, call := range b.engine.called() {
					require.Equal(t, "Note", call, "a refused request changes nothing")
				}
			}
		})
	}
}

func TestFlagsAreCounted(t *testing.T) {
	b := newBench(t)
	b.engine.health = &competition.Health{Flagged: map[competition.FlagReason]uint64{competition.RateFlag: 3}}
	r := b.scraped(t)
	require.Contains(t, r.body, `paceboard_flags_total{reason="rate"} 3`)
	require.Contains(t, r.body, `paceboard_flags_total{reason="own_days"} 0`)
}
