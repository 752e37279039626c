package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// renewing is a socket whose token is replaced.
type renewing struct {
	t    *testing.T
	ctx  context.Context //nolint:containedctx // a test's, for every call
	conn *websocket.Conn
}

func (r *renewing) say(kind, data string) {
	r.t.Helper()
	require.NoError(r.t, r.conn.Write(r.ctx, websocket.MessageText, fmt.Appendf(nil, `{"type":%q,"data":%s}`, kind, data)))
}

// next is the next frame of a type: its competition and its status.
func (r *renewing) next(kind string) (competitionID string, status int) {
	r.t.Helper()
	for {
		_, message, err := r.conn.Read(r.ctx)
		require.NoError(r.t, err)
		var f struct {
			Type string `json:"type"`
			Data struct {
				CompetitionID string `json:"competition_id"`
				Status        any    `json:"status"`
			} `json:"data"`
		}
		require.NoError(r.t, json.Unmarshal(message, &f))
		if f.Type == kind {
			number, _ := f.Data.Status.(float64)
			return f.Data.CompetitionID, int(number)
		}
	}
}

// TestASocketAfterItsTokenLostItsRole against the real engine: what the role alone
// could see ends with the renewal, and cannot be had again.
func TestASocketAfterItsTokenLostItsRole(t *testing.T) {
	t.Parallel()
	s := startServer(t, t.TempDir())
	s.createSpring("spring")
	s.createSpring("hidden", `"visibility":"private"`)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	operator := signed(t, testSecret, jwt.MapClaims{"sub": "anna", "app_metadata": map[string]any{"role": "operator"}})
	w := &watcher{url: s.url, competitionID: "spring", token: operator, limit: 10}
	conn, err := w.connect(ctx)
	require.NoError(t, err)
	defer conn.CloseNow()
	r := &renewing{t, ctx, conn}
	r.say("subscribe", `{"competition_id":"hidden","limit":10}`)
	for id := ""; id != "hidden"; {
		id, _ = r.next("leaderboard_update")
	}

	plain := signed(t, testSecret, jwt.MapClaims{"sub": "anna"})
	r.say("auth", fmt.Sprintf(`{"token":%q}`, plain))
	id, status := r.next("error")
	require.Equal(t, "hidden", id)
	require.Contains(t, []int{http.StatusForbidden, http.StatusNotFound}, status)
	r.next("authenticated")
	r.say("subscribe", `{"competition_id":"hidden","limit":10}`)
	id, status = r.next("error")
	require.Equal(t, "hidden", id)
	require.Equal(t, http.StatusNotFound, status, "it is not there for strangers")
	r.say("unsubscribe", `{"competition_id":"spring"}`)
	r.say("auth", fmt.Sprintf(`{"token":%q}`, operator))
	r.next("authenticated")
	r.say("subscribe", `{"competition_id":"hidden","limit":10}`)
	r.next("leaderboard_update")
	r.say("auth", fmt.Sprintf(`{"token":%q}`, plain))
	r.next("error")
	_, _, err = conn.Read(ctx)
	require.Equal(t, websocket.StatusCode(4403), websocket.CloseStatus(err))
}

// TestAServerStartsWithoutItsProject: it is ready, takes tokens of the secret, and
// says what is missing.
func TestAServerStartsWithoutItsProject(t *testing.T) {
	t.Parallel()
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close() // nobody answers at its address
	s := startServer(t, t.TempDir(), "--supabase-url", away.URL)
	token := signed(t, testSecret, jwt.MapClaims{"sub": "anna"})
	status, answer := s.call(http.MethodGet, "/api/v1/competitions", token, "")
	require.Equal(t, http.StatusOK, status, string(answer))
	status, _ = s.call(http.MethodGet, "/health/ready", "", "")
	require.Equal(t, http.StatusOK, status)
	s.waitFor("the project's public keys cannot be fetched")
	_, answer = s.call(http.MethodGet, "/health", "", "")
	require.Contains(t, string(answer), `"degraded":["sign_in"]`)
}
