package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/cmd/internal/backup"
)

// syncSteps posts one report.
func (s *instance) syncSteps(id, user string, steps int) {
	s.t.Helper()
	status, answer := s.call(http.MethodPost, "/api/v1/fitness/sync", operatorToken(s.t), report{user: user, source: "watch", day: "2026-11-01", steps: int64(steps)}.body(id))
	require.Equal(s.t, http.StatusOK, status, string(answer))
}

// tagged reads a board as one that has it already, if tag is not empty.
func (s *instance) tagged(id, tag string) (status int, newTag string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+"/api/v1/leaderboard/"+id, http.NoBody)
	require.NoError(s.t, err)
	request.Header.Set("Authorization", "Bearer "+operatorToken(s.t))
	if tag != "" {
		request.Header.Set("If-None-Match", tag)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	require.NoError(s.t, response.Body.Close())
	return response.StatusCode, response.Header.Get("ETag")
}

// socketFrames connects with since, and returns the epoch and the type of the first frame about the board.
func (s *instance) socketFrames(id, since string) (epoch, first string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	url := fmt.Sprintf("%s/ws/leaderboard/%s?since=%s", strings.Replace(s.url, "http", "ws", 1), id, since)
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: []string{"bearer." + operatorToken(s.t)}}) //nolint:bodyclose // the library has read it
	require.NoError(s.t, err)
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 20)
	for {
		_, message, err := conn.Read(ctx)
		require.NoError(s.t, err)
		var f struct {
			Type string
			Data struct{ Epoch string }
		}
		require.NoError(s.t, json.Unmarshal(message, &f))
		switch f.Type {
		case "connected":
			epoch = f.Data.Epoch
		case "leaderboard_update", "score_update":
			return epoch, f.Type
		}
	}
}

// firstEvent connects with Last-Event-ID and returns the type of the first event about the board.
func (s *instance) firstEvent(id, last string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/v1/leaderboard/"+id+"/events", http.NoBody)
	require.NoError(s.t, err)
	request.Header.Set("Authorization", "Bearer "+operatorToken(s.t))
	request.Header.Set("Last-Event-ID", last)
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if kind, found := strings.CutPrefix(lines.Text(), "event: "); found && kind != "connected" && kind != "standing" {
			return kind
		}
	}
	require.FailNow(s.t, "the stream ended", lines.Err())
	return ""
}

// TestRestoredBoardsAreNotTakenForTheLostOnes: after a restore, clients that have a version of
// what was lost get the whole board, by whichever way they ask, and Redis follows.
func TestRestoredBoardsAreNotTakenForTheLostOnes(t *testing.T) {
	t.Parallel()
	dir, backups, restored := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "restored")
	r := startMirrored(t, dir)
	r.createSpring("spring")
	r.createSpring("autumn")
	for n := range 20 {
		r.syncSteps("spring", fmt.Sprintf("user-%02d", n), 100*n)
	}
	code, out, errs := runProgram(t, "backup", "--data-dir", dir, "--verify", backups)
	require.Zero(t, code, out+errs)
	require.Contains(t, out, "backed up 2 competitions, ")
	require.Contains(t, out, "nothing   is wrong")
	atBackup := r.readBoard("spring", 100)

	for n := range 9 { // the future that will be lost
		r.syncSteps("spring", "user-03", 10_000+n)
	}
	r.awaitMirrored("spring", "autumn")
	_, tag := r.tagged("spring", "")
	lost := r.readBoard("spring", 100)
	epoch, _ := r.socketFrames("spring", "0")
	has := fmt.Sprintf("%d.%s", lost.Data.Version, epoch)
	r.kill()

	code, out, errs = runProgram(t, "restore", backups, restored)
	require.Zero(t, code, out+errs)
	require.Contains(t, out, "restored  2 competitions, ")
	code, out, errs = runProgram(t, "audit", "--data-dir", restored)
	require.Zero(t, code, out+errs)
	r.instance = startServer(t, restored, "--redis-url", r.redis.URL(), "--rate-limit-user", "0")
	status, newTag := r.tagged("spring", tag)
	require.Equal(t, http.StatusOK, status)
	require.NotEqual(t, tag, newTag)
	now := r.readBoard("spring", 100)
	require.Equal(t, atBackup.Data.Entries, now.Data.Entries)
	r.awaitMirrored("spring", "autumn")

	for n := range 20 { // until the lost versions have come again
		r.syncSteps("spring", "user-07", 20_000+n)
	}
	require.Greater(t, r.readBoard("spring", 100).Data.Version, lost.Data.Version)
	status, _ = r.tagged("spring", tag)
	require.Equal(t, http.StatusOK, status)
	for _, since := range []string{has, fmt.Sprint(lost.Data.Version)} {
		newEpoch, first := r.socketFrames("spring", since)
		require.NotEqual(t, epoch, newEpoch)
		require.Equal(t, "leaderboard_update", first, since)
	}
	require.Equal(t, "leaderboard_update", r.firstEvent("spring", has))
	r.awaitMirrored("spring", "autumn")

	r.stop() // and starts again without another epoch
	epoch, _ = func() (string, string) {
		r.instance = startServer(t, restored, "--redis-url", r.redis.URL(), "--rate-limit-user", "0")
		return r.socketFrames("spring", "0")
	}()
	r.stop()
	r.instance = startServer(t, restored, "--redis-url", r.redis.URL(), "--rate-limit-user", "0")
	again, _ := r.socketFrames("spring", "0")
	require.Equal(t, epoch, again)
}

