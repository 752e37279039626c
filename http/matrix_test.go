package http

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// request is what a route is asked.
type request struct{ target, body string }

// samples are good requests of operations where it takes more than what
// openapi.yaml gives as an example, by u1 and about u1.
var samples = map[string]request{
	"joinCompetition":  {"/api/v1/competitions/spring/join", `{"user_id":"u1"}`},
	"leaveCompetition": {"/api/v1/competitions/spring/join?user_id=u1&reason=rude", ""},
	"joinByCode":       {"/api/v1/invitations/code", `{"user_id":"u1","code":"ABCDE12345"}`},
	"previewCode":      {"/api/v1/invitations/code/preview", `{"user_id":"u1","code":"ABCDE12345"}`},
	"acceptInvitation": {"/api/v1/invitations/" + invitationID + "/accept", `{"user_id":"u1"}`},
	"closeConnections": {"/api/v1/server/connections?user_id=u1", ""},
}

// sampled fills in the parameters of a path.
var sampled = strings.NewReplacer(":competition_id", "spring", ":user_id", "u1", ":invitation_id", invitationID, ":date", "2026-05-01", ":key_id", "SPARE", ":webhook_id", webhookID, ":link_id", spareLinkID, ":code", linkCode, ":id", "spring.7")

// sample is a good request of a route, by u1 and about u1.
func sample(tb testing.TB, r *route) request {
	tb.Helper()
	if own, ok := samples[r.operation]; ok {
		return own
	}
	made := request{target: sampled.Replace(r.path)}
	require.NotContains(tb, made.target, ":", "%s has a parameter that has no sample", r.operation)
	if body := documented(tb, r).RequestBody; body != nil {
		example, err := json.Marshal(body.Value.Content.Get("application/json").Example)
		require.NoError(tb, err)
		made.body = string(example)
	}
	return made
}

// documented is a route's operation in openapi.yaml.
func documented(tb testing.TB, r *route) *openapi3.Operation {
	tb.Helper()
	operation := document(tb).Paths.Value(parameter.ReplaceAllString(r.path, "{$1}")).GetOperation(r.method)
	require.NotNil(tb, operation, r.operation)
	return operation
}

// keysWith makes what API keys hear that have some scopes, by what openapi.yaml
// says of a route.
func keysWith(tb testing.TB, scopes ...string) func(r *route) int {
	tb.Helper()
	return func(r *route) int {
		tb.Helper()
		scope, _ := documented(tb, r).Extensions["x-api-key-scope"].(string)
		if slices.Contains(scopes, scope) {
			return 0
		}
		return 403
	}
}

// ownOnly are the operations about one user, which another may not use. (Who
// may remove whom is for the engine to say.)
var ownOnly = map[string]bool{
	"submitSync": true, "getStats": true, "listUserCompetitions": true, "listPrizes": true, "listTransactions": true,
	"explainScore": true, "exportUser": true, "eraseUser": true,
	"joinCompetition": true, "listUserInvitations": true, "joinByCode": true, "previewCode": true, "acceptInvitation": true,
}

// selfOnly are the operations that people do for themselves alone, whatever their
// rights.
var selfOnly = map[string]bool{"joinByCode": true, "previewCode": true, "acceptInvitation": true}

// linkShows are the operations that a board link is good for.
var linkShows = map[string]bool{"getLeaderboard": true, "getCompetition": true, "watchLeaderboard": true, "streamLeaderboard": true}

func TestWhoMayDoWhat(t *testing.T) {
	b := newBench(t)
	b.engine.apiKeys = sampleKeys()
	b.engine.links = []competition.BoardLink{fakeLink()}
	callers := []struct {
		name, token string
		status      func(r *route) int // 0 for success
	}{
		{"no token", "", func(*route) int { return 401 }},
		{"expired", authtest.Mint(t, secret, jwt.MapClaims{"exp": start.Add(-time.Hour).Unix()}), func(*route) int { return 401 }},
		{"wrong key", authtest.Mint(t, []byte("another secret, which is just as long as ours"), nil), func(*route) int { return 401 }},
		{"wrong audience", authtest.Mint(t, secret, jwt.MapClaims{"aud": "somebody"}), func(*route) int { return 401 }},
		{"anon key", authtest.Mint(t, secret, jwt.MapClaims{"role": "anon", "sub": nil, "aud": nil, "iss": "supabase"}), func(*route) int { return 401 }},
		{"anonymous user", authtest.Anonymous(t), func(r *route) int {
			if r.changes() || r.access >= operator {
				return 403
			}
			return 0
		}},
		{"other user", authtest.User(t, "u2"), func(r *route) int {
			if ownOnly[r.operation] || r.access >= operator {
				return 403
			}
			return 0
		}},
		{"same user", authtest.User(t, "u1"), func(r *route) int {
			if r.access >= operator {
				return 403
			}
			return 0
		}},
		{"operator", authtest.Operator(t), func(r *route) int {
			if selfOnly[r.operation] {
				return 403
			}
			return 0
		}},
		{"service role", authtest.Service(t), func(r *route) int {
			if selfOnly[r.operation] || r.operation == "declineInvitation" {
				return 403
			}
			return 0
		}},
		{"board link", linkToken, func(r *route) int {
			if linkShows[r.operation] {
				return 0
			}
			return 403
		}},
		{"unknown board link", linkToken[:len(linkToken)-1] + "A", func(*route) int { return 401 }},
		{"API key of all scopes", apiKey("ALL"), keysWith(t, "sync", "read", "manage", "prizes", "people", "payouts")},
		{"API key for syncs", apiKey("SYNC"), keysWith(t, "sync")},
		{"API key for reading", apiKey("READ"), keysWith(t, "read")},
		{"API key for managing", apiKey("MANAGE"), keysWith(t, "manage")},
		{"API key for people", apiKey("PEOPLE"), keysWith(t, "people")},
		{"API key for payouts", apiKey("PAYOUTS"), keysWith(t, "payouts")},
		{"API key for prizes", apiKey("PRIZES"), keysWith(t, "prizes", "payouts")},
		{"revoked API key", apiKey("REVOKED"), func(*route) int { return 401 }},
		{"expired API key", apiKey("EXPIRED"), func(*route) int { return 401 }},
		{"API key of another secret", apiKey("ALL") + "x", func(*route) int { return 401 }},
	}
	for _, r := range routes() {
		request := sample(t, r)
		for _, caller := range callers {
			for _, method := range []string{r.method, "HEAD"} {
				if method == "HEAD" && r.method != "GET" {
					continue
				}
				want := caller.status(r)
				if r.access == machineOnly && want == 0 {
					want = 403 // see TestTheMachinesOperatorNeedsNoToken
				}
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
				if want == 0 && (r.operation == "exportUser" || r.operation == "eraseUser") {
					b.now = b.now.Add(time.Minute) // a person has one of them a minute, whoever asks
				}
				got := b.do(t, method, request.target, request.body, headers...)
				calls := b.engine.called()
				name := method + " " + r.operation + " by " + caller.name
				switch {
				case want == 0 && (r.operation == "getPage" || r.operation == "getConsole" || r.operation == "getBoardPage"):
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
