package http

import (
	"encoding/json"
	nethttp "net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// TestAReadOnlyServerTakesNoChanges by any route, tells why, and reads on.
func TestAReadOnlyServerTakesNoChanges(t *testing.T) {
	b := newBench(t)
	operates, inJSON := bearer(authtest.Operator(t)), header{"Content-Type", "application/json"}
	got := b.do(t, "PATCH", "/api/v1/server", `{"message":"why"}`, operates, inJSON)
	require.Equal(t, 400, got.status, "a message alone changes nothing")
	got = b.do(t, "PATCH", "/api/v1/server", `{"read_only":true,"settings":{"NO_SUCH":"1"}}`, operates, inJSON)
	require.Equal(t, 400, got.status)
	require.Contains(t, b.do(t, "GET", "/api/v1/server", "", operates).body, `"read_only":false`, "all or nothing")

	got = b.do(t, "PATCH", "/api/v1/server", `{"read_only":true,"message":"the disk is replaced until noon","settings":{"LOG_LEVEL":"debug"}}`, operates, inJSON)
	require.Equal(t, 200, got.status, got.body)
	require.Equal(t, "debug", b.process.level)
	require.Contains(t, b.do(t, "GET", "/health", "").body, "read_only")
	b.engine.called()
	refused := 0
	for _, r := range routes() {
		if !r.changes() || slices.Contains([]string{"changeServer", "drainServer", "closeConnections"}, r.operation) {
			continue
		}
		caller := bearer(authtest.User(t, "u1"))
		if r.access >= operator {
			caller = operates
		}
		request := sample(t, r)
		got := b.do(t, r.method, request.target, request.body, caller, inJSON)
		assert.Equal(t, 503, got.status, "%s: %s", r.operation, got.body)
		assert.Contains(t, got.body, `"code":"read_only"`, r.operation)
		assert.Contains(t, got.body, "the disk is replaced until noon", r.operation)
		assert.NotEmpty(t, got.get("Retry-After"), r.operation)
		refused++
	}
	require.Greater(t, refused, 20)
	require.Equal(t, 200, b.do(t, "DELETE", "/api/v1/server/connections?user_id=u1", "", operates).status, "what changes no data is permitted")
	for _, call := range b.engine.called() {
		assert.Equal(t, "Note", call, "nothing is asked of the engine, except to note what operators tried")
	}
	require.Equal(t, 200, b.do(t, "GET", "/api/v1/leaderboard/spring", "", bearer(authtest.User(t, "u1"))).status)

	require.Equal(t, 200, b.do(t, "PATCH", "/api/v1/server", `{"read_only":false}`, operates, inJSON).status)
	got = b.do(t, "POST", "/api/v1/fitness/sync", `{"competition_id":"spring","steps":1,"date":"2026-05-01"}`, bearer(authtest.User(t, "u1")), inJSON)
	require.Equal(t, 200, got.status, got.body)
}

// onMachine sends a request as the operator of the machine.
func (b *bench) onMachine(t *testing.T, method, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	b.Machine().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body)))
	return w
}

func TestTheMachinesOperatorNeedsNoToken(t *testing.T) {
	b := newBench(t)
	require.Equal(t, nethttp.StatusOK, b.onMachine(t, "POST", "/api/v1/server/drain", "").Code)
	require.True(t, b.process.drained)
	require.Equal(t, competition.Subject{Kind: competition.RoleSubject, ID: competition.CommandLineRole}, b.engine.audit[0].Actor)
	require.Equal(t, "drainServer", b.engine.audit[0].Action)

	for _, target := range []string{"/api/v1/competitions", "/api/v1/competitions/spring/events", "/api/v1/users/u1/export", "/health/detailed", "/api/v1/leaderboard/spring"} {
		w := b.onMachine(t, "GET", target, "")
		require.Equal(t, nethttp.StatusOK, w.Code, "%s: %s", target, w.Body)
		require.True(t, json.Valid(w.Body.Bytes()), target)
	}
	for _, target := range []string{"/metrics", "/", "/ws/leaderboard/spring", "/api/v1/leaderboard/spring/events", "/api/v1/nothing"} {
		require.Equal(t, nethttp.StatusNotFound, b.onMachine(t, "GET", target, "").Code, target)
	}
	require.Equal(t, nethttp.StatusRequestEntityTooLarge, b.onMachine(t, "PATCH", "/api/v1/server", strings.Repeat(" ", maxMachineBody+1)).Code)
	require.Equal(t, nethttp.StatusBadRequest, b.onMachine(t, "PATCH", "/api/v1/server", `{"read_only":1}`).Code)
}

