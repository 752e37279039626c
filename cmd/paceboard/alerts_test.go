package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/persistence/testservers"
)

// TestAlertsFireWhileTheirReasonsLast: those whose reasons take longer to cause. It runs
// with SOAK alone.
func TestAlertsFireWhileTheirReasonsLast(t *testing.T) {
	if os.Getenv("SOAK") == "" {
		t.Skip("the rules are tested by promtool, and some alerts by the twelve questions; make soak causes the others")
	}
	needPrometheus(t, "prometheus")
	dir := t.TempDir()
	var disk syscall.Statfs_t
	require.NoError(t, syscall.Statfs(dir, &disk))
	const margin = 1 << 30
	free := int64(disk.Bavail) * disk.Bsize
	require.Greater(t, free, int64(8*margin), "the disk is too full for this test")
	embedded := startServer(t, dir, fmt.Sprintf("MIN_FREE_DISK=%dB", (free-margin)/2), "MAX_CONNECTIONS=10")
	postgres := testservers.Postgres(t)
	node := startNode(t, postgres.NewDatabase(t, ""), "--rate-limit-user", "0")
	node.createSpring("spring")
	p := startPrometheus(t, []*instance{embedded, node})
	defer keepSyncing("anna", node)()
	p.awaits("both are up", `sum(up) == 2`, positive)
	p.quiet("PaceboardDown", "PaceboardNotReady", "PaceboardStoreDown", "PaceboardErrors", "PaceboardDiskLow", "PaceboardOverloaded")

	ballast := filepath.Join(dir, "something large")
	file, err := os.Create(ballast)
	require.NoError(t, err)
	require.NoError(t, syscall.Fallocate(int(file.Fd()), 0, 0, 3*margin))
	require.NoError(t, file.Close())
	p.fires("PaceboardDiskLow")
	require.NoError(t, os.Remove(ballast))
	p.quiet("PaceboardDiskLow")

	var idle []net.Conn
	ended := time.Now().Add(time.Minute)
	for len(p.query(`ALERTS{alertstate="firing",alertname="PaceboardOverloaded"}`)) == 0 {
		require.True(t, time.Now().Before(ended), "PaceboardOverloaded does not fire")
		conn, err := net.Dial("tcp", strings.TrimPrefix(embedded.url, "http://"))
		require.NoError(t, err)
		if idle = append(idle, conn); len(idle) > 9 { // one place is left, or is Prometheus' connection
			_, _ = fmt.Fprintf(conn, "GET /docs HTTP/1.1\r\nHost: x\r\n\r\n")
			_, _ = io.Copy(io.Discard, conn)
			idle = idle[:9]
			_ = conn.Close()
		}
	}
	for _, conn := range idle {
		require.NoError(t, conn.Close())
	}
	p.quiet("PaceboardOverloaded")

	postgres.Stop()
	p.fires("PaceboardNotReady", "PaceboardStoreDown", "PaceboardErrors")
	postgres.Continue()
	p.quiet("PaceboardNotReady", "PaceboardStoreDown", "PaceboardErrors")
	embedded.kill()
	p.fires("PaceboardDown")
}
