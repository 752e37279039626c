package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/persistence/testservers"
)

// mirrorRig is a real server with a real Redis, and a client that looks into it.
type mirrorRig struct {
	*instance
	redis  *testservers.Server
	client *goredis.Client
}

func startMirrored(t *testing.T, where string) *mirrorRig {
	t.Helper()
	r := &mirrorRig{redis: testservers.Redis(t)}
	options, err := goredis.ParseURL(r.redis.URL())
	require.NoError(t, err)
	options.MaxRetries = 10 // its connections do not outlive the server's
	r.client = goredis.NewClient(options)
	t.Cleanup(func() { require.NoError(t, r.client.Close()) })
	r.instance = startServer(t, where, "--redis-url", r.redis.URL(), "--rate-limit-user", "0")
	return r
}

// wholeBoard is every member of a board, as the API gives it.
func (r *mirrorRig) wholeBoard(id string) map[string]float64 {
	r.t.Helper()
	members := map[string]float64{}
	for offset := 0; ; offset += 1000 {
		status, answer := r.call(http.MethodGet, fmt.Sprintf("/api/v1/leaderboard/%s?limit=1000&offset=%d", id, offset), operatorToken(r.t), "")
		require.Equal(r.t, http.StatusOK, status, string(answer))
		var b board
		require.NoError(r.t, json.Unmarshal(answer, &b))
		for _, e := range b.Data.Entries {
			members[e.UserID] = float64(e.Score)
		}
		if len(b.Data.Entries) < 1000 {
			return members
		}
	}
}

func (r *mirrorRig) sortedSet(id string) (map[string]float64, error) {
	all, err := r.client.ZRangeWithScores(r.t.Context(), "leaderboard:"+id, 0, -1).Result()
	members := map[string]float64{}
	for _, z := range all {
		members[fmt.Sprint(z.Member)] = z.Score
	}
	return members, err
}

// awaitMirrored waits until every sorted set is its board, member by member.
func (r *mirrorRig) awaitMirrored(ids ...string) time.Duration {
	r.t.Helper()
	began := time.Now()
	for _, id := range ids {
		want := r.wholeBoard(id)
		for {
			got, err := r.sortedSet(id)
			if err == nil && maps.Equal(want, got) {
				break
			}
			if time.Since(began) > 30*time.Second {
				require.NoError(r.t, err)
				require.Equal(r.t, want, got, "%s\n%s", id, r.logs)
			}
			time.Sleep(5 * time.Millisecond) //nolint:forbidigo // polling from outside, as a sibling service does
		}
	}
	return time.Since(began)
}

// awaitHealth waits until /health says a status, and returns what it says.
func (r *mirrorRig) awaitHealth(status string) string {
	r.t.Helper()
	for began := time.Now(); ; {
		code, answer := r.call(http.MethodGet, "/health", "", "")
		require.Equal(r.t, http.StatusOK, code)
		if strings.Contains(string(answer), `"status":"`+status+`"`) {
			return string(answer)
		}
		require.Less(r.t, time.Since(began), 30*time.Second, string(answer))
		time.Sleep(20 * time.Millisecond) //nolint:forbidigo // polling from outside, as a load balancer does
	}
}

