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
	r := s.get("/api/v1/competitions", token)
	require.Equal(t, http.StatusOK, r.StatusCode)
	require.Equal(t, "7", r.Header.Get("RateLimit-Limit"))

	reload("RATE_LIMIT_USER=many\n", "nothing was changed")
	require.Equal(t, "7", s.get("/api/v1/competitions", token).Header.Get("RateLimit-Limit"))

	reload("RATE_LIMIT_USER=0\nMAX_JOINED=3\n", `"settings":["MAX_JOINED"]`)
	require.Empty(t, s.get("/api/v1/competitions", token).Header.Get("RateLimit-Limit"), "no limit")
	s.stop()
}

// get sends a GET, whose body is read and forgotten.
func (s *instance) get(path, token string) *http.Response {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, http.NoBody)
	require.NoError(s.t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	require.NoError(s.t, answer.Body.Close())
	return answer
}
