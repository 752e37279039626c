package main

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestBrowserShowsEveryState has web/test/shots.mjs look at every state of the list, of
// boards, and of boards by a link, with data that comes late: axe finds nothing, the
// browser reports nothing, nothing is wider than its screen, and nothing shifts. The
// pictures are kept in $ARTIFACTS.
func TestBrowserShowsEveryState(t *testing.T) {
	inParallel(t)
	findChromium(t)
	dir := webModule(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	script := exec.CommandContext(ctx, "node", "test/shots.mjs", cmp.Or(os.Getenv("ARTIFACTS"), t.TempDir()))
	script.Dir = dir
	script.Env = append(os.Environ(), "LOOKS=few", "BROWSER_PATIENCE=3")
	script.WaitDelay = time.Second
	said, err := script.CombinedOutput()
	require.NoError(t, err, "%s", said)
	t.Logf("%s", said)
}
