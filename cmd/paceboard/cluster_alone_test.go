package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestOneProcessHasItsDatabaseToItself: a server that is no node refuses others beside
// it, and is refused beside nodes. Each refusal names the process that is there.
func TestOneProcessHasItsDatabaseToItself(t *testing.T) {
	t.Parallel()
	where := newDatabase(t)
	start := func() (s *instance, took time.Duration) {
		began := time.Now()
		s = startServer(t, where)
		return s, time.Since(began)
	}
	s, _ := start()
	s.createSpring("spring")
	host, _ := os.Hostname()
	for _, args := range [][]string{nil, {"CLUSTER_LISTEN=127.0.0.1:0"}} {
		said := refusedServer(t, where, args...)
		require.Contains(t, said, "node "+host)
		require.Contains(t, said, "stop it first")
	}
	code, out, errs := runProgram(t, "import", "DATABASE_URL="+where, os.DevNull)
	require.Equal(t, 1, code, out+errs)
	require.Contains(t, errs, "stop it first")
	code, out, errs = runProgram(t, "audit", "DATABASE_URL="+where)
	require.Zero(t, code, out+errs)

	longer := time.Hour // of five pairs the best: other tests run beside this one
	for pair := 0; pair < 5 && longer >= time.Second; pair++ {
		s.stop()
		var afterStop, afterKill time.Duration
		s, afterStop = start()
		s.kill()
		s, afterKill = start()
		longer = min(longer, afterKill-afterStop)
	}
	require.Less(t, longer, time.Second, "PostgreSQL notices at once that a process was killed")
	s.createSpring("summer")
	s.stop()

	node := startNode(t, where)
	node.createSpring("autumn")
	require.Contains(t, refusedServer(t, where), "only as nodes of a cluster, each with CLUSTER_LISTEN")
	node.stop()
	s, _ = start()
	s.createSpring("winter")
	s.stop()
}

// refusedServer starts a server that must refuse to start, and returns what it says.
func refusedServer(t *testing.T, where string, args ...string) (said string) {
	t.Helper()
	return refusedProgram(t, binary, where, args...)
}

// refusedProgram is refusedServer for another program than the one that is tested.
func refusedProgram(t *testing.T, program, where string, args ...string) (said string) {
	t.Helper()
	flags, environ := splitArgs(args)
	cmd := exec.Command(program, append([]string{"serve", "--port", "0", "--host", "127.0.0.1"}, flags...)...)
	cmd.Env = slices.Concat(storeSettings(where), []string{"SUPABASE_JWT_SECRET=" + testSecret, "PATH=" + os.Getenv("PATH")}, environ)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	require.Error(t, err, "it starts:\n%s", out)
	require.Equal(t, 1, cmd.ProcessState.ExitCode(), string(out))
	require.NotContains(t, string(out), `"msg":"serving"`)
	return strings.TrimSpace(string(out))
}
