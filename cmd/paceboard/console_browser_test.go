package main

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestBrowserRunsACompetitionInTheConsole has web/test/console.mjs drive the console of a
// real server with a real browser: a creator makes a competition and invites, an operator
// excludes, restores, corrects, decides about a flagged day, distributes the prizes, which
// a third person sees, and looks after keys, webhooks, prizes that wait to be paid,
// erasures and health. In every state axe finds
// nothing, the browser reports nothing, and no other host is called.
func TestBrowserRunsACompetitionInTheConsole(t *testing.T) {
	inParallel(t)
	findChromium(t)
	dir := webModule(t)
	where := t.TempDir()
	prepare(t, where, func(s competition.Store) {
		for _, id := range []string{"relay-a", "relay-b", "relay-c"} {
			playPending(t, s, id)
		}
	})
	s := startServer(t, where)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	script := exec.CommandContext(ctx, "node", "test/console.mjs")
	script.Dir = dir
	script.Env = append(os.Environ(), "PACEBOARD_URL="+s.url, "OPERATOR_TOKEN="+operatorToken(t),
		"CREATOR_TOKEN="+tokenOf(t, "maker", false), "VIEWER_TOKEN="+tokenOf(t, "stranger", false),
		"SHOTS="+os.Getenv("ARTIFACTS"), "BROWSER_PATIENCE=3")
	script.WaitDelay = time.Second
	said, err := script.CombinedOutput()
	require.NoError(t, err, "%s", said)
	s.stop()
}
