package embedded

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// childOf names, in its environment, the test that a child process is for.
const childOf = "EMBEDDED_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childOf) != "" {
		os.Exit(m.Run()) // What a fatal error froze leaks, and that is all right there.
	}
	goleak.VerifyTestMain(m)
}

// inChild runs the calling test in a process of its own, because it ends stores
// by fatal errors, which leave goroutines behind. It returns true in that
// process; in the other one the test has its result and should return.
func inChild(t *testing.T) bool {
	t.Helper()
	if os.Getenv(childOf) == t.Name() {
		return true
	}
	out, err := child(t).CombinedOutput()
	t.Logf("child: %s", out)
	require.NoError(t, err)
	return false
}

// child is a process that runs the calling test again.
func child(t *testing.T) *exec.Cmd {
	t.Helper()
	args := []string{"-test.run=^" + regexp.QuoteMeta(t.Name()) + "$", "-test.v"}
	if testing.Short() {
		args = append(args, "-test.short")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), childOf+"="+t.Name())
	return cmd
}

// testContext is for what runs in goroutines that are not the test's. Nothing
// here takes that long.
func testContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 30*time.Second)
}
