package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/paceboard/paceboard/internal/race"
)

// TestCountedCostOfALargeAnswer: the top 100 of a board leaves by one call of the
// kernel, though it is several times as large as fasthttp's buffer.
func TestCountedCostOfALargeAnswer(t *testing.T) {
	race.Skip(t)
	const entries, warm, counted = 100, 50, 20_000
	profiler := freeAddress(t)
	s := startServer(t, t.TempDir(), "--rate-limit-user", "0", "--pprof", profiler)
	s.createSpring("spring")
	for i := range entries {
		require.NoError(t, newCrowdClient(t, s, fmt.Sprintf("user-%03d", i), "garmin").sync(1))
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	reader := bufio.NewReaderSize(conn, 64<<10)
	request := "GET /api/v1/leaderboard/spring?limit=100 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + tokenOf(t, "user-000", false) + "\r\n\r\n"
	read := func(times int) (size int64) {
		for range times {
			_, err := io.WriteString(conn, request)
			require.NoError(t, err)
			response, err := http.ReadResponse(reader, nil)
			require.NoError(t, err)
			size, err = io.Copy(io.Discard, response.Body)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, http.StatusOK, response.StatusCode)
		}
		return size
	}
	read(warm)
	before := s.cost(profiler)
	size := read(counted)
	after := s.cost(profiler)
	each := func(counter string) float64 { return float64(after[counter]-before[counter]) / counted }
	t.Logf("an answer of %d bytes costs %.2f allocations, %.2f reads, %.2f writes", size, each("mallocs"), each("syscr"), each("syscw"))

	require.Greater(t, size, int64(16<<10))
	require.LessOrEqual(t, each("syscw"), 1.05, "writes")
	require.LessOrEqual(t, each("syscr"), 2.2, "reads: one that finds nothing yet, and the request")
	require.LessOrEqual(t, each("mallocs"), 2.0, "allocations: one of fasthttp's for the first byte, and a share of asking for these figures")
}

// TestCountedCostOfAReadElsewhere holds what all nodes allocate for around-me at a node
// that does not own the board against what they do for one at its owner. As for syncs,
// frames between nodes have few requests on a busy machine, and cost the same.
func TestCountedCostOfAReadElsewhere(t *testing.T) {
	race.Skip(t)
	const clients, warm, counted = 32, 20, 60
	c := startCounted(t)
	var joining errgroup.Group
	for u := range clients {
		joins := newCrowdClient(t, c.at[0], fmt.Sprintf("user-%02d", u), "garmin")
		joining.Go(func() error { return joins.sync(1) })
	}
	require.NoError(t, joining.Wait())
	var each []float64
	for _, s := range c.at {
		crowd := make([]*crowdClient, clients)
		for u := range crowd {
			crowd[u] = newNeighbour(t, s, fmt.Sprintf("user-%02d", u))
		}
		each = append(each, c.mallocsEach(crowd, warm, counted, (*crowdClient).read))
	}
	local, elsewhere := slices.Min(each), slices.Max(each)
	t.Logf("around-me costs %.2f allocations at the board's owner, %.2f elsewhere", local, elsewhere)
	require.Greater(t, elsewhere, local+2, "one of the nodes is not the owner")
	require.LessOrEqual(t, elsewhere-local, 15.0)
}

// newNeighbour makes a client that reads the board around its user.
func newNeighbour(t *testing.T, s *instance, user string) *crowdClient {
	t.Helper()
	c := newCrowdClient(t, s, user, "garmin")
	c.request = fmt.Appendf(nil, "GET /api/v1/leaderboard/spring?around=%s&radius=5 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", user, tokenOf(t, user, false))
	return c
}

// read reads so many times, one after the other.
func (c *crowdClient) read(times int) error {
	for range times {
		if _, err := c.conn.Write(c.request); err != nil {
			return err
		}
		n, err := c.conn.Read(c.answer[:])
		if err != nil {
			return err
		}
		if got := c.answer[:n]; !bytes.HasPrefix(got, []byte("HTTP/1.1 200 ")) || !bytes.HasSuffix(got, []byte("}}")) {
			return fmt.Errorf("answered %s", got)
		}
	}
	return nil
}