// load posts syncs at a steady pace, whatever becomes of them, for a while, and
// returns the latencies, counted from when each was due. Every answer must be a
// yes.
func (r *mirrorRig) load(competitionID string, users, first int, pace time.Duration, lasting time.Duration) *hdrhistogram.Histogram {
	r.t.Helper()
	const workers = 16
	due := make(chan int, int(lasting/pace)+1)
	began := time.Now()
	latencies := hdrhistogram.New(1, time.Minute.Microseconds(), 3)
	var mu sync.Mutex
	var working sync.WaitGroup
	token := operatorToken(r.t)
	transport := &http.Transport{MaxIdleConnsPerHost: workers}
	defer transport.CloseIdleConnections()
	client := &http.Client{Timeout: 30 * time.Second, Transport: transport}
	for range workers {
		working.Go(func() {
			for n := range due {
				body := report{user: fmt.Sprintf("user-%05d", (first+n)*7919%users), source: "watch", day: "2026-11-01", steps: int64(first + n)}.body(competitionID)
				request, err := http.NewRequest(http.MethodPost, r.url+"/api/v1/fitness/sync", strings.NewReader(body))
				if err != nil {
					r.t.Error(err)
					return
				}
				request.Header.Set("Authorization", "Bearer "+token)
				response, err := client.Do(request)
				if err != nil {
					r.t.Error(err)
					return
				}
				answer, err := io.ReadAll(response.Body)
				response.Body.Close()
				took := time.Since(began.Add(time.Duration(n) * pace))
				if err != nil || response.StatusCode != http.StatusOK {
					r.t.Errorf("sync: %d %s %v", response.StatusCode, answer, err)
					return
				}
				mu.Lock()
				err = latencies.RecordValue(max(took.Microseconds(), 1))
				mu.Unlock()
				if err != nil {
					r.t.Error(err)
				}
			}
		})
	}
	for n := range int(lasting / pace) {
		time.Sleep(time.Until(began.Add(time.Duration(n) * pace))) //nolint:forbidigo // the pace of an open-loop load
		due <- n
	}
	close(due)
	working.Wait()
	return latencies
}

// TestMirrorUnderLoad kills, empties, rewinds and freezes Redis while syncs come
// in: nobody who syncs may notice, and in the end Redis has every board.
func TestMirrorUnderLoad(t *testing.T) {
	const users, pace, lasting = 1500, 2500 * time.Microsecond, 1500 * time.Millisecond
	r := startMirrored(t, t.TempDir())
	ids := []string{"live", "still"}
	for _, id := range ids {
		r.createSpring(id)
		fillByBatches(t, r.instance, id, users)
	}
	r.awaitMirrored(ids...)
	ctx := t.Context()

	sent := 0
	var harmed, healthy []float64 // 99th percentiles, in milliseconds
	phase := func(name string, during func()) {
		t.Helper()
		done := make(chan struct{})
		go func() { // a third into the phase
			defer close(done)
			if during != nil {
				select {
				case <-time.After(lasting / 3):
					during()
				case <-ctx.Done():
				}
			}
		}()
		h := r.load("live", users, 1000+sent, pace, lasting)
		<-done
		sent += int(lasting / pace)
		t.Logf("%-25s p50 %6.2f ms, p99 %6.2f ms, max %6.2f ms", name, ms(h, 50), ms(h, 99), float64(h.Max())/1000)
		if name == "healthy" {
			healthy = append(healthy, ms(h, 99))
		} else {
			harmed = append(harmed, ms(h, 99))
		}
	}
	inStep := func() {
		t.Helper()
		t.Logf("in step again after %v", r.awaitMirrored(ids...))
		phase("healthy", nil)
	}

	messages := r.client.Subscribe(ctx, "leaderboard:live")
	defer messages.Close()
	_, err := messages.Receive(ctx)
	require.NoError(t, err)
	phase("(warming up)", nil)
	harmed = nil
	phase("healthy", nil)
	r.awaitMirrored(ids...)
	requireMessages(t, r, messages)

	phase("killed", r.redis.Kill)
	phase("gone", nil)
	require.Contains(t, r.awaitHealth("degraded"), `"degraded":["redis"]`)
	status, _ := r.call(http.MethodGet, "/health/ready", "", "")
	require.Equal(t, http.StatusOK, status, "syncs are taken")
	_, detailed := r.call(http.MethodGet, "/health/detailed", operatorToken(t), "")
	require.Regexp(t, `"name":"redis","healthy":false,"detail":"[^}]+,"latency_ms":[0-9.]+,"lag_ms":[1-9]`, string(detailed))
	phase("restarted empty", func() { r.redis.Restart(t) })
	inStep()
	r.awaitHealth("healthy")

	phase("flushed", func() { require.NoError(t, r.client.FlushAll(ctx).Err()) })
	inStep()

	require.NoError(t, r.client.Save(ctx).Err())
	phase("restarted, older data", func() { r.redis.Restart(t) })
	inStep()

	phase("frozen", r.redis.Stop)
	phase("still frozen", nil)
	require.Contains(t, r.awaitHealth("degraded"), `"degraded":["redis"]`)
	phase("going on", r.redis.Continue)
	inStep()

	// An idle board that was emptied is found out about, too.
	require.NoError(t, r.client.FlushAll(ctx).Err())
	t.Logf("idle and flushed: in step again after %v", r.awaitMirrored(ids...))
	r.awaitHealth("healthy")
	r.stop()

	t.Logf("99th percentile, Redis healthy: median %.2f, worst %.2f ms; otherwise: median %.2f, worst %.2f ms; medians' ratio %.2f",
		median(healthy), slices.Max(healthy), median(harmed), slices.Max(harmed), median(harmed)/median(healthy))
	// Syncs that waited for Redis would wait 2 s each; what a busy machine does,
	// with the race detector too, stays below this.
	require.Less(t, slices.Max(harmed), max(1.5*slices.Max(healthy), 1500))
}

