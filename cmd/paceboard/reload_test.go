package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/internal/token"
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

// TestSecretsAreChangedWithoutARestart follows docs/operations.md: nobody is logged out while both secrets are good, and
// what the old one signed ends when it is taken away.
func TestSecretsAreChangedWithoutARestart(t *testing.T) {
	t.Parallel()
	const next, scrape, nextScrape = "the next secret, of 32 bytes or more", "the scraper's token, 32 bytes or more", "the scraper's next token, 32 or more"
	folder := t.TempDir()
	write := func(name, secret string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(secret+"\n"), 0o600))
		return path
	}
	s := startServer(t, t.TempDir(), "SUPABASE_JWT_SECRET=", "SUPABASE_JWT_SECRET_FILE="+write("current", testSecret),
		"SUPABASE_JWT_SECRET_PREVIOUS_FILE="+write("previous", testSecret), "METRICS_TOKEN_FILE="+write("metrics", scrape))
	reload := func(says ...string) {
		t.Helper()
		require.NoError(t, s.cmd.Process.Signal(syscall.SIGHUP))
		s.waitFor(says...)
	}
	signed := func(user, secret string) string {
		text, err := token.User{ID: user}.Sign([]byte(secret))
		require.NoError(t, err)
		return text
	}
	reads := func(token string) int {
		status, _ := s.call(http.MethodGet, "/api/v1/leaderboard/spring", token, "")
		return status
	}
	scrapes := func(token string) int {
		status, _ := s.call(http.MethodGet, "/metrics", token, "")
		return status
	}
	s.createSpring("spring")
	watch := func(token string) *websocket.Conn {
		conn, _, err := websocket.Dial(t.Context(), strings.Replace(s.url, "http", "ws", 1)+"/ws/leaderboard/spring?token="+token, nil) //nolint:bodyclose // the library has read it
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.CloseNow() })
		_, _, err = conn.Read(t.Context())
		require.NoError(t, err)
		return conn
	}
	old := signed("ann", testSecret)
	ends := watch(old)
	require.Equal(t, http.StatusUnauthorized, reads(signed("bo", next)))

	write("current", next)
	reload(`"changed":["SUPABASE_JWT_SECRET"]`)
	for _, token := range []string{old, signed("cy", testSecret), signed("bo", next)} {
		require.Equal(t, http.StatusOK, reads(token))
	}
	stays := watch(signed("bo", next))

	write("previous", next)
	require.Equal(t, http.StatusOK, scrapes(scrape))
	require.NoError(t, os.Chmod(write("metrics", nextScrape), 0o644))
	reload(`"changed":["SUPABASE_JWT_SECRET_PREVIOUS","METRICS_TOKEN"]`)
	s.waitFor("a secret is not well kept", filepath.Join(folder, "metrics"))
	require.Equal(t, http.StatusUnauthorized, reads(old))
	require.Equal(t, http.StatusUnauthorized, reads(signed("cy", testSecret)))
	require.Equal(t, http.StatusOK, reads(signed("bo", next)))
	require.Equal(t, http.StatusUnauthorized, scrapes(scrape))
	require.Equal(t, http.StatusOK, scrapes(nextScrape))
	var err error
	for err == nil {
		_, _, err = ends.Read(t.Context())
	}
	require.Equal(t, websocket.StatusPolicyViolation, websocket.CloseStatus(err), err)
	go func() { // which Ping needs
		for err := error(nil); err == nil; {
			_, _, err = stays.Read(t.Context())
		}
	}()
	require.NoError(t, stays.Ping(t.Context()))
	s.stop()
}

// TestDevSaysWhatANewSecretDoes to what it printed.
func TestDevSaysWhatANewSecretDoes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(testSecret), 0o600))
	s := startServer(t, t.TempDir(), "--dev", "SUPABASE_JWT_SECRET=", "SUPABASE_JWT_SECRET_FILE="+path)
	_, printed, _ := strings.Cut(strings.Fields(s.waitFor("open "))[1], "#token=")
	read := func() int {
		status, _ := s.call(http.MethodGet, "/api/v1/competitions", printed, "")
		return status
	}
	require.Equal(t, http.StatusOK, read())
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("another-", 5)), 0o600))
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGHUP))
	s.waitFor("the addresses that --dev printed", "start the server again")
	require.Equal(t, http.StatusUnauthorized, read())
}
