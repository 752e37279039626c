package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestDemoMovesAndSaysWhereToLook follows what the demo prints, as somebody new would.
func TestDemoMovesAndSaysWhereToLook(t *testing.T) {
	inParallel(t)
	s := startServer(t, t.TempDir(), "--dev", "--demo")
	page := strings.Fields(s.waitFor("open "))[1]
	curl := strings.Fields(strings.NewReplacer(`"`, "", "'", "").Replace(s.waitFor("read ", "curl ")))
	token, address := curl[5], curl[6]
	require.True(t, strings.HasPrefix(page, s.url), page)

	seen := map[string]bool{}
	deadline := time.Now().Add(20 * time.Second)
	for len(seen) < 3 {
		require.True(t, time.Now().Before(deadline), "the board does not move")
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode, string(body))
		require.Contains(t, string(body), `"user_name"`)
		seen[response.Header.Get("ETag")] = true
	}
	s.stop()
}