func median(all []float64) float64 {
	return slices.Sorted(slices.Values(all))[len(all)/2]
}

func ms(h *hdrhistogram.Histogram, percentile float64) float64 {
	return float64(h.ValueAtQuantile(percentile)) / 1000
}

// fillByBatches gives every user a first score.
func fillByBatches(t *testing.T, s *instance, id string, users int) {
	t.Helper()
	const size = 1000
	for first := 0; first < users; first += size {
		var items []string
		for n := first; n < min(first+size, users); n++ {
			items = append(items, report{user: fmt.Sprintf("user-%05d", n), source: "watch", day: "2026-11-01", steps: int64(n % 100)}.body(id))
		}
		status, answer := s.call(http.MethodPost, "/api/v1/fitness/sync/batch", operatorToken(t), `{"syncs":[`+strings.Join(items, ",")+`]}`)
		require.Equal(t, http.StatusOK, status)
		require.NotContains(t, string(answer), `"code"`)
	}
}

// requireMessages reads what a subscriber of the channel got: the last message
// of each user is the user's place on the board.
func requireMessages(t *testing.T, r *mirrorRig, messages *goredis.PubSub) {
	t.Helper()
	board := r.wholeBoard("live")
	last := map[string]float64{}
	count := 0
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		m, err := messages.ReceiveMessage(ctx)
		cancel()
		if err != nil { // that was all
			break
		}
		var f struct {
			Type          string
			CompetitionID string `json:"competition_id"`
			UserID        string `json:"user_id"`
			Score         float64
			Rank          int
			Timestamp     time.Time
		}
		require.NoError(t, json.Unmarshal([]byte(m.Payload), &f))
		require.Equal(t, "score_update", f.Type)
		require.Equal(t, "live", f.CompetitionID)
		require.Positive(t, f.Rank)
		require.LessOrEqual(t, f.Rank, len(board))
		require.WithinDuration(t, time.Now(), f.Timestamp, time.Minute)
		require.GreaterOrEqual(t, f.Score, last[f.UserID], "scores only grow here")
		last[f.UserID] = f.Score
		count++
	}
	require.Greater(t, len(last), 100)
	for user, score := range last {
		require.InDelta(t, board[user], score, 0, user)
	}
	t.Logf("%d messages of %d users", count, len(last))
}

