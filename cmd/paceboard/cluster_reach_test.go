package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// door is an address that leads to a node while it is open. Closing it ends the
// connections through it.
type door struct {
	net.Listener
	to      string
	running sync.WaitGroup

	mu    sync.Mutex
	open  bool
	conns map[net.Conn]bool
}

func newDoor(t *testing.T, to string) *door {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	d := &door{Listener: listener, to: to, conns: map[net.Conn]bool{}}
	d.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			d.running.Go(func() { d.carry(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		d.set(false)
		d.running.Wait()
	})
	return d
}

func (d *door) set(open bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open = open
	for conn := range d.conns {
		if !open {
			_ = conn.Close()
		}
	}
}

// passes reports whether the door is open, and has it close a connection that passes.
func (d *door) passes(conn net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conns[conn] = d.open
	return d.open
}

func (d *door) carry(from net.Conn) {
	to, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", d.to)
	if err != nil {
		_ = from.Close()
		return
	}
	var both sync.WaitGroup
	for a, b := range map[net.Conn]net.Conn{from: to, to: from} {
		if !d.passes(a) {
			_ = a.Close()
		}
		both.Go(func() {
			_, _ = io.Copy(a, b)
			_, _ = a.Close(), b.Close()
		})
	}
	both.Wait()
}

// TestClusterWithNodesThatCannotBeReached: one node's address leads nowhere, and one has
// that of another node. Both beat, and reach the others. They get no boards and serve
// their clients through the others, operators are told which they are, and nobody is
// refused anything. When the address leads to the node, it gets boards like the others;
// when it does so no more, the node gives them up.
func TestClusterWithNodesThatCannotBeReached(t *testing.T) {
	t.Parallel()
	const hidden, double = 2, 3 // places
	where := newDatabase(t)
	address := func() string { return fmt.Sprintf("127.0.0.1:%d", quietPort(t)) }
	first, behind := address(), address()
	way := newDoor(t, behind)
	places := make([]*nodePlace, 4)
	for i := range places {
		places[i] = &nodePlace{where: where, command: []string{binary}}
	}
	places[0].args = []string{"CLUSTER_LISTEN=" + first}
	places[hidden].args = []string{"CLUSTER_LISTEN=" + behind, "CLUSTER_ADVERTISE=" + way.Addr().String()}
	places[double].args = []string{"CLUSTER_ADVERTISE=" + first}
	c := startNodesAt(t, places, "--rate-limit-user", "0") // with the usual lease: no node may be declared dead
	ids := make([]string, len(places))
	for i := range places {
		ids[i] = places[i].node.Load().nodeID()
	}
	// owned is how many boards each node has, as operators see it.
	owned := func() map[string]int {
		boards := map[string]int{}
		for _, n := range listNodes(t, where) {
			boards[n.ID] = n.Boards
			require.Equal(t, "live", n.State)
			require.Equal(t, n.ID == ids[hidden], n.Address == way.Addr().String())
		}
		require.Len(t, boards, len(places))
		return boards
	}
	health := func(i int) (said string) {
		_, answer := places[i].node.Load().call(http.MethodGet, "/health/detailed", operatorToken(t), "")
		return string(answer)
	}
	soon := func(what string, is func() bool) {
		t.Helper()
		require.Eventually(t, is, 20*time.Second, 50*time.Millisecond, what)
	}

	crowd := newClusterCrowd(c, 24, 12)
	crowd.run(4, pace(t, 5*time.Millisecond))
	for _, i := range []int{hidden, double} {
		soon("the node withdraws", func() bool {
			require.Zero(t, owned()[ids[i]])
			return metric(t, places[i].node.Load(), "paceboard_cluster_withdrawn") == 1
		})
		places[i].node.Load().waitFor("no other node connects to this one", "CLUSTER_ADVERTISE")
		require.Contains(t, health(i), "no other node connects to this one")
		_, answer := places[i].node.Load().call(http.MethodGet, "/health", "", "")
		var general struct{ Degraded []string }
		require.NoError(t, json.Unmarshal(answer, &general))
		require.Equal(t, []string{"cluster"}, general.Degraded, string(answer))
		eventuallyStatus(t, places[i].node.Load(), "/health/ready", http.StatusOK)
		for _, other := range []int{0, 1} {
			soon("the others name it", func() bool { return metric(t, places[other].node.Load(), "paceboard_cluster_nodes_unreached") == 2 })
			places[other].node.Load().waitFor("nodes that live cannot be reached", ids[i])
			require.Regexp(t, "nothing is placed at [^;]*"+ids[i], health(other))
		}
	}
	boards := owned()
	require.Zero(t, boards[ids[hidden]]+boards[ids[double]])
	require.Equal(t, 24, boards[ids[0]]+boards[ids[1]])

	way.set(true)
	soon("all reach it", func() bool {
		return metric(t, places[hidden].node.Load(), "paceboard_cluster_withdrawn") == 0 &&
			metric(t, places[0].node.Load(), "paceboard_cluster_nodes_unreached")+metric(t, places[1].node.Load(), "paceboard_cluster_nodes_unreached") == 2
	})
	require.NotContains(t, health(0), ids[hidden])
	for i := 0; owned()[ids[hidden]] == 0; i++ {
		require.Less(t, i, 24, "it gets its share")
		c.next().createSpring(fmt.Sprintf("more-%d", i))
	}
	require.Zero(t, owned()[ids[double]])

	for _, p := range places { // the boards that it has cannot be reached until it has given them up
		p.troubled.Add(1)
	}
	way.set(false)
	soon("it gives up what it has", func() bool { return owned()[ids[hidden]] == 0 })
	crowd.calm()
	for _, p := range places {
		p.troubled.Add(1)
	}
	<-time.After(time.Second)
	crowd.end()
	syncs := crowd.settle()
	boards = owned()
	require.Zero(t, boards[ids[hidden]]+boards[ids[double]])
	t.Logf("%d syncs, %d reads", syncs, crowd.reads)
	for _, p := range places {
		p.node.Load().stop()
	}
}
