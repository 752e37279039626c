package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/persistence/testservers"
)

// TestConfirmedReads: with CLUSTER_READS=confirmed, nothing is answered from memory
// without PostgreSQL, whatever the lease says; what readers share a question costs.
func TestConfirmedReads(t *testing.T) {
	t.Parallel()
	server := testservers.Postgres(t)
	t.Cleanup(server.Continue)
	long := []string{"CLUSTER_LEASE=30s", "--request-timeout", "1s", "--rate-limit-user", "0"}
	start := func(reads string) (s *instance, status func() int) {
		s = startNode(t, server.NewDatabase(t, ""), slices.Concat(long, []string{"CLUSTER_READS=" + reads})...)
		s.createSpring("spring")
		token := operatorToken(t)
		return s, func() int {
			status, _ := s.call(http.MethodGet, "/api/v1/leaderboard/spring?limit=10", token, "")
			return status
		}
	}
	leased, leasedStatus := start("lease")
	confirmed, confirmedStatus := start("confirmed")
	require.Equal(t, http.StatusOK, leasedStatus())
	require.Equal(t, http.StatusOK, confirmedStatus())

	each := 50
	if os.Getenv("SOAK") != "" {
		each = 20_000
	}
	const readers = 32
	token := operatorToken(t)
	questions := func(s *instance) float64 { return metric(t, s, "paceboard_cluster_confirmations_total") }
	before := []float64{questions(leased), questions(confirmed)}
	for _, s := range []*instance{leased, confirmed} {
		times := make([][]time.Duration, readers)
		var running sync.WaitGroup
		for r := range readers {
			client := &http.Client{Transport: &http.Transport{}}
			t.Cleanup(client.CloseIdleConnections)
			running.Go(func() {
				for range each {
					began := time.Now()
					if err := askOnce(client, http.MethodGet, s.url+"/api/v1/leaderboard/spring?limit=10", token, ""); err != nil {
						t.Error(err)
						return
					}
					times[r] = append(times[r], time.Since(began))
				}
			})
		}
		running.Wait()
		all := slices.Sorted(slices.Values(slices.Concat(times...)))
		t.Logf("%d reads by %d readers: median %v, p99 %v", len(all), readers, all[len(all)/2], all[len(all)*99/100])
	}
	asked := 0.0 // metrics are gathered once a second
	require.Eventually(t, func() bool { asked = questions(confirmed) - before[1]; return asked > 0 }, 5*time.Second, 50*time.Millisecond)
	t.Logf("%.0f questions", asked)
	require.Less(t, asked, float64(readers*each)/2, "readers share them")

	server.Stop() // it hangs
	require.Equal(t, http.StatusOK, leasedStatus(), "under its lease")
	require.Equal(t, http.StatusServiceUnavailable, confirmedStatus())
	server.Continue()
	deadline := time.Now().Add(20 * time.Second)
	for confirmedStatus() != http.StatusOK {
		require.True(t, time.Now().Before(deadline), fmt.Sprint(confirmed.logs))
	}
	require.Zero(t, questions(leased)-before[0], "nothing is asked under a lease")
}

// askOnce sends a request, with JSON if there is a body, that must succeed.
func askOnce(client *http.Client, method, url, token, body string) error {
	request, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	answer, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, answer)
	}
	return err
}

// metric returns the sum of a metric's series.
func metric(t *testing.T, s *instance, name string) (sum float64) {
	t.Helper()
	status, text := s.call(http.MethodGet, "/metrics", operatorToken(t), "")
	require.Equal(t, http.StatusOK, status)
	found := false
	for line := range strings.Lines(string(text)) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if series == name || strings.HasPrefix(series, name+"{") {
			n, err := strconv.ParseFloat(value, 64)
			require.NoError(t, err, line)
			sum, found = sum+n, true
		}
	}
	require.True(t, found, "there is no metric %s", name)
	return sum
}
