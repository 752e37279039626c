package http

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
	"github.com/paceboard/paceboard/http/internal/decode"
)

func TestPrizesAreWorkedOutAndPaid(t *testing.T) {
	b := newBench(t)
	op := bearer(authtest.Operator(t))
	r := b.do(t, "POST", "/api/v1/prizes/calculate/spring", `{"prize_pool":1000.5}`, op)
	require.Equal(t, 200, r.status, r.body)
	require.Equal(t, []any{int64(100_050)}, b.engine.args, "minor units")
	require.JSONEq(t, `{"success":true,"data":{"competition_id":"spring","final":false,"prize_pool":1000.50,"currency":"EUR","prizes":[
		{"competition_id":"spring","user_id":"u1","rank":1,"amount":600.00,"currency":"EUR"}]}}`, r.body)
	require.Contains(t, r.body, `"amount":600.00,`, "with the currency's decimals")

	for _, body := range []string{"", "{}", `{"prize_pool":null}`, `{"prize_pool":0}`} {
		r = b.do(t, "POST", "/api/v1/prizes/distribute/spring", body, op)
		require.Equal(t, 200, r.status, r.body)
		require.Equal(t, []any{int64(0)}, b.engine.args)
	}
	require.True(t, b.engine.caller.Operator)
	require.JSONEq(t, `{"success":true,"data":{"competition_id":"spring","final":true,"prize_pool":1000.00,"currency":"EUR","prizes":[
		{"id":"spring.7","competition_id":"spring","user_id":"u1","rank":1,"amount":600.00,"currency":"EUR","status":"distributed","distributed_at":"2026-05-10T12:00:00.000Z","created_at":"2026-05-10T12:00:00.000Z"},
		{"id":"spring.8","competition_id":"spring","user_id":"u2","rank":2,"amount":400.00,"currency":"EUR","status":"pending","created_at":"2026-05-10T12:00:00.000Z"},
		{"id":"spring.9","competition_id":"spring","user_id":"u\"3","rank":3,"amount":0.05,"currency":"EUR","status":"failed","reason":"no\taccount","created_at":"2026-05-10T12:00:00.000Z"}]}}`, r.body)
}

// TestPoolHasTheCurrencysDecimals: one more is refused, whatever it is.
func TestPoolHasTheCurrencysDecimals(t *testing.T) {
	b := newBench(t)
	op := bearer(authtest.Operator(t))
	for _, c := range []struct {
		currency, pool string
		minor          int64 // -1: refused
	}{
		{"EUR", "1000.00", 100_000},
		{"EUR", "1000.000", 100_000},
		{"EUR", "1e3", 100_000},
		{"EUR", "1000.001", -1},
		{"EUR", "-1", -1},
		{"EUR", "10000000000000.00", ledger.MaxAmountMinor},
		{"EUR", "10000000000000.01", -1},
		{"EUR", `"1000"`, -1},
		{"JPY", "1000", 1000},
		{"JPY", "1000.5", -1},
		{"KWD", "1000.125", 1_000_125},
		{"KWD", "1000.1255", -1},
	} {
		b.engine.summary.Definition.Currency = c.currency
		r := b.do(t, "POST", "/api/v1/prizes/distribute/spring", `{"prize_pool":`+c.pool+`}`, op)
		if c.minor < 0 {
			require.Equal(t, 400, r.status, "%s %s", c.currency, c.pool)
			require.Equal(t, "prize_pool", problemFrom(t, r).Errors[0].Field)
			continue
		}
		require.Equal(t, 200, r.status, "%s %s: %s", c.currency, c.pool, r.body)
		require.Equal(t, []any{c.minor}, b.engine.args, "%s %s", c.currency, c.pool)
	}
}

func TestPrizesAreDecided(t *testing.T) {
	b := newBench(t)
	op := bearer(authtest.Operator(t))
	id := ledger.PrizeID{CompetitionID: "spring", Number: 7}
	require.Equal(t, 200, b.do(t, "POST", "/api/v1/prizes/spring.7/confirm", "", op).status)
	require.Equal(t, []any{id}, b.engine.args)
	require.Equal(t, 200, b.do(t, "POST", "/api/v1/prizes/spring.7/fail", `{"reason":"no account"}`, op).status)
	require.Equal(t, []any{id, "no account"}, b.engine.args)
	require.Equal(t, 200, b.do(t, "POST", "/api/v1/prizes/spring%2E7/fail", "", op).status)
	require.Equal(t, []any{id, ""}, b.engine.args)
	for _, bad := range []string{"spring", "spring.", "spring.0", "spring.07", "spring.x", "spring.7.1", "spring.4294967296", "a%2.7"} {
		require.Equal(t, 400, b.do(t, "POST", "/api/v1/prizes/"+bad+"/confirm", "", op).status, bad)
	}
}

