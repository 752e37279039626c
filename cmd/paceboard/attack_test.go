package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/paceboard/paceboard/internal/race"
)

// TestAttackByAnnouncedBodies opens thousands of connections of people who have
// no token, or one without rights to what they announce. None of it may cost the
// server more than connections cost, and others are answered all the while.
func TestAttackByAnnouncedBodies(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector takes memory of its own: `make soak` runs it without")
	}
	const mostGrowth = 96 << 20
	connections := 4_000
	if n, err := strconv.Atoi(os.Getenv("ATTACK_CONNECTIONS")); err == nil { // fewer, for servers that do not stand it
		connections = n
	}
	const batch = "/api/v1/fitness/sync/batch HTTP/1.1\r\nHost: x\r\n"
	bad := "Authorization: Bearer " + tokenOf(t, "anna", false) + "x\r\n"
	for _, attack := range []struct{ name, request string }{
		{"an address that contains the batch's", "POST /metrics?/fitness/sync/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n"},
		{"a batch without a token", "POST " + batch + "Content-Length: 1048576\r\n\r\n"},
		{"a batch with a bad token", "POST " + batch + bad + "Content-Length: 1048576\r\n\r\n"},
		{"a large chunk", "POST " + batch + "Transfer-Encoding: chunked\r\n\r\nffff0\r\n"},
		{"a batch that asks first", "POST " + batch + "Expect: 100-continue\r\nContent-Length: 1048576\r\n\r\n"},
		{"the largest body that is received unasked", "POST " + batch + "Content-Length: 2048\r\n\r\n"},
		{"header fields that do not end", "POST " + batch + "X-A: " + strings.Repeat("a", 4000)},
		{"nothing at all", ""},
	} {
		t.Run(attack.name, func(t *testing.T) {
			s := startServer(t, t.TempDir(), "--rate-limit-user", "0")
			s.createSpring("spring")
			runtime := newCrowdClient(t, s, "anna", "watch")
			require.NoError(t, runtime.sync(100))
			before := s.peak()

			conns := make([]net.Conn, connections)
			var all errgroup.Group
			all.SetLimit(64)
			for i := range conns {
				all.Go(func() (err error) {
					if conns[i], err = net.Dial("tcp", strings.TrimPrefix(s.url, "http://")); err != nil {
						return err
					}
					_, err = io.WriteString(conns[i], attack.request)
					return err
				})
			}
			require.NoError(t, all.Wait())
			began := time.Now()
			require.NoError(t, runtime.sync(100), "others are answered")
			took := time.Since(began)
			status, _ := s.call(http.MethodGet, "/health/live", "", "")
			require.Equal(t, http.StatusOK, status)
			select { // what is decided late is decided by then
			case <-time.After(time.Second):
			case <-t.Context().Done():
			}
			grown := s.peak() - before
			t.Logf("%d connections, %d kB sent: %.1f MiB more; 100 syncs beside them took %v", connections, connections*len(attack.request)/1000, float64(grown)/(1<<20), took)
			for _, conn := range conns {
				require.NoError(t, conn.Close())
			}
			require.Less(t, grown, int64(mostGrowth))
		})
	}
}

// peak is the most memory that the server has had resident so far, in bytes.
func (s *instance) peak() int64 {
	s.t.Helper()
	status, err := os.Open(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	require.NoError(s.t, err)
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if rest, found := strings.CutPrefix(lines.Text(), "VmHWM:"); found {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			require.NoError(s.t, err)
			return kib << 10
		}
	}
	require.Fail(s.t, "no VmHWM")
	return 0
}
