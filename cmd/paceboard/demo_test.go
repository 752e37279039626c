package main

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	fitbit "github.com/paceboard/paceboard/testdata/fitbit-2016"
)

// TestDemoMovesAndSaysWhereToLook follows what the demo prints, as somebody new would.
func TestDemoMovesAndSaysWhereToLook(t *testing.T) {
	inParallel(t)
	s := startServer(t, t.TempDir(), "--dev", "--demo")
	page := strings.Fields(s.waitFor("open "))[1]
	curl := strings.Fields(strings.NewReplacer(`"`, "", "'", "").Replace(s.waitFor("read ", "curl ")))
	token, address := curl[5], curl[6]
	require.True(t, strings.HasPrefix(page, s.url), page)
	s.waitFor("allow ", "http://localhost:*")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Origin", "http://localhost:5173")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, "http://localhost:5173", response.Header.Get("Access-Control-Allow-Origin"))

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

// TestDemoHasMonthAfterMonth, in each of which everybody walks on every day what one of
// the data's people did, and the viewer, too.
func TestDemoHasMonthAfterMonth(t *testing.T) {
	reports, err := readActivity(bytes.NewReader(fitbit.HourlyCSV), "tracker")
	require.NoError(t, err)
	require.Equal(t, reports[len(reports)-1].Date, demoEnd.AddDate(0, 0, -1).Format(time.DateOnly))
	before := ""
	var leaders []string
	for month := range 4 {
		all := demoMonth(reports, month)
		require.Greater(t, all[0].Date, before, "a month begins after the one before")
		before = all[len(all)-1].Date
		require.Equal(t, before, demoEnd.AddDate(0, 0, month*demoDays-1).Format(time.DateOnly))
		totals := map[string]map[string]int64{}
		for i := range all {
			a := &all[i]
			if totals[a.UserID] == nil {
				totals[a.UserID] = map[string]int64{}
			}
			require.GreaterOrEqual(t, a.Steps, totals[a.UserID][a.Date], "a day's total does not fall")
			require.Equal(t, a.Date, a.RecordedAt[:len(a.Date)])
			totals[a.UserID][a.Date] = a.Steps
		}
		require.Len(t, totals, len(fitbit.Names)+1)
		require.NotEmpty(t, totals[demoViewer])
		leader, most := "", int64(-1)
		for user, days := range totals {
			sum := int64(0)
			for _, steps := range days {
				sum += steps
			}
			if sum > most {
				leader, most = user, sum
			}
		}
		leaders = append(leaders, leader)
	}
	slices.Sort(leaders)
	require.Len(t, slices.Compact(leaders), 4, "the lead goes from hand to hand")
}
