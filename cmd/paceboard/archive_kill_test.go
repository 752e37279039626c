package main

import (
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/cmd/internal/archive/s3test"
	"github.com/paceboard/paceboard/competition"
)

// acks are the reports that were acknowledged: 1, 2, 3… steps of one user.
type acks struct {
	mu sync.Mutex
	at []time.Time
}

func (a *acks) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.at)
}

// before returns how many were acknowledged before a time.
func (a *acks) before(at time.Time) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n, _ := slices.BinarySearchFunc(a.at, at, time.Time.Compare)
	return n
}

// oldest returns when the first one after some was acknowledged; now if there is none.
func (a *acks) oldest(after int) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if after < len(a.at) {
		return a.at[after]
	}
	return time.Now()
}

// write posts the next reports until ctx ends or the server does not answer.
func (a *acks) write(ctx context.Context, t *testing.T, url, token string) {
	t.Helper()
	for ctx.Err() == nil {
		body := report{user: "ann", source: "watch", day: "2026-11-01", steps: int64(a.count() + 1)}.body("spring")
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v1/fitness/sync", strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK {
			a.mu.Lock()
			a.at = append(a.at, time.Now())
			a.mu.Unlock()
		}
	}
}

// archivedSteps restores what an archive has, audits it, and returns ann's steps and until when it says to be complete.
func archivedSteps(t *testing.T, keys []string) (steps int, complete time.Time) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "restored")
	defer func() { require.NoError(t, os.RemoveAll(to)) }()
	code, out, errs := runProgram(t, append([]string{"restore", to}, keys...)...)
	require.Zero(t, code, out+errs)
	if said := regexp.MustCompile(`what was acknowledged before (\S+) is there`).FindStringSubmatch(out); said != nil {
		var err error
		complete, err = time.Parse(time.RFC3339Nano, said[1])
		require.NoError(t, err)
	}
	code, out, errs = runProgram(t, "audit", "--data-dir", to)
	require.Zero(t, code, out+errs)
	s := openEmbedded(t, to)
	defer func() { require.NoError(t, s.Close()) }()
	c, err := competition.Recover(t.Context(), "spring", s, newKey, nil)
	require.NoError(t, err)
	ann, _ := c.Standing("ann")
	return int(ann.Score), complete
}

// TestArchiveThroughKills kills the server at some call to the archive, before it was carried out or
// after, again and again, while reports come in. Whatever is in the archive restores, audits clean, and has
// all that it says to have; in the end it has everything, to the last byte, and nothing was ever more than
// 10 seconds old before it was there. SOAK=2h kills 500 times.
func TestArchiveThroughKills(t *testing.T) {
	t.Parallel()
	kills, load := 6, 7*time.Second
	if soak(t) > 0 {
		kills, load = 500, 10*time.Minute
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	bucket := s3test.Start(t)
	keys := []string{"ARCHIVE=" + bucket.URL, "ARCHIVE_ACCESS_KEY=" + s3test.AccessKey, "ARCHIVE_SECRET_KEY=" + s3test.SecretKey}
	dir, token := t.TempDir(), operatorToken(t)
	var posted acks
	s := startServer(t, dir, append(keys, "--rate-limit-user", "0")...)
	s.createSpring("spring")
	for range kills {
		calls, at, done, after := 0, random.IntN(7), make(chan struct{}), random.IntN(2)
		bucket.Fail(func(string, string) int {
			if calls++; calls == at+after {
				close(done) // the process may still do a little
				if after == 0 {
					return http.StatusServiceUnavailable
				}
			}
			return 0
		})
		ctx, stop := context.WithCancel(t.Context())
		var writing sync.WaitGroup
		writing.Go(func() { posted.write(ctx, t, s.url, token) })
		select {
		case <-done:
		case <-time.After(time.Duration(random.IntN(1500)) * time.Millisecond): // between two rounds
		}
		s.kill()
		stop()
		writing.Wait()
		bucket.Fail(nil)
		created := false
		bucket.Change(func(objects map[string][]byte) { _, created = objects["spring/head.json"] })
		if created {
			steps, complete := archivedSteps(t, keys)
			require.GreaterOrEqual(t, steps, posted.before(complete), "acknowledged before %v, and missing", complete)
		}
		s = startServer(t, dir, append(keys, "--rate-limit-user", "0")...)
	}
	worst := worstLag(t, s, bucket, &posted, load)
	t.Logf("%d reports; the oldest that was not archived was %v old", posted.count(), worst)
	require.Less(t, worst, 10*time.Second)
	s.stop()
	steps, _ := archivedSteps(t, keys)
	require.GreaterOrEqual(t, steps, posted.count())
	to := filepath.Join(t.TempDir(), "restored")
	code, out, errs := runProgram(t, append([]string{"restore", to}, keys...)...)
	require.Zero(t, code, out+errs)
	require.Equal(t, exportOf(t, dir), exportOf(t, to))
}

// worstLag puts load on a server, and returns how old the oldest acknowledged report was that was not in
// the archive, at worst, as seen from the bucket.
func worstLag(t *testing.T, s *instance, bucket *s3test.Server, posted *acks, load time.Duration) (worst time.Duration) {
	t.Helper()
	began := time.Now()
	var base uint64 // where the journal ends before
	for through := (time.Time{}); !through.After(began); through, base = archived(t, bucket) {
		time.Sleep(50 * time.Millisecond) //nolint:forbidigo // the bucket tells nobody
	}
	ctx, stop := context.WithTimeout(t.Context(), load)
	defer stop()
	before := posted.count()
	var writing sync.WaitGroup
	writing.Go(func() { posted.write(ctx, t, s.url, operatorToken(t)) })
	for ctx.Err() == nil {
		_, last := archived(t, bucket)
		worst = max(worst, time.Since(posted.oldest(before+int(last-base)))) // one event for each report
		time.Sleep(50 * time.Millisecond)                                    //nolint:forbidigo // as above
	}
	writing.Wait()
	return worst
}

// archived returns until when the archive is complete, and the last seq that it has.
func archived(t *testing.T, bucket *s3test.Server) (through time.Time, last uint64) {
	t.Helper()
	bucket.Change(func(objects map[string][]byte) {
		var head struct{ Through time.Time }
		_ = json.Unmarshal(objects["spring/head.json"], &head)
		through = head.Through
		for name, content := range objects {
			line, _, _ := strings.Cut(string(content), "\n")
			var header struct{ Parts []struct{ Last uint64 } }
			if strings.HasSuffix(name, ".seg") {
				require.NoError(t, json.Unmarshal([]byte(line), &header))
			}
			for _, part := range header.Parts {
				last = max(last, part.Last)
			}
		}
	})
	return through, last
}
