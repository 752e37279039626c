package http

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// TestAUserHasSoManyLiveConnections: sockets and event streams together; others,
// keys and services are not concerned, and who leaves makes room.
func TestAUserHasSoManyLiveConnections(t *testing.T) {
	b := newLiveServer(t, func(o *Options) { o.MaxSocketsUser = 2 })
	b.live.apiKeys = sampleKeys()
	open := func(token string) *rawSocket {
		return dialRaw(t, b.address, "/ws/leaderboard/spring", "Sec-WebSocket-Protocol: bearer."+token)
	}
	first := open(authtest.User(t, "u1"))
	require.Equal(t, "connected", first.message().Type)
	stream := b.stream(t, "spring/events")
	stream.expect("connected", "")

	require.Contains(t, open(authtest.User(t, "u1")).refusedWith(1013), "together")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+b.address+"/api/v1/leaderboard/spring/events", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+authtest.User(t, "u1"))
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusTooManyRequests, answer.StatusCode)
	require.NotEmpty(t, answer.Header.Get("Retry-After"))

	for _, others := range []string{authtest.User(t, "u2"), authtest.Service(t), authtest.Service(t), authtest.Service(t), apiKey("READ"), apiKey("READ"), apiKey("READ")} {
		require.Equal(t, "connected", open(others).message().Type)
	}
	require.NoError(t, first.conn.Close())
	require.Eventually(t, func() bool {
		b.Server.live.mu.Lock()
		defer b.Server.live.mu.Unlock()
		return b.Server.live.users["u1"] == 1
	}, 5*time.Second, time.Millisecond)
	require.Equal(t, "connected", open(authtest.User(t, "u1")).message().Type)
	require.Equal(t, 1013, closingFor(errTooManySockets).code)
}

// woken is a live client that counts how often it was woken.
type woken struct{ times int }

func (*woken) end(closing) {}

func (w *woken) wake() { w.times++ }

// TestARevokedLinkWakesItsClientsAlone, however many others there are.
func TestARevokedLinkWakesItsClientsAlone(t *testing.T) {
	l := newLiveClients(1, 2)
	one, again, other, user := &woken{}, &woken{}, &woken{}, &woken{}
	for c, is := range map[*woken]connection{one: {linkID: "a"}, again: {linkID: "a"}, other: {linkID: "b"}, user: {userID: "u1"}} {
		require.NoError(t, l.add(c, is))
	}
	require.ErrorIs(t, l.add(&woken{}, connection{linkID: "a"}), errTooManyOfLink)
	l.wakeLink("a")
	l.remove(one)
	l.wakeLink("a")
	require.Equal(t, []int{1, 2, 0, 0}, []int{one.times, again.times, other.times, user.times})
	l.remove(again)
	l.remove(other)
	require.Empty(t, l.links)
}