func TestOperatorsListWhatIsInMemory(t *testing.T) {
	b := newBench(t)
	for sort, first := range map[string]string{"": "spring", "?sort=participants": "spring", "?sort=activity": "autumn", "?sort=memory": "spring"} {
		var got struct {
			Data struct {
				Competitions []shownLoaded
				Total        int `json:"total_count"`
			}
		}
		answer := b.do(t, "GET", "/api/v1/server/competitions"+sort, "", bearer(authtest.Operator(t)))
		require.NoError(t, json.Unmarshal([]byte(answer.body), &got), answer.body)
		require.Len(t, got.Data.Competitions, 2)
		require.Equal(t, first, got.Data.Competitions[0].ID, sort)
	}
	require.Equal(t, 400, b.do(t, "GET", "/api/v1/server/competitions?sort=luck", "", bearer(authtest.Operator(t))).status)

	got := b.do(t, "GET", "/api/v1/competitions/spring/journal?after=41&limit=5", "", bearer(authtest.Operator(t)))
	require.Equal(t, 200, got.status, got.body)
	require.Equal(t, []any{uint64(41), 5}, b.engine.args)
	require.Contains(t, got.body, `"next_after":42`)

	got = b.do(t, "POST", "/api/v1/payouts/retry", `{"competition_id":"spring"}`, bearer(authtest.Operator(t)), header{"Content-Type", "application/json"})
	require.Equal(t, 200, got.status, got.body)
	require.Equal(t, "spring", b.engine.id)
	require.Contains(t, got.body, `"retried":2`)
}

// TestLiveConnectionsAreListedAndClosed by user.
func TestLiveConnectionsAreListedAndClosed(t *testing.T) {
	b := newLiveServer(t)
	socket := dialRaw(t, b.address, "/ws/leaderboard/spring", "Sec-WebSocket-Protocol: bearer."+authtest.User(t, "u2"))
	require.Equal(t, "connected", socket.message().Type)
	stream := b.stream(t, "spring/events")
	stream.expect("connected", "")
	operates := bearer(authtest.Operator(t))

	got := b.do(t, "GET", "/api/v1/server/connections?user_id=u2", "", operates)
	require.Contains(t, got.body, `{"user_id":"u2","transport":"websocket","since":"2026-`, got.body)
	require.Contains(t, got.body, `"competitions":["spring"]`)
	require.Contains(t, got.body, `"total_count":1`)
	require.Contains(t, b.do(t, "GET", "/api/v1/server/connections?competition_id=spring", "", operates).body, `"total_count":2`)
	require.Contains(t, b.do(t, "GET", "/api/v1/server/connections?competition_id=autumn", "", operates).body, `"total_count":0`)

	require.Equal(t, 400, b.do(t, "DELETE", "/api/v1/server/connections", "", operates).status, "not everybody's by mistake")
	require.Contains(t, b.do(t, "DELETE", "/api/v1/server/connections?user_id=nobody", "", operates).body, `"closed":0`)
	require.Contains(t, b.do(t, "DELETE", "/api/v1/server/connections?user_id=u2", "", operates).body, `"closed":1`)
	require.Contains(t, socket.refusedWith(closeGoingAway), "operator")
	require.Eventually(t, func() bool {
		return strings.Contains(b.do(t, "GET", "/api/v1/server/connections", "", operates).body, `"total_count":1`)
	}, 5*time.Second, time.Millisecond)
}
