package http

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
)

// sample is a good request of each operation, by u1 and about u1.
var sample = map[string]struct{ target, body string }{
	"submitSync":           {"/api/v1/fitness/sync", `{"user_id":"u1","competition_id":"spring","steps":1,"date":"2026-05-01"}`},
	"submitBatch":          {"/api/v1/fitness/sync/batch", `{"syncs":[{"user_id":"u1","competition_id":"spring","steps":1,"date":"2026-05-01"}]}`},
	"getLeaderboard":       {"/api/v1/leaderboard/spring", ""},
	"getStats":             {"/api/v1/fitness/stats/u1?competition_id=spring", ""},
	"createCompetition":    {"/api/v1/competitions", `{"name":"Spring","start_date":"2026-05-10T00:00:00Z","end_date":"2026-06-10T00:00:00Z"}`},
	"listCompetitions":     {"/api/v1/competitions", ""},
	"getCompetition":       {"/api/v1/competitions/spring", ""},
	"editCompetition":      {"/api/v1/competitions/spring", `{"name":"Summer"}`},
	"cancelCompetition":    {"/api/v1/competitions/spring", ""},
	"joinCompetition":      {"/api/v1/competitions/spring/join", `{"user_id":"u1"}`},
	"leaveCompetition":     {"/api/v1/competitions/spring/join?user_id=u1&reason=rude", ""},
	"listParticipants":     {"/api/v1/competitions/spring/participants", ""},
	"inviteUsers":          {"/api/v1/competitions/spring/invitations", `{"user_ids":["u2"]}`},
	"listInvitations":      {"/api/v1/competitions/spring/invitations", ""},
	"withdrawInvitation":   {"/api/v1/competitions/spring/invitations/" + invitationID, ""},
	"listUserInvitations":  {"/api/v1/users/u1/invitations", ""},
	"joinByCode":           {"/api/v1/invitations/code", `{"user_id":"u1","code":"ABCDE12345"}`},
	"acceptInvitation":     {"/api/v1/invitations/" + invitationID + "/accept", `{"user_id":"u1"}`},
	"declineInvitation":    {"/api/v1/invitations/" + invitationID + "/decline", ""},
	"listFlags":            {"/api/v1/competitions/spring/flags", ""},
	"excludeParticipant":   {"/api/v1/competitions/spring/participants/u1/exclude", `{"reason":"a car"}`},
	"restoreParticipant":   {"/api/v1/competitions/spring/participants/u1/restore", `{"reason":"no car"}`},
	"correctDay":           {"/api/v1/competitions/spring/participants/u1/days/2026-05-01", `{"steps":4000,"reason":"a bus"}`},
	"withdrawCorrection":   {"/api/v1/competitions/spring/participants/u1/days/2026-05-01", `{"reason":"no bus"}`},
	"explainScore":         {"/api/v1/competitions/spring/participants/u1/explanation", ""},
	"listUserCompetitions": {"/api/v1/users/u1/competitions", ""},
	"exportUser":           {"/api/v1/users/u1/export", ""},
	"eraseUser":            {"/api/v1/users/u1", ""},
	"createAPIKey":         {"/api/v1/api-keys", `{"name":"gateway","scopes":["sync"]}`},
	"listAPIKeys":          {"/api/v1/api-keys", ""},
	"revokeAPIKey":         {"/api/v1/api-keys/SPARE", ""},
	"listAudit":            {"/api/v1/audit", ""},
	"calculatePrizes":      {"/api/v1/prizes/calculate/spring", `{"prize_pool":1000.00}`},
	"distributePrizes":     {"/api/v1/prizes/distribute/spring", ""},
	"confirmPrize":         {"/api/v1/prizes/spring.7/confirm", ""},
	"failPrize":            {"/api/v1/prizes/spring.7/fail", `{"reason":"no account"}`},
	"listPrizes":           {"/api/v1/prizes/history/u1", ""},
	"listTransactions":     {"/api/v1/users/u1/transactions", ""},
	"listPayouts":          {"/api/v1/payouts", ""},
	"retryPayout":          {"/api/v1/payouts/spring.7/retry", ""},
	"watchLeaderboard":     {"/ws/leaderboard/spring", ""},
	"streamLeaderboard":    {"/api/v1/leaderboard/spring/events", ""},
	"getHealth":            {"/health", ""},
	"getLiveness":          {"/health/live", ""},
	"getReadiness":         {"/health/ready", ""},
	"getDetailedHealth":    {"/health/detailed", ""},
	"getMetrics":           {"/metrics", ""},
	"getOpenAPI":           {"/openapi.yaml", ""},
	"getDocs":              {"/docs", ""},
	"getPage":              {"/", ""},
}

// ownOnly are the operations about one user, which another may not use. (Who
// may remove whom is for the engine to say.)
var ownOnly = map[string]bool{
	"submitSync": true, "getStats": true, "listUserCompetitions": true, "listPrizes": true, "listTransactions": true,
	"explainScore": true, "exportUser": true, "eraseUser": true,
	"joinCompetition": true, "listUserInvitations": true, "joinByCode": true, "acceptInvitation": true,
}

// selfOnly are the operations that people do for themselves alone, whatever their
// rights.
var selfOnly = map[string]bool{"joinByCode": true, "acceptInvitation": true}

// peopleOnly are the operations that no API key may use.
var peopleOnly = map[string]bool{
	"createAPIKey": true, "listAPIKeys": true, "revokeAPIKey": true, "listAudit": true,
	"joinByCode": true, "acceptInvitation": true, "declineInvitation": true,
}

