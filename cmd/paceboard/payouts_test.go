package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestPendingPrizesAreHandedOverAcrossARestart: the provider is down while the
// prizes are distributed and the server dies; the next server hands them over.
func TestPendingPrizesAreHandedOverAcrossARestart(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, where string) {
		t.Helper()
		prepare(t, where, func(s competition.Store) { playPrizes(t, s, "spring", false) })
		down, keys := make(chan struct{}), make(chan string, 100)
		provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			select {
			case <-down:
				keys <- r.Header.Get("Idempotency-Key")
			default:
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}))
		defer provider.Close()
		args := []string{"--payout-webhook-url", provider.URL, "PAYOUT_WEBHOOK_SECRET=" + testSecret}

		s := startServer(t, where, args...)
		status, answer := s.call(http.MethodPost, "/api/v1/prizes/distribute/spring", operatorToken(t), "")
		require.Equal(t, http.StatusOK, status, string(answer))
		require.Contains(t, string(answer), `"status":"pending"`)
		s.waitFor("a prize could not be handed over and will be tried again")
		s.kill()

		close(down)
		s = startServer(t, where, args...)
		told := map[string]bool{}
		for len(told) < 3 {
			told[<-keys] = true
		}
		require.Equal(t, map[string]bool{"spring.1": true, "spring.2": true, "spring.3": true}, told)
		for _, call := range []string{"spring.1/confirm", "spring.2/confirm", "spring.3/fail"} {
			status, answer = s.call(http.MethodPost, "/api/v1/prizes/"+call, operatorToken(t), "")
			require.Equal(t, http.StatusOK, status, string(answer))
		}
		status, answer = s.call(http.MethodGet, "/api/v1/payouts", operatorToken(t), "")
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, string(answer), `"payouts":[]`)
		status, answer = s.call(http.MethodGet, "/metrics", operatorToken(t), "")
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, string(answer), "paceboard_payout_attempts_total")
		s.stop()
		code, said := runAudit(t, where)
		require.Zero(t, code, said)
	})
}
