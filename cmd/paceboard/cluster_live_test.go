package main

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// liveLimit is how many places subscribers see; the crowd is larger.
const liveLimit = 10

// TestClusterStaysLive has subscribers at all nodes, by WebSocket and by Server-Sent
// Events, follow boards while the nodes are killed and stopped. Subscribers that
// lose the connection come back to another node with the version at hand. A board that was put
// together from deltas is the same as everybody else's of that version, and none is left
// with an old one.
func TestClusterStaysLive(t *testing.T) {
	failovers, subscribers, boards := 2, 60, 4
	if soak, err := time.ParseDuration(os.Getenv("SOAK")); err == nil {
		failovers, subscribers, boards = max(10, int(soak/(8*time.Second))), 300, 12
	}
	inParallel(t)
	where := newDatabase(t)
	c := startNodes(t, []string{where, where, where}, "--rate-limit-user", "0")
	crowd := newClusterCrowd(c, boards, 24)
	a := &audience{t: t, nodes: c, crowd: crowd, boards: map[string]liveBoard{}}
	a.run(subscribers)
	crowd.run(2, 20*time.Millisecond)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 9))
	a.connected()
	for n := range failovers {
		<-time.After(500 * time.Millisecond)
		c.disturb(random.IntN(len(c.at)), []func(*instance) int{killNode, stopNode}[n%2])
		if n%5 == 4 { // boards move from nodes that live to those that they belong to, every 10 s
			<-time.After(12 * time.Second)
		}
	}
	require.Len(t, c.all, len(c.at)+failovers, "each of them ended a node and began another one")
	<-time.After(time.Second)
	crowd.end()
	syncs := crowd.settle()
	a.settle()
	t.Logf("%d syncs; %d frames to %d subscribers, %d of them deltas; they came back %d times, %d times with the whole board",
		syncs, a.frames.Load(), subscribers, a.deltas.Load(), a.returns.Load(), a.wholes.Load())
	require.NotZero(t, a.returns.Load())
	require.Greater(t, a.deltas.Load(), int64(subscribers))
	for i := range c.at {
		c.at[i].node.Load().stop()
	}
}
