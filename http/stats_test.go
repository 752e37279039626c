package http

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

func TestLifetimeStatisticsAreThoseWithoutACompetition(t *testing.T) {
	const target = "/api/v1/fitness/stats/u1"
	b := newBench(t)
	for _, c := range []struct {
		rule, query string
		token       string
		args        []any
	}{
		{"all days", "", authtest.User(t, "u1"), []any{"u1"}},
		{"some days", "?from=2026-05-01&to=2026-05-11T00:00:00Z", authtest.User(t, "u1"), []any{"u1"}},
		{"by an operator", "?unknown=parameter", authtest.Operator(t), []any{"u1"}},
		{"by a service key", "", authtest.Service(t), []any{"u1"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			r := b.do(t, "GET", target+c.query, "", bearer(c.token))
			require.Equal(t, 200, r.status, r.body)
			assert.Equal(t, []string{"Lifetime"}, b.engine.called())
			assert.Equal(t, c.args, b.engine.args)
			assert.Equal(t, "no-store", r.get("Cache-Control"))
			assert.JSONEq(t, `{"success":true,"data":{"user_id":"u1","steps":900,"distance":0.5,"calories":0,"active_minutes":0,"source":"watch",
				"days":[{"date":"2026-05-10","steps":900,"distance":0.5,"calories":0,"active_minutes":0,"sources":[
					{"source":"phone","steps":100,"distance":0.5,"calories":0,"active_minutes":0},
					{"source":"watch","steps":900,"distance":0,"calories":0,"active_minutes":0,"recorded_at":"2026-05-10T12:00:00.000000005Z"}]}],
				"last_synced_at":"2026-05-10T12:00:00.000Z"}}`, r.body)
		})
	}
}

func TestWhoNeverTookPartHasNoLifetimeDays(t *testing.T) {
	b := newBench(t)
	b.engine.stats = competition.Stats{UserID: "u1"}
	r := b.do(t, "GET", "/api/v1/fitness/stats/u1", "", bearer(authtest.User(t, "u1")))
	require.Equal(t, 200, r.status, r.body)
	assert.JSONEq(t, `{"success":true,"data":{"user_id":"u1","steps":0,"distance":0,"calories":0,"active_minutes":0,"days":[]}}`, r.body)
}

func TestMetricsOfTheLifetimeStatistics(t *testing.T) {
	b := newBench(t)
	b.engine.health = &competition.Health{Lifetime: competition.Projecting{Lagging: 2, Lag: 1_500_000_000, Failures: 3}}
	text := b.scraped(t).body
	for _, line := range []string{"paceboard_lifetime_behind_competitions 2", "paceboard_lifetime_lag_seconds 1.5", "paceboard_lifetime_failures_total 3"} {
		assert.Contains(t, text, line+"\n")
	}
}
