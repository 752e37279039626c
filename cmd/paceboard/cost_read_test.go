package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestCountedCostOfALargeAnswer: the top 100 of a board leaves by one call of the
// kernel, though it is several times as large as fasthttp's buffer.
func TestCountedCostOfALargeAnswer(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates: `make test` runs it a second time, without")
	}
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