func TestMirrorVerifyAndRebuild(t *testing.T) {
	inParallel(t)
	dir := t.TempDir()
	r := startMirrored(t, dir)
	for _, id := range []string{"one", "two"} {
		r.createSpring(id)
		fillByBatches(t, r.instance, id, 1500)
	}
	status, answer := r.call(http.MethodDelete, "/api/v1/competitions/two/join", tokenOf(t, "user-00007", false), "")
	require.Equal(t, http.StatusOK, status, string(answer))
	r.awaitMirrored("one", "two")
	command := func(what string) (int, string, string) {
		return runProgram(t, "mirror", what, "--data-dir", dir, "--redis-url", r.redis.URL())
	}
	code, _, errs := command("verify")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "another paceboard uses this DATA_DIR")
	r.stop()

	code, out, errs := command("verify")
	require.Zero(t, code, out+errs)
	require.Contains(t, out, "2 boards with 2999 members compared")
	ctx := t.Context()
	require.NoError(t, r.client.ZRem(ctx, "leaderboard:two", "user-00001").Err())
	require.NoError(t, r.client.ZAdd(ctx, "leaderboard:two", goredis.Z{Score: 9, Member: "user-00007"}, goredis.Z{Score: 77, Member: "user-00002"}).Err())
	code, out, errs = command("verify")
	require.Equal(t, 1, code)
	require.Contains(t, out, `"two": 3 members differ
  "user-00001": board 1, Redis not in it
  "user-00002": board 2, Redis 77
  "user-00007": board not on it, Redis 9
2 boards with 1500 members compared`)
	require.Contains(t, errs, "paceboard mirror rebuild")
	code, out, errs = command("rebuild")
	require.Zero(t, code, out+errs)
	require.Contains(t, out, "2 boards with 2999 members rewritten")
	code, out, _ = command("verify")
	require.Zero(t, code, out)

	// The next server finds nothing to do; it stays so.
	s := startServer(t, dir, "--redis-url", r.redis.URL())
	r.instance = s
	r.awaitMirrored("one", "two")
	r.stop()
	require.NotContains(t, s.logs.String(), "rewritten in the mirror")

	require.NoError(t, r.client.FlushAll(ctx).Err())
	code, out, _ = command("verify")
	require.Equal(t, 1, code)
	require.Contains(t, out, "and 1480 more")
}

// On PostgreSQL the commands may run beside a server, even one that writes.
func TestMirrorCommandsBesideAServer(t *testing.T) {
	inParallel(t)
	where := newDatabase(t)
	r := startMirrored(t, where)
	r.createSpring("live")
	fillByBatches(t, r.instance, "live", 1500)
	var posting sync.WaitGroup
	posting.Go(func() { r.load("live", 1500, 1000, 5*time.Millisecond, 3*time.Second) })
	for _, what := range []string{"rebuild", "rebuild", "rebuild"} {
		code, out, errs := runProgram(t, "mirror", what, "DATABASE_URL="+where, "--redis-url", r.redis.URL())
		require.Zero(t, code, out+errs)
	}
	posting.Wait()
	r.awaitMirrored("live")
	code, out, errs := runProgram(t, "mirror", "verify", "DATABASE_URL="+where, "--redis-url", r.redis.URL())
	require.Zero(t, code, out+errs)
	r.stop()
}

func TestMirrorSettings(t *testing.T) {
	inParallel(t)
	t.Run("a URL that cannot be used is an error that says what to do", func(t *testing.T) {
		code, _, errs := runProgram(t, "serve", "--data-dir", t.TempDir(), "REDIS_URL=redis://:hidden@localhost/zero")
		require.Equal(t, 1, code)
		require.Contains(t, errs, "REDIS_URL")
		require.Contains(t, errs, "redis://:password@host:6379/0")
		require.NotContains(t, errs, "hidden")
	})
	t.Run("a Redis that cannot be reached is a warning", func(t *testing.T) {
		s := startServer(t, t.TempDir(), "--redis-url", "redis://127.0.0.1:1/0")
		s.waitFor("WARN", "the mirror cannot be written")
		s.createSpring("spring")
		s.stop()
		require.Equal(t, 1, strings.Count(s.logs.String(), "the mirror cannot be written"), "once, not at each attempt")
	})
	t.Run("the command says what it needs", func(t *testing.T) {
		code, _, errs := runProgram(t, "mirror", "verify", "--data-dir", t.TempDir())
		require.Equal(t, exitMisused, code)
		require.Contains(t, errs, "REDIS_URL")
		url := testservers.Redis(t).URL()
		_, _, errs = runProgram(t, "mirror", "mend", "--redis-url", url)
		require.Contains(t, errs, "verify or rebuild")
		nowhere := t.TempDir() + "/nothing"
		_, _, errs = runProgram(t, "mirror", "verify", "--redis-url", url, "--data-dir", nowhere)
		require.Contains(t, errs, "there is no store in")
		_, err := os.Stat(nowhere)
		require.ErrorIs(t, err, os.ErrNotExist)
		_, _, errs = runProgram(t, "mirror", "verify", "--redis-url", "redis://127.0.0.1:1/0")
		require.Contains(t, errs, "is Redis running")
	})
}
