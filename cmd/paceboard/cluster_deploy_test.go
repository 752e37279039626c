package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/internal/race"
)

// TestClusterIsDeployedWhileItRuns rolls the nodes of a cluster from an older version to
// this one, back, and forward again, under load. Nothing is refused or lost; what only
// this version understands is written when no older node is left, and then no older one
// comes back.
func TestClusterIsDeployedWhileItRuns(t *testing.T) {
	inParallel(t)
	race.Skip(t)
	size, rounds := 2, 1
	if soak, err := time.ParseDuration(os.Getenv("SOAK")); err == nil {
		size, rounds = 3, max(2, int(soak/(45*time.Second)))
	}
	old := olderProgram(t)
	where := newDatabase(t)
	var places []*nodePlace
	for range size {
		places = append(places, &nodePlace{where: where, command: []string{old}})
	}
	c := startNodesAt(t, places, "--rate-limit-user", "0", "SHUTDOWN_DELAY=1s")
	crowd := newClusterCrowd(c, 6, 8)
	d := &deploy{nodes: c}
	d.decideAbout("ann", 0)
	crowd.run(4, pace(t, 5*time.Millisecond))
	for round := range rounds {
		d.roll(binary, func(left int) {
			if left > 0 { // of the older nodes
				d.erases("ann", http.StatusServiceUnavailable)
			}
		})
		d.roll(old, nil) // nothing was written that keeps it out
		d.roll(binary, nil)
		if round < rounds-1 {
			d.roll(old, nil)
		}
	}
	d.erases("ann", http.StatusOK)
	require.Contains(t, refusedProgram(t, old, where, nodeSettings...), "run the newer program")
	d.decideAbout("ben", 1) // the level stays
	d.erases("ben", http.StatusOK)
	crowd.end()
	syncs := crowd.settle()
	t.Logf("%d nodes stopped and started, %d syncs, %d reads", d.stopped, syncs, crowd.reads)
	for i := range c.at {
		c.at[i].node.Load().stop()
	}
	code, out, errs := runProgram(t, "audit", "DATABASE_URL="+where)
	require.Zero(t, code, out+errs)
}

// olderProgram builds this program as a version that knows neither its latest kinds of
// events nor its messages between nodes.
func olderProgram(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	replace := map[string]string{}
	edit := func(file, pattern, by string, times int) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		lines := regexp.MustCompile(pattern)
		require.Len(t, lines.FindAllIndex(text, -1), times, "%s in %s", pattern, file)
		name, err := filepath.Abs(file)
		require.NoError(t, err)
		replace[name] = filepath.Join(dir, filepath.Base(file))
		require.NoError(t, os.WriteFile(replace[name], lines.ReplaceAll(text, []byte(by)), 0o600))
	}
	edit("../../competition/kinds.go", `(?m)^\t2[2-5]: .*\n`, "", 4)
	edit("node.go", `(?m)^const wireVersion = 1$`, "const wireVersion = 0", 1)
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))
	old := filepath.Join(dir, "older")
	out, err := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", old, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return old
}

// deploy replaces the programs of nodes as a process manager behind a load balancer does.
type deploy struct {
	*nodes
	stopped int
}

// noticed is how long the load balancer takes to notice that a node is not ready.
const noticed = 500 * time.Millisecond

// roll replaces one node after the other by a program. between is called after each with
// the number of nodes that are left.
func (d *deploy) roll(program string, between func(left int)) {
	d.t.Helper()
	for i, p := range d.at {
		s := p.node.Load()
		require.NoError(d.t, s.cmd.Process.Signal(syscall.SIGTERM))
		<-time.After(noticed) // it is sent requests until then, and answers them
		p.command = []string{program}
		d.disturb(i, func(*instance) int { return 0 })
		d.stopped++
		if between != nil {
			between(len(d.at) - 1 - i)
		}
	}
}

// decideAbout makes a competition in which a user was excluded: erasing them writes an
// event that the older program does not know.
func (d *deploy) decideAbout(user string, n int) {
	d.t.Helper()
	id := fmt.Sprintf("decided-%d", n)
	s := d.next()
	s.createSpring(id)
	status, answer := s.call(http.MethodPost, "/api/v1/fitness/sync", tokenOf(d.t, user, false),
		fmt.Sprintf(`{"competition_id":%q,"date":"2016-04-13","steps":7}`, id))
	require.Equal(d.t, http.StatusOK, status, string(answer))
	status, answer = s.call(http.MethodPost, "/api/v1/competitions/"+id+"/participants/"+user+"/exclude", operatorToken(d.t), `{"reason":"a bus"}`)
	require.Equal(d.t, http.StatusOK, status, string(answer))
}

// erases asks each node to erase a user, who is erased if want is 200 and kept otherwise.
func (d *deploy) erases(user string, want int) {
	d.t.Helper()
	for range d.at {
		status, answer := d.next().call(http.MethodDelete, "/api/v1/users/"+user, operatorToken(d.t), "")
		require.Equal(d.t, want, status, string(answer))
		if want == http.StatusServiceUnavailable {
			require.Contains(d.t, string(answer), "deploy_in_progress")
		}
	}
	status, answer := d.next().call(http.MethodGet, "/api/v1/users/"+user+"/competitions", operatorToken(d.t), "")
	require.Equal(d.t, http.StatusOK, status, string(answer))
	require.Equal(d.t, want != http.StatusOK, strings.Contains(string(answer), "decided-"), "%s", answer)
}
