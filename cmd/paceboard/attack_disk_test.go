package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAttackOnTheDisk has one user change the same thing to and fro, as fast as the
// rate limit allows. The journal keeps it all, so what it comes to is bounded by
// MAX_JOURNAL_USER; others go on.
func TestAttackOnTheDisk(t *testing.T) {
	inParallel(t)
	// Until the store has rewritten its log, a row that was replaced, such as a
	// list's, is on disk beside the records that are kept.
	const budget = 2 << 20
	const bound = 3*budget + 1<<20
	const most = time.Minute // on servers that never refuse it
	day := time.Now().UTC().Format(time.DateOnly)
	for _, attack := range []struct {
		name, method, path string
		request            func(i int) string
	}{
		{"values by batches", http.MethodPost, "/api/v1/fitness/sync/batch", func(i int) string {
			const items = 1_000
			var body strings.Builder
			for n := range items {
				fmt.Fprintf(&body, `,{"competition_id":"spring","date":%q,"steps":%d,"recorded_at":"%sT00:00:00.%09dZ"}`, day, 1+n%2, day, i*items+n)
			}
			return `{"syncs":[` + body.String()[1:] + "]}"
		}},
		{"descriptions by edits", http.MethodPatch, "/api/v1/competitions/anns", func(i int) string {
			return `{"description":"` + strings.Repeat([]string{"🏃", "🏊"}[i%2], 2_000) + `"}`
		}},
	} {
		t.Run(attack.name, func(t *testing.T) {
			dir := t.TempDir()
			s := startServer(t, dir, "MAX_JOURNAL_USER="+strconv.Itoa(budget)+"B")
			s.createSpring("spring")
			ann := tokenOf(t, "ann", false)
			status, answer := s.call(http.MethodPost, "/api/v1/competitions", ann, fmt.Sprintf(`{"id":"anns","name":"A","start_date":"%sT00:00:00Z","end_date":%q}`,
				day, time.Now().AddDate(0, 1, 0).UTC().Format(time.RFC3339)))
			require.Equal(t, http.StatusCreated, status, string(answer))
			ben := newCrowdClient(t, s, "ben", "watch")
			require.NoError(t, ben.sync(100))

			before, began, requests := onDisk(t, dir), time.Now(), 0
			var retry int
			for ; retry == 0 && time.Since(began) < most; requests++ {
				retry = s.changeOnce(attack.method, attack.path, ann, attack.request(requests))
			}
			took := time.Since(began)
			grown := onDisk(t, dir) - before
			t.Logf("%d requests in %v: %.1f MiB more on disk, at this rate %.1f GB a day", requests, took.Round(time.Millisecond),
				float64(grown)/(1<<20), float64(grown)/1e9*(24*time.Hour).Seconds()/took.Seconds())
			require.Positive(t, retry, "it is refused in the end")
			require.LessOrEqual(t, retry, 25*60*60)
			require.Less(t, grown, int64(bound))

			for i := range 20 {
				s.changeOnce(attack.method, attack.path, ann, attack.request(requests+i))
			}
			require.Less(t, onDisk(t, dir)-before, int64(bound), "refused changes are not kept")
			require.NoError(t, ben.sync(100), "others are taken")
			status, _ = s.call(http.MethodGet, "/api/v1/competitions/anns", ann, "")
			require.Equal(t, http.StatusOK, status, "reading goes on")
		})
	}
}

// changeOnce sends a request, waits as long as the rate limit asks for, and returns
// for how many seconds the journal's budget refuses it, or 0.
func (s *instance) changeOnce(method, path, token, body string) (retryAfter int) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	if response.StatusCode == http.StatusOK {
		return 0
	}
	require.Equal(s.t, http.StatusTooManyRequests, response.StatusCode, string(answer))
	var problem struct{ Code string }
	require.NoError(s.t, json.Unmarshal(answer, &problem))
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	require.NoError(s.t, err)
	if problem.Code == "journal_budget" {
		return seconds
	}
	require.Equal(s.t, "rate_limited", problem.Code)
	select {
	case <-time.After(time.Duration(seconds) * time.Second):
	case <-s.t.Context().Done():
	}
	return 0
}

// onDisk is how large the files of a folder are together.
func onDisk(t *testing.T, dir string) (size int64) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return nil // gone, perhaps
	}))
	return size
}
