package cluster

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/tracing"
)

// firewall stands before a node's address, and hangs up on everybody until it is opened.
type firewall struct {
	net.Listener
	open    atomic.Bool
	running sync.WaitGroup
}

func newFirewall(t *testing.T, to string) *firewall {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &firewall{Listener: l}
	ctx, cancel := context.WithCancel(t.Context())
	f.running.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			f.running.Go(func() { f.carry(ctx, from, to) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		cancel()
		f.running.Wait()
	})
	return f
}

func (f *firewall) carry(ctx context.Context, from net.Conn, address string) {
	defer from.Close()
	if !f.open.Load() {
		return
	}
	to, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	stop := context.AfterFunc(ctx, func() {
		_ = from.Close()
		_ = to.Close()
	})
	defer stop()
	f.running.Go(func() {
		_, _ = io.Copy(from, to)
		_ = from.Close()
	})
	_, _ = io.Copy(to, from)
	_ = to.Close()
}

// lines is a log that a test reads while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Count(l.text.Bytes(), []byte(what))
}

// linkedNode is a node with links, as a process has them.
type linkedNode struct {
	*Cluster
	links *Links
	log   *lines
}

// TestNothingIsPlacedAtANodeThatNobodyReaches: a node beats, and connects to the others,
// but they cannot connect to it. Nothing is placed there, and it gives up what it has,
// until it can be reached.
func TestNothingIsPlacedAtANodeThatNobodyReaches(t *testing.T) {
	t.Parallel()
	const boards = 300
	s := newTable()
	start := func(id string, behind bool) (*linkedNode, *firewall) {
		m := &linkedNode{log: &lines{}}
		logger := slog.New(slog.NewTextHandler(m.log, nil))
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		address := listener.Addr().String()
		var wall *firewall
		if behind {
			wall = newFirewall(t, address)
			address = wall.Addr().String()
		}
		m.links, err = NewLinks(LinkOptions{Self: id, Logger: logger})
		require.NoError(t, err)
		t.Cleanup(m.links.Close)
		n, err := Join(t.Context(), Options{Nodes: s, ID: id, Address: address, TTL: nodeTTL, Logger: logger})
		require.NoError(t, err)
		t.Cleanup(n.Close)
		m.Cluster = New(n, m.links)
		m.links.Keep(n)
		require.NoError(t, m.links.Serve(listener, echo{t}))
		return m, wall
	}
	// homes are how many boards a node gives to each, by what routes say.
	homes := func(m *linkedNode) map[string]int {
		to := map[string]int{}
		for i := range boards {
			id := fmt.Sprintf("board-%d", i)
			if m.Home(id) {
				to[m.ID()]++
			} else {
				to[m.Route(id)]++
			}
		}
		return to
	}
	until := func(what string, is func() bool, nodes ...*linkedNode) {
		t.Helper()
		deadline := time.After(time.Minute)
		for !is() {
			waiting := nodes[0].Changed()
			if is() {
				return
			}
			select {
			case <-waiting:
			case <-time.After(50 * time.Millisecond): // another one's
			case <-deadline:
				require.FailNow(t, what)
			}
		}
	}
	a, _ := start("a", false)
	require.Equal(t, boards, homes(a)["a"], "it is alone")
	b, _ := start("b", false)
	two := func() bool { return homes(a)["b"] > 0 && homes(b)["a"] > 0 }
	until("two share the boards", two, a)

	began := time.Now()
	c, wall := start("c", true)
	never := func() bool {
		require.Zero(t, homes(a)["c"])
		require.Zero(t, homes(b)["c"])
		return c.Withdrawn() && a.Lost("c") && b.Lost("c")
	}
	until("the node withdraws", never, c)
	require.GreaterOrEqual(t, time.Since(began), patience*nodeTTL, "it is given time")
	require.Len(t, a.Alive(), 3, "it lives")
	require.Zero(t, homes(c)["c"], "it keeps nothing")
	require.Equal(t, homes(a), homes(c), "the nodes agree where the boards go")
	require.False(t, c.State().CutOff, "it reaches the others")
	require.Equal(t, []string{"c"}, a.State().Unreached)
	require.Contains(t, fmt.Sprint(a.links.Figures().Unreachable), "node c at "+wall.Addr().String()+" cannot be reached")
	require.Equal(t, 1, c.log.count("no other node connects to this one"))
	require.Equal(t, 1, a.log.count("nodes that live cannot be reached"))
	answer, err := c.Ask("a", "board-1", 1, []byte("x"), tracing.Context{}, time.Now().Add(10*time.Second))
	require.NoError(t, err, "it goes on asking for its clients")
	require.NotEmpty(t, answer)
	_, err = a.Ask("c", "board-1", 1, []byte("x"), tracing.Context{}, time.Now().Add(10*time.Second))
	require.ErrorIs(t, err, competition.ErrNotDelivered)
	tasks := map[string]int{}
	for i := range boards {
		for _, m := range []*linkedNode{a, b, c} {
			if m.Appointed(fmt.Sprint(i)) {
				tasks[m.ID()]++
			}
		}
	}
	require.Equal(t, boards, tasks["a"]+tasks["b"]+tasks["c"], "what one node is enough for is done by one")
	require.Positive(t, tasks["c"])

	wall.open.Store(true)
	until("the node is reached, and everything is as if it always had been", func() bool {
		return homes(c)["c"] > 0 && homes(a)["c"] == homes(c)["c"] && homes(b)["c"] == homes(c)["c"]
	}, c)
	require.False(t, c.Withdrawn())
	require.False(t, a.Lost("c"))
	require.Empty(t, a.State().Unreached)
	until("the log says so", func() bool { return a.log.count("the nodes reach each other again") == 1 }, a)
}
