package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestDemoClusterLosesNodesAndGoesOn starts what `make demo-cluster` does, until a node
// was killed and replaced, reads what it says to read, and stops it.
func TestDemoClusterLosesNodesAndGoesOn(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), "democluster")
	out, err := exec.Command("go", "build", "-trimpath", "-o", program, "../democluster").CombinedOutput()
	require.NoError(t, err, string(out))

	folder, err := os.MkdirTemp("", "paceboard-democluster-") //nolint:usetesting // another user's PostgreSQL has its files there
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	require.NoError(t, os.Chmod(folder, 0o755))
	cmd := exec.Command(program, "-binary", binary, "-data", filepath.Join(root, "testdata", "fitbit-2016", "hourly.csv"),
		"-port", fmt.Sprint(quietPort(t)), "-kill", "2s")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + folder}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	errs, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	defer errs.Close()
	cmd.Stderr = errs
	complaints := func() string {
		said, err := os.ReadFile(errs.Name())
		require.NoError(t, err)
		return string(said)
	}
	require.NoError(t, cmd.Start())
	lines := make(chan string, 1000)
	go func() { // ends with the process
		defer close(lines)
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		for range lines {
		}
		_ = cmd.Wait()
	})
	deadline := time.After(90 * time.Second)
	waitFor := func(pattern string) []string {
		t.Helper()
		for {
			select {
			case line, more := <-lines:
				require.True(t, more, "it ended:\n%s", complaints())
				if m := regexp.MustCompile(pattern).FindStringSubmatch(line); m != nil {
					return m
				}
			case <-deadline:
				require.FailNow(t, "it does not say", "%s", pattern)
			}
		}
	}
	page := waitFor(`^board  (http://127\.0\.0\.1:\d+)/#/c/spring-2016\?token=(\S+)$`)
	read := &instance{t: t, url: page[1]}
	waitFor(`killed node \S+, which owned the board$`)
	waitFor(`the others show it again, [0-9.]+ s later$`)
	waitFor(`another node is there in its place$`)
	status, answer := read.call("GET", "/api/v1/leaderboard/spring-2016?limit=3", page[2], "")
	require.Equal(t, 200, status, string(answer))
	require.Contains(t, string(answer), `"rank":1`, "activity is posted")
	require.Regexp(t, `"user_name":"[A-Z][a-z]+"`, string(answer), "people have names")
	status, _ = read.call("GET", "/", "", "")
	require.Equal(t, 200, status, "the page")

	require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
	waitFor(`^stopping$`)
	for range lines {
	}
	require.NoError(t, cmd.Wait(), complaints())
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, e := range left {
		require.NotContains(t, e.Name(), "paceboard-demo-")
	}
	t.Log(complaints())
}
