package cluster

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/tracing"
)

// echo answers with what it was asked.
type echo struct{ t *testing.T }

func (e echo) Serve(competitionID string, kind uint16, body []byte, _ tracing.Context, _ time.Time, respond func([]byte)) {
	answer := fmt.Appendf(nil, "%s %d %s", competitionID, kind, body)
	if kind%2 == 0 {
		respond(answer)
		return
	}
	go respond(answer)
}

func startLinks(t *testing.T, self string) (l *Links, address string) {
	t.Helper()
	l, err := NewLinks(LinkOptions{Self: self})
	require.NoError(t, err)
	t.Cleanup(l.Close)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Serve(listener, echo{t}))
	return l, listener.Addr().String()
}

func TestLinksCarryRequests(t *testing.T) {
	a, _ := startLinks(t, "a")
	b, address := startLinks(t, "b")
	var asking sync.WaitGroup
	for i := range 64 {
		asking.Go(func() {
			for k := range 200 {
				body := bytes.Repeat([]byte{byte('a' + (i+k)%26)}, 1+k)
				answer, err := a.Ask("b", address, fmt.Sprintf("board-%d", i), uint16(k), body, tracing.Context{}, time.Now().Add(10*time.Second))
				if err != nil || string(answer) != fmt.Sprintf("board-%d %d %s", i, k, body) {
					t.Errorf("asked of board-%d with %s: %s, %v", i, body, answer, err)
				}
			}
		})
	}
	asking.Wait()
	require.Equal(t, 1, b.Nodes())
}

func TestLinksSayWhetherARequestArrived(t *testing.T) {
	a, _ := startLinks(t, "a")
	b, address := startLinks(t, "b")
	ask := func(node, id, address string) error {
		_, err := a.Ask(node, address, id, 2, nil, tracing.Context{}, time.Now().Add(2*time.Second))
		return err
	}
	require.NoError(t, ask("b", "spring", address))
	require.ErrorIs(t, ask("another", "spring", address), competition.ErrNotDelivered, "the address has another node")
	require.ErrorIs(t, ask("c", "spring", "127.0.0.1:1"), competition.ErrNotDelivered, "nobody is there")
	require.ErrorIs(t, ask("b", "no id", address), competition.ErrDeploying, "no node of this version asks that")
	_, err := a.Ask("b", address, "spring", 2, make([]byte, 9<<20), tracing.Context{}, time.Now().Add(2*time.Second))
	var invalid *competition.InvalidError
	require.ErrorAs(t, err, &invalid, "nobody asks that again: it would not be smaller")
	b.Close()
	require.ErrorIs(t, ask("b", "spring", address), competition.ErrUnavailable)
}

func TestLinksNeedWholeCertificates(t *testing.T) {
	_, err := NewLinks(LinkOptions{Self: "a", CA: "missing.pem"})
	require.Error(t, err)
}

func FuzzCutID(f *testing.F) {
	f.Add(append(appendID(nil, "spring"), "body"...))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		id, rest, ok := cutID(b)
		if !ok {
			return
		}
		again, same, ok := cutID(append(appendID(nil, string(id)), rest...))
		require.True(t, ok)
		require.Equal(t, id, again)
		require.Equal(t, rest, same)
	})
}
