package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/paceboard/paceboard/internal/race"
)

// TestCountedCostOfASync holds what a durable sync over HTTP costs the server
// against bounds, in things that can be counted on any machine: objects allocated,
// and calls of the kernel to read and to write, the journal's included.
func TestCountedCostOfASync(t *testing.T) {
	race.Skip(t)
	const clients, warm, counted = 64, 50, 500
	profiler := freeAddress(t)
	s := startServer(t, t.TempDir(), "--rate-limit-user", "0", "--pprof", profiler)
	s.createSpring("spring")
	crowd := make([]*crowdClient, clients)
	for i := range crowd {
		crowd[i] = newCrowdClient(t, s, fmt.Sprintf("user-%02d", i), "garmin")
	}
	run := func(syncs int) {
		var all errgroup.Group
		for _, c := range crowd {
			all.Go(func() error { return c.sync(syncs) })
		}
		require.NoError(t, all.Wait())
	}
	run(warm)
	before := s.cost(profiler)
	run(counted)
	after := s.cost(profiler)
	each := func(counter string) float64 { return float64(after[counter]-before[counter]) / (clients * counted) }
	t.Logf("a sync costs %.2f allocations, %.2f reads, %.2f writes", each("mallocs"), each("syscr"), each("syscw"))

	require.LessOrEqual(t, each("mallocs"), 2.0, "allocations")
	require.LessOrEqual(t, each("syscr"), 2.2, "reads: one that finds nothing yet, and the request")
	require.LessOrEqual(t, each("syscw"), 1.8, "writes: the answer, and a share of a commit")
}

// TestCountedCostOfAForwardedSync holds what all nodes allocate for a sync at a node that
// does not own the competition against what they do for one at its owner. A frame between
// nodes has few syncs on a busy machine, and costs the same: so the bound is generous.
func TestCountedCostOfAForwardedSync(t *testing.T) {
	race.Skip(t)
	const clients, warm, counted = 64, 20, 150
	c := startCounted(t)
	var each []float64
	for i, s := range c.at {
		crowd := make([]*crowdClient, clients)
		for u := range crowd {
			crowd[u] = newCrowdClient(t, s, fmt.Sprintf("user-%d-%02d", i, u), "garmin")
		}
		each = append(each, c.mallocsEach(crowd, warm, counted, (*crowdClient).sync))
	}
	local, forwarded := slices.Min(each), slices.Max(each)
	t.Logf("a sync costs %.2f allocations at its owner, %.2f elsewhere", local, forwarded)
	require.Greater(t, forwarded, local+2, "one of the nodes is not the owner")
	require.LessOrEqual(t, forwarded-local, 15.0)
}

// countedNodes are two nodes that tell what they use.
type countedNodes struct {
	t         *testing.T
	at        []*instance
	profilers []string
}

// startCounted starts two nodes, with the competition spring.
func startCounted(t *testing.T) *countedNodes {
	t.Helper()
	c, where := &countedNodes{t: t}, newDatabase(t)
	for range 2 {
		profiler := freeAddress(t)
		c.profilers = append(c.profilers, profiler)
		c.at = append(c.at, startNode(t, where, "--rate-limit-user", "0", "--pprof", profiler))
	}
	c.at[0].createSpring("spring")
	return c
}

// mallocsEach returns what both nodes together allocate for a request while each client of
// a crowd sends so many, after some that do not count.
func (c *countedNodes) mallocsEach(crowd []*crowdClient, warm, counted int, send func(c *crowdClient, times int) error) float64 {
	c.t.Helper()
	run := func(times int) {
		var all errgroup.Group
		for _, client := range crowd {
			all.Go(func() error { return send(client, times) })
		}
		require.NoError(c.t, all.Wait())
	}
	run(warm)
	before := c.mallocs()
	run(counted)
	return float64(c.mallocs()-before) / float64(len(crowd)*counted)
}

func (c *countedNodes) mallocs() (sum int64) {
	for i, s := range c.at {
		sum += s.cost(c.profilers[i])["mallocs"]
	}
	return sum
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// cost is what the server has used so far, by the counters' names.
func (s *instance) cost(profiler string) map[string]int64 {
	s.t.Helper()
	counters := map[string]int64{}
	note := func(text, before, name string) {
		_, rest, found := strings.Cut(text, before)
		require.True(s.t, found, "%q in %s", before, text)
		line, _, _ := strings.Cut(rest, "\n")
		n, err := strconv.ParseInt(line, 10, 64)
		require.NoError(s.t, err)
		counters[name] = n
	}
	response, err := http.Get("http://" + profiler + "/debug/pprof/heap?debug=1")
	require.NoError(s.t, err)
	defer response.Body.Close()
	heap, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	note(string(heap), "# Mallocs = ", "mallocs")
	kernel, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", s.cmd.Process.Pid)) // see proc(5)
	require.NoError(s.t, err)
	note(string(kernel), "syscr: ", "syscr")
	note(string(kernel), "syscw: ", "syscw")
	return counters
}

// crowdClient is a user with a connection of its own.
type crowdClient struct {
	conn    net.Conn
	request []byte
	number  int // where in the request the steps stand, which grow
	steps   int
	answer  [8 << 10]byte
}

func newCrowdClient(t *testing.T, s *instance, user, source string) *crowdClient {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(3*time.Minute)))
	const steps = "     0" // room for what grows
	body := `{"competition_id":"spring","date":"` + time.Now().UTC().Format(time.DateOnly) + `","source":"` + source + `","steps":` + steps + `}`
	request := fmt.Sprintf("POST /api/v1/fitness/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s",
		tokenOf(t, user, false), len(body), body)
	return &crowdClient{conn: conn, request: []byte(request), number: len(request) - len(steps) - 1}
}

// sync sends so many syncs, one after the other.
func (c *crowdClient) sync(times int) error {
	for range times {
		answer, err := c.ask()
		if err != nil {
			return err
		}
		if !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) {
			return fmt.Errorf("answered %s", answer)
		}
	}
	return nil
}

// ask sends a sync that says something new, and returns the answer, which is good
// until the next.
func (c *crowdClient) ask() ([]byte, error) {
	c.steps++
	copy(c.request[c.number:], fmt.Sprintf("%6d", c.steps))
	if _, err := c.conn.Write(c.request); err != nil {
		return nil, err
	}
	n, err := c.conn.Read(c.answer[:])
	return c.answer[:n], err
}
