package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// listNodes returns what the command says to programs.
func listNodes(t *testing.T, where string, args ...string) []nodeReport {
	t.Helper()
	code, out, errs := runProgram(t, append([]string{"nodes", "list", "--json", "DATABASE_URL=" + where}, args...)...)
	require.Zero(t, code, errs)
	var report struct{ Nodes []nodeReport }
	require.NoError(t, json.Unmarshal([]byte(out), &report), out)
	return report.Nodes
}

// exitCode waits until a server has ended.
func (s *instance) exitCode() int {
	s.t.Helper()
	select {
	case <-s.exited:
	case <-time.After(30 * time.Second):
		require.FailNow(s.t, "the server does not end", s.logs.String())
	}
	return s.cmd.ProcessState.ExitCode()
}

func TestNodesAreListedAndEvicted(t *testing.T) {
	t.Parallel()
	where := newDatabase(t)
	const lease = "CLUSTER_LEASE=1s"
	evict := func(args ...string) (code int, said string) {
		code, out, errs := runProgram(t, append([]string{"nodes", "evict", "DATABASE_URL=" + where}, args...)...)
		return code, out + errs
	}
	code, out, errs := runProgram(t, "migrate", "up", "DATABASE_URL="+where)
	require.Zero(t, code, out+errs)
	_, out, _ = runProgram(t, "nodes", "list", "DATABASE_URL="+where)
	require.Equal(t, "no process is known; --all shows those that have ended\n", out)

	first := startNode(t, where, lease)
	first.createSpring("spring")
	found := listNodes(t, where)
	require.Len(t, found, 1)
	id := found[0].ID
	require.Contains(t, first.waitFor("is a node of a cluster"), `"node":"`+id+`"`)
	require.Equal(t, "live", found[0].State)
	require.Equal(t, 1, found[0].Boards)
	require.Equal(t, wireVersion, found[0].WireVersion)
	require.NotEmpty(t, found[0].Address)
	require.Positive(t, found[0].Beat)
	require.Positive(t, found[0].Sessions)
	require.Less(t, *found[0].LastBeatSeconds, 20.0)
	code, out, errs = runProgram(t, "nodes", "list", "DATABASE_URL="+where)
	require.Zero(t, code, errs)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2)
	require.Regexp(t, `^NODE +ADDRESS +STATE +WIRE +LEVEL +LAST BEAT +BOARDS +SESSIONS +STARTED$`, lines[0])
	require.Regexp(t, `^`+id+` +127\.0\.0\.1:\d+ +live +\d+ +\d+ +\S+s ago +1 +\d+ +20\S+Z$`, lines[1])

	// A node that works is not evicted by mistake, and by force only after its lease.
	code, said := evict(id)
	require.Equal(t, 1, code)
	require.Regexp(t, `says that it lives: its last beat was \S+ ago; stop it with SIGTERM.* or evict it with --force`, said)
	code, said = evict("nobody")
	require.Equal(t, 1, code)
	require.Contains(t, said, "there is no such node; paceboard nodes list shows")
	second := startNode(t, where, lease)
	eventuallyStatus(t, second, "/health/ready", 200)
	code, said = evict(id, "--force")
	require.Zero(t, code, said)
	require.Contains(t, said, "node "+id+" is dead: others take its boards")
	require.Equal(t, 75, first.exitCode(), first.logs)
	count := func(s *instance, steps int) {
		body := fmt.Sprintf(`{"competition_id":"spring","date":%q,"steps":%d}`, time.Now().UTC().Format(time.DateOnly), steps)
		require.NoError(t, s.posted("/api/v1/fitness/sync", tokenOf(t, "ann", false), body))
	}
	count(second, 1000)
	code, said = evict(id)
	require.Zero(t, code, said)
	require.Contains(t, said, "is dead already; nothing was changed")

	// One that hangs, with nobody there to notice, is evicted without force.
	found = listNodes(t, where)
	require.Len(t, found, 1)
	require.Equal(t, 1, found[0].Boards, "the other one's board")
	require.NoError(t, second.cmd.Process.Signal(syscall.SIGSTOP))
	for silent := 0.0; silent < 1; {
		silent = *listNodes(t, where)[0].LastBeatSeconds
	}
	code, said = evict(found[0].ID)
	require.Zero(t, code, said)
	found = listNodes(t, where)
	require.Len(t, found, 1, "a dead node that owns something is shown")
	require.Equal(t, "dead", found[0].State)
	require.NoError(t, second.cmd.Process.Signal(syscall.SIGCONT))
	require.Equal(t, 75, second.exitCode(), second.logs)
	require.Len(t, listNodes(t, where, "--all"), 2)

	// A process that is alone sends no beats: nothing would tell when it has noticed.
	alone := startServer(t, where)
	require.Equal(t, int64(1000), alone.readBoard("spring", 10).Data.Entries[0].Score)
	found = listNodes(t, where)
	require.Len(t, found, 1)
	require.True(t, found[0].Alone)
	require.Nil(t, found[0].LastBeatSeconds)
	code, said = evict(found[0].ID, "--force")
	require.Equal(t, 1, code)
	require.Contains(t, said, "the process has the database to itself, and answers without beats")
	require.Contains(t, said, "stop or kill it instead")
	count(alone, 2000)
	alone.stop()
}

func TestNodesExplainsItself(t *testing.T) {
	t.Parallel()
	for said, test := range map[string]struct {
		code int
		args []string
	}{
		"DATABASE_URL is not set":                         {exitMisused, []string{"list"}},
		"write: paceboard nodes list":                     {exitMisused, []string{"show", "DATABASE_URL=postgres://nowhere.invalid/x"}},
		"say which node: paceboard nodes evict ID":        {exitMisused, []string{"evict", "DATABASE_URL=postgres://nowhere.invalid/x"}},
		"connect to the database":                         {exitFailed, []string{"list", "DATABASE_URL=postgres://127.0.0.1:1/x"}},
		"it has no table of nodes; run paceboard migrate": {exitFailed, []string{"list", "DATABASE_URL=" + emptyDatabase(t)}},
	} {
		code, out, errs := runProgram(t, append([]string{"nodes"}, test.args...)...)
		require.Equal(t, test.code, code, "%s: %s", said, out)
		require.Contains(t, errs, said)
	}
}