// TestBackupsAreCompleteOrRefused goes through the ways to back up and to restore, and what damage does.
func TestBackupsAreCompleteOrRefused(t *testing.T) {
	t.Parallel()
	dir, backups := t.TempDir(), filepath.Join(t.TempDir(), "backups")
	program := func(input io.Reader, args ...string) (int, string, string) {
		var out, errs strings.Builder
		p := program{in: input, out: &out, err: &errs}
		code := p.run(t.Context(), args)
		return code, out.String(), errs.String()
	}
	s := startServer(t, dir)
	s.createSpring("spring")
	for n := range 5 {
		s.syncSteps("spring", fmt.Sprintf("user-%02d", n), 100*n)
	}
	for name, args := range map[string][]string{
		"is inside DATA_DIR":       {"backup", "--data-dir", dir, filepath.Join(dir, "backups")},
		"needs a folder":           {"backup", "--data-dir", dir, "--verify", "-"},
		"name one folder":          {"backup", "--data-dir", dir},
		"there is no store in":     {"backup", "--data-dir", dir + "/nowhere", backups},
		"there is no complete":     {"restore", t.TempDir(), dir + "/new"},
		"the folder is not empty":  {"restore", "-", dir},
		"it ends before its":       {"restore", "-", filepath.Join(t.TempDir(), "new")},
		"name the backup, or - fo": {"restore", backups},
	} {
		code, _, errs := program(strings.NewReader(""), args...)
		require.Equal(t, 1, code)
		require.Contains(t, errs, name)
	}
	code, archive, errs := program(nil, "backup", "--data-dir", dir, "-")
	require.Zero(t, code, errs)
	code, out, errs := program(nil, "backup", "--data-dir", dir, backups)
	require.Zero(t, code, errs)
	require.Contains(t, out, "(0 linked)")
	want := s.readBoard("spring", 100)
	code, out, errs = program(nil, "backup", "--data-dir", dir, backups)
	require.Zero(t, code, errs)
	require.NotContains(t, out, "(0 linked)", "what is equal is linked")
	s.stop()
	code, _, errs = program(nil, "backup", "--data-dir", dir, backups)
	require.Zero(t, code, errs, "a stopped store is backed up as well")
	require.NoDirExists(t, filepath.Join(dir, "checkpoint"))

	cut, flipped := archive[:len(archive)/2], []byte(archive)
	flipped[len(flipped)/3] ^= 1
	for _, damaged := range []string{cut, string(flipped)} {
		code, _, errs = program(strings.NewReader(damaged), "restore", "-", filepath.Join(t.TempDir(), "new"))
		require.Equal(t, 1, code)
		require.Contains(t, errs, backup.ErrDamaged.Error())
	}
	for n, from := range map[int]string{0: "-", 1: backups} {
		restored := filepath.Join(t.TempDir(), "restored")
		code, _, errs = program(strings.NewReader(archive), "restore", from, restored)
		require.Zero(t, code, errs)
		if n == 1 {
			again := startServer(t, restored)
			require.Equal(t, want.Data.Entries, again.readBoard("spring", 100).Data.Entries)
			again.stop()
		}
	}
	requireEveryFileCounts(t, backups)
}

