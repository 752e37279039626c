package main

import (
	"encoding/base64"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCursorsThatNobodyWasGiven: whatever a cursor names, and whatever numbers stand
// beside it, is answered or refused, and nothing inside the server fails of it.
func TestCursorsThatNobodyWasGiven(t *testing.T) {
	inParallel(t)
	s := startServer(t, t.TempDir(), "--rate-limit-user", "0")
	s.createSpring("calm")
	token := operatorToken(t)
	for _, step := range [][2]string{
		{"/api/v1/competitions/calm/join", `{"user_id":"ann"}`},
		{"/api/v1/competitions/calm/invitations", `{"user_ids":["bob"]}`},
		{"/api/v1/fitness/sync", `{"user_id":"ann","competition_id":"calm","date":"2026-11-01","steps":5000}`},
	} {
		status, answer := s.call(http.MethodPost, step[0], token, step[1])
		require.Equal(t, http.StatusOK, status, string(answer))
	}
	numbers := []string{"0", "1"}
	for _, bits := range []int{15, 16, 31, 32, 47, 48, 62, 63, 64} {
		most := uint64(math.MaxUint64) >> (64 - bits)
		numbers = append(numbers, fmt.Sprint(most-1), fmt.Sprint(most))
	}
	const nobody = "0198b7a2-7c51-7d33-9d24-000000000001"
	texts := append([]string{"calm", "zzz", nobody, "calm." + nobody, strings.Repeat("z", 64), strings.Repeat("z", 65)}, numbers...)
	for _, n := range numbers {
		texts = append(texts, n+".calm", "calm."+n, n+".calm.1.0", "1.calm."+n+".0", "1.calm.1."+n)
	}
	asked := map[int]int{}
	ask := func(target string) {
		status, answer := s.call(http.MethodGet, target, token, "")
		require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, status, "%s: %s", target, answer)
		asked[status]++
	}
	for path, letter := range map[string]string{
		"/api/v1/competitions?": "l", "/api/v1/competitions/calm/participants?": "p", "/api/v1/competitions/calm/invitations?": "i",
		"/api/v1/competitions/calm/flags?": "f", "/api/v1/competitions/calm/participants/ann/explanation?": "d",
		"/api/v1/fitness/stats/ann?": "d", "/api/v1/fitness/stats/ann?competition_id=calm&": "d",
		"/api/v1/users/ann/competitions?": "c", "/api/v1/users/bob/invitations?": "i", "/api/v1/users/ann/transactions?": "t",
		"/api/v1/prizes/history/ann?": "z", "/api/v1/payouts?": "y", "/api/v1/audit?": "o",
	} {
		taken := asked[http.StatusOK]
		for _, text := range texts {
			ask(path + "cursor=" + base64.RawURLEncoding.EncodeToString([]byte(letter+text)))
		}
		require.Greater(t, asked[http.StatusOK], taken, "%s takes cursors with this letter", path)
	}
	for _, n := range numbers {
		for _, query := range []string{"limit=" + n, "offset=" + n, "limit=1000&offset=" + n, "around=ann&radius=" + n} {
			ask("/api/v1/leaderboard/calm?" + query)
		}
	}
	require.Greater(t, asked[http.StatusBadRequest], 100)
	line, _ := s.logs.find("panic")
	require.Empty(t, line)
	s.stop()
}
