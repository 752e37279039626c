package main

import (
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSIGHUPReloads changes settings of a server that runs, and gives it some that cannot
// be changed or are wrong: it goes on in any case.
func TestSIGHUPReloads(t *testing.T) {
	t.Parallel()
	s := startServer(t, t.TempDir())
	file, token := filepath.Join(s.cmd.Dir, ".env"), tokenOf(t, "ann", false)
	reload := func(lines, says string) {
		t.Helper()
		require.NoError(t, os.WriteFile(file, []byte(lines), 0o600))
		require.NoError(t, s.cmd.Process.Signal(syscall.SIGHUP))
		s.waitFor(says)
	}
	reload("RATE_LIMIT_USER=7\nLOG_LEVEL=debug\n", `"changed":["RATE_LIMIT_USER","LOG_LEVEL"]`)
	require.Equal(t, "7", s.rateLimit(token))

	reload("RATE_LIMIT_USER=many\n", "nothing was changed")
	require.Equal(t, "7", s.rateLimit(token))

	reload("RATE_LIMIT_USER=0\nMAX_JOINED=3\n", `"settings":["MAX_JOINED"]`)
	require.Empty(t, s.rateLimit(token), "no limit")
	s.stop()
}

// rateLimit is how many units a second a user is told to have.
func (s *instance) rateLimit(token string) string {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+"/api/v1/competitions", http.NoBody)
	require.NoError(s.t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	require.NoError(s.t, answer.Body.Close())
	require.Equal(s.t, http.StatusOK, answer.StatusCode)
	return answer.Header.Get("RateLimit-Limit")
}