// requireEveryFileCounts damages each file of the latest backup in turn: none goes unnoticed.
func requireEveryFileCounts(t *testing.T, backups string) {
	t.Helper()
	source, err := backup.Open(backups, nil, nil)
	require.NoError(t, err)
	names := []string{"manifest.json"}
	for _, f := range source.Manifest.Files {
		names = append(names, f.Name)
	}
	for _, name := range names {
		path := filepath.Join(source.Name(), name)
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		if len(content) == 0 {
			content = []byte("x")
		}
		damaged := append([]byte(nil), content...)
		damaged[len(damaged)/2] ^= 1
		// Written as a new file: tables share theirs with the backup before.
		require.NoError(t, os.Rename(path, path+".sound"))
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		code, _, errs := runProgram(t, "restore", source.Name(), filepath.Join(t.TempDir(), "new"))
		require.Equal(t, 1, code, name)
		require.Contains(t, errs, "damaged", name)
		require.NoError(t, os.Rename(path+".sound", path))
	}
	code, _, errs := runProgram(t, "restore", source.Name(), filepath.Join(t.TempDir(), "new"))
	require.Zero(t, code, errs)
}

// TestBackupsThroughKills kills the server, or the tool that makes a backup, at some moment of a backup under
// load, again and again. Every backup that is there afterwards restores to what was acknowledged before
// it began, and audits clean. SOAK=2h kills 500 times.
func TestBackupsThroughKills(t *testing.T) {
	t.Parallel()
	kills := 3
	if soak(t) > 0 {
		kills = 500
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	dir, backups := t.TempDir(), t.TempDir()
	s := startServer(t, dir, "--rate-limit-user", "0")
	s.createSpring("spring")
	whole := time.Second // what a backup takes
	next, completed := 0, 0
	for range kills {
		ctx, stop := context.WithCancel(t.Context())
		var acknowledged int
		var mu sync.Mutex
		var writing sync.WaitGroup
		posting := s
		writing.Go(func() {
			token := operatorToken(t)
			for n := next; ctx.Err() == nil; n++ {
				body := report{user: "ann", source: "watch", day: "2026-11-01", steps: int64(n)}.body("spring")
				request, err := http.NewRequestWithContext(ctx, http.MethodPost, posting.url+"/api/v1/fitness/sync", strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				request.Header.Set("Authorization", "Bearer "+token)
				response, err := http.DefaultClient.Do(request)
				if err != nil {
					return // it was killed
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
				if response.StatusCode == http.StatusOK {
					mu.Lock()
					acknowledged = n
					mu.Unlock()
				}
			}
		})
		time.Sleep(time.Duration(random.IntN(200)) * time.Millisecond) //nolint:forbidigo // a load from outside
		mu.Lock()
		before := acknowledged
		mu.Unlock()
		tool := exec.Command(binary, "backup", backups)
		tool.Env, tool.Dir = append(storeSettings(dir), "MIN_FREE_DISK=1MiB"), t.TempDir()
		began := time.Now()
		require.NoError(t, tool.Start())
		ended := make(chan error, 1)
		go func() { ended <- tool.Wait() }()
		var failed error
		alive := true
		select {
		case <-time.After(time.Duration(random.Int64N(int64(2 * whole)))): // the moment of the kill
		case failed = <-ended:
			alive = false
			whole = time.Since(began)
		}
		server := random.IntN(2) == 0
		if server {
			s.kill()
		} else {
			_ = tool.Process.Kill()
		}
		if alive {
			failed = <-ended
		}
		stop()
		writing.Wait()
		if failed == nil {
			completed++
			requireRestores(t, backups, before)
		}
		mu.Lock()
		next = max(next, acknowledged) + 1
		mu.Unlock()
		if server {
			s = startServer(t, dir, "--rate-limit-user", "0")
		}
	}
	s.syncSteps("spring", "ann", next+1)
	code, out, errs := runProgram(t, "backup", "--data-dir", dir, "--verify", backups)
	require.Zero(t, code, out+errs)
	requireRestores(t, backups, next+1)
	require.NoError(t, filepath.WalkDir(backups, func(path string, _ fs.DirEntry, err error) error {
		require.NotContains(t, path, ".part", "what is not complete is gone")
		return err
	}))
	t.Logf("%d of %d backups were completed", completed, kills)
}

// requireRestores restores the latest backup, audits it, and finds at least these steps of ann's.
func requireRestores(t *testing.T, backups string, steps int) {
	t.Helper()
	again, restored := startRestored(t, backups)
	defer again.kill()
	b := again.readBoard("spring", 10)
	if steps > 0 {
		require.GreaterOrEqual(t, b.Data.Entries[0].Score, int64(steps), "an acknowledged sync is missing")
	}
	require.NoError(t, os.RemoveAll(restored))
}

// startRestored restores the latest backup, audits it, and starts a server on it.
func startRestored(t *testing.T, backups string) (s *instance, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "restored")
	code, out, errs := runProgram(t, "restore", backups, dir)
	require.Zero(t, code, out+errs)
	code, out, errs = runProgram(t, "audit", "--data-dir", dir)
	require.Zero(t, code, out+errs)
	return startServer(t, dir), dir
}