// What keys of one scope may do, apart from reading and syncs.
var (
	aboutPeople  = map[string]bool{"exportUser": true, "eraseUser": true}
	aboutPayouts = map[string]bool{"confirmPrize": true, "failPrize": true, "listPayouts": true, "retryPayout": true}
	managing     = map[string]bool{
		"createCompetition": true, "editCompetition": true, "cancelCompetition": true, "joinCompetition": true, "leaveCompetition": true,
		"inviteUsers": true, "withdrawInvitation": true, "excludeParticipant": true, "restoreParticipant": true, "correctDay": true, "withdrawCorrection": true,
	}
)

func TestWhoMayDoWhat(t *testing.T) {
	b := newBench(t)
	b.engine.apiKeys = sampleKeys()
	callers := []struct {
		name, token string
		status      func(r *route) int // 0 for success
	}{
		{"no token", "", func(*route) int { return 401 }},
		{"expired", mint(t, secret, jwt.MapClaims{"exp": start.Add(-time.Hour).Unix()}), func(*route) int { return 401 }},
		{"wrong key", mint(t, []byte("another secret, which is just as long as ours"), nil), func(*route) int { return 401 }},
		{"wrong audience", mint(t, secret, jwt.MapClaims{"aud": "somebody"}), func(*route) int { return 401 }},
		{"anon key", mint(t, secret, jwt.MapClaims{"role": "anon", "sub": nil, "aud": nil, "iss": "supabase"}), func(*route) int { return 401 }},
		{"anonymous user", anonymousToken(t), func(r *route) int {
			if r.changes() || r.access >= operator {
				return 403
			}
			return 0
		}},
		{"other user", userToken(t, "u2"), func(r *route) int {
			if ownOnly[r.operation] || r.access >= operator {
				return 403
			}
			return 0
		}},
		{"same user", userToken(t, "u1"), func(r *route) int {
			if r.access >= operator {
				return 403
			}
			return 0
		}},
		{"operator", operatorToken(t), func(r *route) int {
			if selfOnly[r.operation] {
				return 403
			}
			return 0
		}},
		{"service role", serviceToken(t), func(r *route) int {
			if selfOnly[r.operation] || r.operation == "declineInvitation" {
				return 403
			}
			return 0
		}},
		{"API key of all scopes", apiKey("ALL"), func(r *route) int {
			if peopleOnly[r.operation] {
				return 403
			}
			return 0
		}},
		{"API key for syncs", apiKey("SYNC"), func(r *route) int {
			if r.operation != "submitSync" && r.operation != "submitBatch" {
				return 403
			}
			return 0
		}},
		{"API key for reading", apiKey("READ"), func(r *route) int {
			if r.changes() || peopleOnly[r.operation] || aboutPeople[r.operation] || aboutPayouts[r.operation] {
				return 403
			}
			return 0
		}},
		{"API key for managing", apiKey("MANAGE"), func(r *route) int {
			if !managing[r.operation] {
				return 403
			}
			return 0
		}},
		{"API key for people", apiKey("PEOPLE"), func(r *route) int {
			if !aboutPeople[r.operation] {
				return 403
			}
			return 0
		}},
		{"API key for payouts", apiKey("PAYOUTS"), func(r *route) int {
			if !aboutPayouts[r.operation] {
				return 403
			}
			return 0
		}},
		{"API key for prizes", apiKey("PRIZES"), func(r *route) int {
			if !aboutPayouts[r.operation] && r.operation != "calculatePrizes" && r.operation != "distributePrizes" {
				return 403
			}
			return 0
		}},
		{"revoked API key", apiKey("REVOKED"), func(*route) int { return 401 }},
		{"expired API key", apiKey("EXPIRED"), func(*route) int { return 401 }},
		{"API key of another secret", apiKey("ALL") + "x", func(*route) int { return 401 }},
	}
	for _, r := range routes() {
		request, ok := sample[r.operation]
		if !assert.True(t, ok, "no sample for %s", r.operation) {
			continue
		}
		for _, caller := range callers {
			for _, method := range []string{r.method, "HEAD"} {
				if method == "HEAD" && r.method != "GET" {
					continue
				}
				want := caller.status(r)
				switch {
				case r.access == guarded && (want == 401 || want == 403):
				case r.operation == "watchLeaderboard":
					want = 426 // without an upgrade; see TestSocketsAreRefusedByTheirCodes
				case r.operation == "streamLeaderboard":
					continue // it never ends; see TestEventsFollowTheBoard
				case r.access == public:
					want = 0
				}
				headers := []header{{"Content-Type", "application/json"}}
				if caller.token != "" {
					headers = append(headers, bearer(caller.token))
				}
				b.engine.called()
				got := b.do(t, method, request.target, request.body, headers...)
				calls := b.engine.called()
				name := method + " " + r.operation + " by " + caller.name
				switch {
				case want == 0 && r.operation == "getPage":
					assert.Equal(t, 404, got.status, name)
				case want == 0:
					assert.True(t, got.status == 200 || got.status == 201, "%s: %d %s", name, got.status, got.body)
				default:
					assert.Equal(t, want, got.status, name)
					assert.Empty(t, calls, "%s: a refused request reaches nobody", name)
				}
				assert.Equal(t, got.status == 401, strings.HasPrefix(got.get("Www-Authenticate"), "Bearer"), name)
			}
		}
	}
}