func TestMoneyListsArePaged(t *testing.T) {
	b := newBench(t)
	own := bearer(authtest.User(t, "u1"))
	b.engine.nextPlace = ledger.Place{At: atStart, CompetitionID: "spring", Seq: 14, N: 3}
	for list, want := range map[string]string{
		"/api/v1/prizes/history/u1":     `"prizes":[{"id":"spring.7",`,
		"/api/v1/users/u1/transactions": `"transactions":[{"id":"spring.14","type":"entry_fee","competition_id":"spring","amount":-5.00,"currency":"EUR","created_at":"2026-05-10T12:00:00.000Z"}],`,
	} {
		r := b.do(t, "GET", list+"?limit=1", "", own)
		require.Equal(t, 200, r.status, r.body)
		require.Contains(t, r.body, want)
		require.Equal(t, []any{"u1", ledger.Place{}, 1}, b.engine.args)
		cursor := nextCursor(t, r)
		r = b.do(t, "GET", list+"?cursor="+cursor, "", own)
		require.Equal(t, 200, r.status, r.body)
		require.Equal(t, []any{"u1", b.engine.nextPlace, decode.DefaultLimit}, b.engine.args, "the cursor leads back to the place")
	}
	b.engine.nextPlace = ledger.Place{}
	require.NotContains(t, b.do(t, "GET", "/api/v1/prizes/history/u1", "", own).body, "next_cursor")
	for _, bad := range []string{"x", decode.Cursor(decode.CursorPrize, "1.spring.1"), decode.Cursor(decode.CursorTransaction, "5.spring.0.7"), decode.Cursor(decode.CursorPrize, "+5.spring.0.7"), decode.Cursor(decode.CursorPrize, "0.spring.0.7"), decode.Cursor(decode.CursorPrize, "5.a!.0.7")} {
		require.Equal(t, 400, b.do(t, "GET", "/api/v1/prizes/history/u1?cursor="+bad, "", own).status, bad)
	}
}

func TestPayouts(t *testing.T) {
	b := newBench(t)
	op := bearer(authtest.Operator(t))
	b.engine.nextPrize = pendingPrize.ID()
	r := b.do(t, "GET", "/api/v1/payouts?status=dead&limit=1", "", op)
	require.Equal(t, 200, r.status, r.body)
	require.Contains(t, r.body, `"payouts":[{"prize":{"id":"spring.8",`)
	require.Contains(t, r.body, `"status":"dead","attempts":12,"error":"the provider answered 500"}]`)
	dead := ledger.HandoverDead
	require.Equal(t, []any{&dead, ledger.PrizeID{}, 1}, b.engine.args)
	r = b.do(t, "GET", "/api/v1/payouts?cursor="+nextCursor(t, r), "", op)
	require.Equal(t, 200, r.status, r.body)
	require.Equal(t, []any{(*ledger.HandoverStatus)(nil), pendingPrize.ID(), decode.DefaultLimit}, b.engine.args)
	require.Equal(t, 400, b.do(t, "GET", "/api/v1/payouts?status=lost", "", op).status)
	r = b.do(t, "GET", "/api/v1/payouts?status=all", "", op)
	require.Equal(t, 200, r.status, r.body)
	require.Equal(t, (*ledger.HandoverStatus)(nil), b.engine.args[0])

	r = b.do(t, "POST", "/api/v1/payouts/spring.8/retry", "", op)
	require.Equal(t, 200, r.status, r.body)
	require.Contains(t, r.body, `"status":"waiting","attempts":0,"next_attempt_at":"2026-05-10T12:00:00.000Z"}`)
}

// TestSettledStatusTellsThePrizes, over WebSocket and Server-Sent Events alike,
// since both send this frame.
func TestSettledStatusTellsThePrizes(t *testing.T) {
	board := competition.Board{
		CompetitionID: "spring", Status: competition.Settled, Prizes: []ledger.Prize{wonPrize, failedPrize},
		Entries: []competition.Entry{{UserID: "u1", UserName: "Anna", Rank: 1}},
	}
	require.JSONEq(t, `{"type":"status","data":{"competition_id":"spring","status":"settled","prizes":[
		{"rank":1,"user_id":"u1","user_name":"Anna","amount":600.00,"currency":"EUR"},
		{"rank":3,"user_id":"u\"3","user_name":"","amount":0.05,"currency":"EUR"}]},
		"timestamp":"2026-05-10T12:00:00.000Z"}`, string(statusFrameOf(&board, atStart)))
	board.Prizes = nil
	require.Contains(t, string(statusFrameOf(&board, atStart)), `"status":"settled","prizes":[]}`, "nobody won")
	board.Status = competition.Completed
	require.NotContains(t, string(statusFrameOf(&board, atStart)), "prizes")
}

// TestASettledCompetitionHasItsPrizes, which everybody is shown, and no other one asks
// for them.
func TestASettledCompetitionHasItsPrizes(t *testing.T) {
	b := newBench(t)
	someone := bearer(authtest.User(t, "u3"))
	path := "/api/v1/competitions/spring"
	require.NotContains(t, b.do(t, "GET", path, "", someone).body, "prizes")
	b.engine.summary.Status = competition.Settled
	r := b.do(t, "GET", path, "", someone)
	require.Equal(t, 200, r.status, r.body)
	require.Contains(t, r.body, `"prizes":[{"rank":1,"user_id":"u1","user_name":"An\"na","amount":600.00,"currency":"EUR"},{"rank":2,"user_id":"u2","user_name":"","amount":400.00,"currency":"EUR"}],"prizes_count":120,"board_links":[]}`)
	require.Equal(t, "u3", b.engine.caller.UserID)
	require.NotContains(t, b.do(t, "GET", "/api/v1/competitions", "", someone).body, `"prizes"`, "lists stay short")
}

// nextCursor is the cursor that a list ends with.
func nextCursor(t *testing.T, r response) string {
	t.Helper()
	var list struct {
		Data struct {
			Next string `json:"next_cursor"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &list))
	require.NotEmpty(t, list.Data.Next, r.body)
	return list.Data.Next
}
