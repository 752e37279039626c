package http

import (
	"bufio"
	"crypto"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// asOperator opens a socket of u1, who is an operator for now, on spring and the
// private board.
func (b *liveBench) asOperator(t *testing.T) *rawSocket {
	t.Helper()
	b.live.private["hidden"] = true
	b.live.change("hidden", func(board *competition.Board) { board.Entries = []competition.Entry{place("u2", 5, 1)} })
	r := upgraded(t, b.address, "/ws/leaderboard/spring?token="+authtest.Mint(t, secret, jwt.MapClaims{"app_metadata": map[string]any{"role": "operator"}}))
	r.expect("leaderboard_update")
	r.say("subscribe", `{"competition_id":"hidden"}`)
	r.expect("leaderboard_update")
	return r
}

// renew sends a token in an auth frame.
func (r *rawSocket) renew(token string) { r.say("auth", fmt.Sprintf(`{"token":%q}`, token)) }

// TestATokenThatLostItsRole: loses what the role could see, and keeps the rest.
func TestATokenThatLostItsRole(t *testing.T) {
	b := newLiveServer(t)
	r := b.asOperator(t)
	r.renew(authtest.User(t, "u1"))
	lost := r.message()
	require.Equal(t, "error", lost.Type)
	require.Equal(t, "hidden", lost.Data["competition_id"])
	require.InDelta(t, 403, lost.Data["status"], 0)
	require.Equal(t, "authenticated", r.message().Type)

	b.live.change("hidden", score(6))
	r.quiet()
	r.say("subscribe", `{"competition_id":"hidden"}`)
	require.Equal(t, "error", r.message().Type)
	b.live.change("spring", score(1001))
	delta := r.message()
	require.Equal(t, "score_update", delta.Type, "no board is sent again")
	require.InDelta(t, 7, delta.Data["previous_version"], 0)

	b.live.mu.Lock()
	defer b.live.mu.Unlock()
	require.Len(t, b.live.watching, 1, "no subscription is left over")
}

// TestTheLastWatchThatIsLost: closes the socket.
func TestTheLastWatchThatIsLost(t *testing.T) {
	b := newLiveServer(t)
	r := b.asOperator(t)
	r.say("unsubscribe", `{"competition_id":"spring"}`)
	r.renew(authtest.User(t, "u1"))
	require.Equal(t, "hidden", r.message().Data["competition_id"])
	r.refusedWith(4403)

	r = b.watching(t, "")
	r.expect("leaderboard_update")
	r.say("unsubscribe", `{"competition_id":"spring"}`)
	r.renew(authtest.User(t, "u1"))
	require.Equal(t, "authenticated", r.message().Type, "one without watches has lost none")
}

// TestAFailedRenewalChangesNothing: whatever fails.
func TestAFailedRenewalChangesNothing(t *testing.T) {
	b := newLiveServer(t)
	r := b.asOperator(t)
	for _, c := range []struct {
		rule, token string
		store       error
		status      float64
	}{
		{"a bad token", authtest.StrayBit(authtest.User(t, "u1")), nil, 401},
		{"an expired token", authtest.Mint(t, secret, jwt.MapClaims{"exp": start.Add(-time.Minute).Unix()}), nil, 401},
		{"another user's", authtest.User(t, "u2"), nil, 403},
		{"a store that is away while the watches are checked", authtest.User(t, "u1"), competition.ErrUnavailable, 503},
	} {
		b.live.mu.Lock()
		b.live.refusals["spring"] = c.store
		b.live.mu.Unlock()
		r.renew(c.token)
		refused := r.message()
		require.Equal(t, "error", refused.Type, c.rule)
		require.InDelta(t, c.status, refused.Data["status"], 0, c.rule)
	}
	b.live.change("hidden", score(6))
	require.Equal(t, "hidden", r.message().Data["competition_id"], "the role is still there")
	b.live.mu.Lock()
	defer b.live.mu.Unlock()
	require.Len(t, b.live.watching, 2, "no subscription is left over")
}

// TestRenewalsAreAnswered: with when the token ends, if it does.
func TestRenewalsAreAnswered(t *testing.T) {
	b := newLiveServer(t)
	b.live.apiKeys = sampleKeys()
	spare := slices.IndexFunc(b.live.apiKeys, func(k competition.APIKey) bool { return k.ID == "SPARE" })
	b.live.apiKeys[spare].ExpiresAt = calendar.MillisOf(start.Add(time.Hour))
	r := upgraded(t, b.address, "/ws/leaderboard/spring?token="+apiKey("READ"))
	r.expect("leaderboard_update")
	for _, c := range []struct{ token, data string }{
		{apiKey("ALL"), `{}`},
		{apiKey("SPARE"), `{"expires_at":"2026-05-10T13:00:00Z"}`},
		{authtest.Service(t), `{"expires_at":"2026-05-10T13:00:00Z"}`},
	} {
		r.renew(c.token)
		m := r.message()
		require.Equal(t, "authenticated", m.Type)
		var want map[string]any
		require.NoError(t, json.Unmarshal([]byte(c.data), &want))
		require.Equal(t, keys(want), keys(m.Data), c.token)
		if at, ends := want["expires_at"].(string); ends {
			given, _ := m.Data["expires_at"].(string)
			require.Equal(t, instantOf(t, at), instantOf(t, given))
		}
	}
}

func instantOf(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(t, err)
	return at
}

// TestARenewalTellsOfAStandingThatChanged: once, and of one that did not, nothing.
func TestARenewalTellsOfAStandingThatChanged(t *testing.T) {
	b := newLiveServer(t)
	b.live.stand("u1", 4)
	r := b.watching(t, "")
	r.expect("standing")
	r.renew(authtest.User(t, "u1"))
	require.Equal(t, "authenticated", r.message().Type)
	r.quiet()
	b.live.stand("u1", 0)
	r.renew(authtest.User(t, "u1"))
	require.Equal(t, "authenticated", r.message().Type)
	require.Equal(t, true, r.expect("standing").Data["removed"])
	r.quiet()
}

// TestAWithdrawnKeyEndsLiveClients: the sockets and event streams of its tokens,
// soon; those of others go on.
func TestAWithdrawnKeyEndsLiveClients(t *testing.T) {
	leaked, kept := authtest.NewECKey(t, elliptic.P256()), authtest.NewECKey(t, elliptic.P256())
	p := newProject(t, authtest.Shows(map[string]crypto.Signer{"leaked": leaked, "kept": kept}))
	projectKeys := NewProjectKeys(t.Context(), ProjectKeysOptions{SupabaseURL: p.url, Now: func() time.Time { return start }})
	b := newLiveServer(t, func(o *Options) { o.Keys, o.SupabaseURL = projectKeys, p.url })
	token := func(key crypto.Signer, name string) string {
		return strings.TrimPrefix(p.signed(t, jwt.SigningMethodES256, key, name), "Bearer ")
	}
	lost := upgraded(t, b.address, "/ws/leaderboard/spring?token="+token(leaked, "leaked"))
	lost.expect("leaderboard_update")
	going := upgraded(t, b.address, "/ws/leaderboard/spring?token="+token(kept, "kept"))
	going.expect("leaderboard_update")
	streamed := b.rawStream(t, token(leaked, "leaked"))

	rotated := authtest.Shows(map[string]crypto.Signer{"kept": kept})
	p.answer.Store(&rotated)
	began := time.Now()
	_, err := projectKeys.Verify(token(kept, "unknown")) // has the keys fetched
	require.Error(t, err)
	require.Contains(t, lost.refusedWith(1008), "withdrawn")
	require.Less(t, time.Since(began), 5*time.Second)
	rest, err := io.ReadAll(streamed)
	require.NoError(t, err)
	require.Contains(t, string(rest), "event: error\ndata: ")
	require.Contains(t, string(rest), `"code":"invalid_token"`)
	going.quiet()
}

// TestASecretThatIsTakenAwayEndsLiveClients: those of its tokens, soon; others go on.
func TestASecretThatIsTakenAwayEndsLiveClients(t *testing.T) {
	next := []byte("the next secret, of 32 bytes or more")
	b := newLiveServer(t, func(o *Options) { o.Secrets = [][]byte{next, secret} })
	lost := upgraded(t, b.address, "/ws/leaderboard/spring?token="+authtest.Mint(t, secret, nil))
	lost.expect("leaderboard_update")
	going := upgraded(t, b.address, "/ws/leaderboard/spring?token="+authtest.Mint(t, next, nil))
	going.expect("leaderboard_update")
	streamed := b.rawStream(t, authtest.Mint(t, secret, nil))
	began := time.Now()
	b.SetSecrets([][]byte{next})
	require.Contains(t, lost.refusedWith(1008), "withdrawn")
	rest, err := io.ReadAll(streamed)
	require.NoError(t, err)
	require.Contains(t, string(rest), `"code":"invalid_token"`)
	require.Less(t, time.Since(began), 5*time.Second)
	going.quiet()
}

// rawStream opens an event stream and reads it to its first board.
func (b *liveBench) rawStream(t *testing.T, token string) *bufio.Reader {
	t.Helper()
	conn, err := net.Dial("tcp", b.address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, "GET /api/v1/leaderboard/spring/events?token="+token+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	streamed := bufio.NewReader(conn)
	for line := ""; line != "event: leaderboard_update\n"; {
		line, err = streamed.ReadString('\n')
		require.NoError(t, err)
	}
	return streamed
}

// TestAnEventStreamSaysWhyItEnds: its client sees no close code.
func TestAnEventStreamSaysWhyItEnds(t *testing.T) {
	t.Parallel()
	b := newLiveServer(t)
	streamed := b.rawStream(t, authtest.Mint(t, secret, jwt.MapClaims{"exp": start.Add(time.Second - auth.Leeway).Unix()}))
	rest, err := io.ReadAll(streamed)
	require.NoError(t, err)
	require.Contains(t, string(rest), "event: error\ndata: ")
	require.Contains(t, string(rest), `"code":"token_expired"`)
	require.True(t, strings.HasSuffix(string(rest), "\r\n0\r\n\r\n"), "the response is complete: %q", rest)
}

// TestLiveClientsOfAPIKeysNeedTheStore: whether a key was revoked cannot be known
// without it, and they are told to come again.
func TestLiveClientsOfAPIKeysNeedTheStore(t *testing.T) {
	t.Parallel()
	b := newLiveServer(t, func(o *Options) { o.Now = time.Now })
	b.live.apiKeys = slices.DeleteFunc(sampleKeys(), func(k competition.APIKey) bool { return k.ID != "READ" })
	r := upgraded(t, b.address, "/ws/leaderboard/spring?token="+apiKey("READ"))
	r.expect("leaderboard_update")
	b.live.fakeEngine.mu.Lock()
	b.live.err = errors.Join(competition.ErrUnavailable)
	b.live.fakeEngine.mu.Unlock()
	began := time.Now()
	r.refusedWith(1013)
	require.Less(t, time.Since(began), 5*time.Second)
}
