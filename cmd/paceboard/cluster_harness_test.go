package main

import (
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
)

// startNode runs a server as a node of a cluster.
func startNode(t *testing.T, where string, args ...string) *instance {
	t.Helper()
	return startServer(t, where, slices.Concat([]string{"CLUSTER_LISTEN=127.0.0.1:0", "SHUTDOWN_DELAY=0"}, args)...)
}

// nodes are the server processes of a cluster on one database.
type nodes struct {
	t    *testing.T
	args []string
	at   []*nodePlace
	turn atomic.Int64
}

// nodePlace is where a node runs, and another one after it.
type nodePlace struct {
	where string // the database, as this node reaches it
	node  atomic.Pointer[instance]
}

// startNodes starts a node for each way to the database, and returns when all of them
// are ready.
func startNodes(t *testing.T, ways []string, args ...string) *nodes {
	t.Helper()
	c := &nodes{t: t, args: args}
	for i, where := range ways {
		c.at = append(c.at, &nodePlace{where: where})
		c.start(i)
	}
	return c
}

func (c *nodes) start(i int) {
	c.t.Helper()
	s := startNode(c.t, c.at[i].where, c.args...)
	eventuallyStatus(c.t, s, "/health/ready", http.StatusOK)
	c.at[i].node.Store(s)
}

// next returns the nodes in turns.
func (c *nodes) next() *instance {
	return c.at[int(c.turn.Add(1))%len(c.at)].node.Load()
}
