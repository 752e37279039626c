package http

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// ended is a live client that notes when it was told to finish.
type ended struct {
	mu *sync.Mutex
	at *[]time.Duration
	t0 time.Time
}

func (e *ended) end(closing) {
	e.mu.Lock()
	defer e.mu.Unlock()
	*e.at = append(*e.at, time.Since(e.t0))
}

func (*ended) wake() {}

// TestLiveClientsLeaveOneAfterAnother, so that they do not all come to the next server at
// once.
func TestLiveClientsLeaveOneAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var at []time.Duration
		l := newLiveClients(1, 1)
		const clients = 1000
		for range clients {
			require.NoError(t, l.add(&ended{&mu, &at, time.Now()}, connection{}))
		}
		l.endSpread(t.Context(), 2*time.Second)
		require.Len(t, at, clients)
		for i, when := range at {
			want := 2 * time.Second * time.Duration(i+1) / clients
			require.InDelta(t, want, when, float64(2*leastPause))
		}

		at = nil
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		l.endSpread(ctx, 2*time.Second)
		require.InDelta(t, clients/2, len(at), clients/50, "the rest is told by endAll")
	})
}

// TestKeptConnectionsAreLetGo: before a server stops, connections that a proxy keeps end
// with an answer, not in the middle of the next request. Sockets are told by themselves.
func TestKeptConnectionsAreLetGo(t *testing.T) {
	b := newBench(t)
	require.NotEqual(t, "close", b.do(t, "GET", "/health/live", "").get("Connection"))
	b.EndLive(t.Context(), 0)
	for _, path := range []string{"/health/live", "/", "/api/v1/competitions"} {
		require.Equal(t, "close", b.do(t, "GET", path, "").get("Connection"), path)
	}
}
