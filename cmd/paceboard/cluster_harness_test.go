package main

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// startNode runs a server as a node of a cluster.
func startNode(t *testing.T, where string, args ...string) *instance {
	t.Helper()
	return startServer(t, where, slices.Concat(nodeSettings, args)...)
}

// nodeSettings make a server a node.
var nodeSettings = []string{"CLUSTER_LISTEN=127.0.0.1:0", "SHUTDOWN_DELAY=0"}

// nodes are the server processes of a cluster on one database.
type nodes struct {
	t      *testing.T
	args   []string
	at     []*nodePlace
	turn   atomic.Int64
	all    []*instance // that were ever started
	client *http.Client
}

// nodePlace is where a node runs, and another one after it.
type nodePlace struct {
	where    string   // the database, as this node reaches it
	command  []string // that runs the program there
	args     []string // of the nodes here alone
	node     atomic.Pointer[instance]
	troubled atomic.Int64 // odd while a node here is disturbed
}

// startNodes starts a node for each way to the database, and returns when all of them
// are ready.
func startNodes(t *testing.T, ways []string, args ...string) *nodes {
	t.Helper()
	var places []*nodePlace
	for _, where := range ways {
		places = append(places, &nodePlace{where: where, command: []string{binary}})
	}
	return startNodesAt(t, places, args...)
}

// startNodesAt is startNodes at places that the caller has made.
func startNodesAt(t *testing.T, places []*nodePlace, args ...string) *nodes {
	t.Helper()
	c := &nodes{t: t, args: args, at: places, client: &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{}}}
	t.Cleanup(c.client.CloseIdleConnections)
	for i := range places {
		c.start(i)
	}
	return c
}

func (c *nodes) start(i int) {
	c.t.Helper()
	p := c.at[i]
	s := startCommand(c.t, p.command, p.where, slices.Concat(nodeSettings, c.args, p.args)...)
	eventuallyStatus(c.t, s, "/health/ready", http.StatusOK)
	p.node.Store(s)
	c.all = append(c.all, s)
}

// warnings are the last lines of the nodes' logs that are more than information.
func (c *nodes) warnings() string {
	var all []string
	for _, s := range c.all {
		var lines []string
		for line := range strings.Lines(s.logs.String()) {
			if !strings.Contains(line, `"level":"INFO"`) {
				lines = append(lines, s.url+" "+strings.TrimSpace(line))
			}
		}
		all = append(all, lines[max(0, len(lines)-20):]...)
	}
	return strings.Join(all, "\n")
}

// next returns the nodes in turns.
func (c *nodes) next() *instance {
	return c.at[int(c.turn.Add(1))%len(c.at)].node.Load()
}

// insist repeats a call, at one node after another, until it succeeds.
func (c *nodes) insist(method, path, token, body string) (answer []byte) {
	c.t.Helper()
	for deadline := time.Now().Add(90 * time.Second); ; {
		status, answer, err := c.try(c.next(), method, path, token, body)
		if err == nil && (status == http.StatusOK || status == http.StatusCreated) {
			return answer
		}
		if err == nil && status != http.StatusServiceUnavailable || time.Now().After(deadline) {
			require.FailNow(c.t, "it was refused", "%s %s: %d %s %v\n%s", method, path, status, answer, err, c.warnings())
		}
		<-time.After(20 * time.Millisecond)
	}
}

// try makes a call once.
func (c *nodes) try(s *instance, method, path, token, body string) (status int, answer []byte, err error) {
	request, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := c.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// disturb does something to a node that ends it, and starts another one in its place.
func (c *nodes) disturb(i int, how func(*instance) (exitCode int)) {
	c.t.Helper()
	p := c.at[i]
	p.troubled.Add(1)
	defer p.troubled.Add(1)
	s := p.node.Load()
	want := how(s)
	select {
	case <-s.exited:
	case <-time.After(30 * time.Second):
		require.FailNow(c.t, "the node does not end", s.logs.String())
	}
	require.Equal(c.t, want, s.cmd.ProcessState.ExitCode(), s.logs.String())
	c.start(i)
}

// The ways to disturb a node. They return the code with which it is to exit.

func killNode(s *instance) int {
	s.kill()
	return -1
}

func stopNode(s *instance) int {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	return 0
}

// freezeNode has a node stand still for longer than the others wait for it.
func freezeNode(s *instance) int {
	_ = s.cmd.Process.Signal(syscall.SIGSTOP)
	<-time.After(4 * time.Second)
	_ = s.cmd.Process.Signal(syscall.SIGCONT)
	return 75
}

// nodeID is the id that a server gave itself as a node.
func (s *instance) nodeID() string {
	s.t.Helper()
	var joined struct{ Node string }
	require.NoError(s.t, json.Unmarshal([]byte(s.waitFor(`"msg":"this process is a node of a cluster"`)), &joined))
	return joined.Node
}
