package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/persistence/testservers"
)

// logLine is a line of the log as far as these tests look at it.
type logLine struct {
	Time      time.Time
	Level     string
	Msg       string
	RequestID string `json:"request_id"`
	Operation string
	User      string
	Status    int
	From, To  string
}

// parsed returns all that the server has said. Each line must be one of the log, so
// nothing in it was printed by anybody else.
func (l *logs) parsed(t *testing.T) (all []logLine) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, text := range l.lines {
		var line logLine
		require.NoError(t, json.Unmarshal([]byte(text), &line), text)
		require.False(t, line.Time.IsZero(), text)
		require.NotEmpty(t, line.Msg, text)
		require.Contains(t, []string{"DEBUG", "INFO", "WARN", "ERROR"}, line.Level, text)
		all = append(all, line)
	}
	return all
}

// say sends bytes to an address, whatever comes of it.
func say(t *testing.T, address, bytes string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, bytes)
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	_, _ = io.Copy(io.Discard, conn)
}

// TestEveryLineOfAJSONLogIsJSON: of the program's libraries, too, while it starts, while
// what it needs fails, while clients and strangers send it nonsense, and while it stops.
func TestEveryLineOfAJSONLogIsJSON(t *testing.T) {
	t.Parallel()
	database, cache := testservers.Postgres(t), testservers.Redis(t)
	links, profiler := freeAddress(t), freeAddress(t)
	s := startServer(t, database.NewDatabase(t, ""), "REDIS_URL="+cache.URL(), "LOG_FORMAT=json", "LOG_LEVEL=debug", "ACCESS_LOG=1",
		"CLUSTER_LISTEN="+links, "SHUTDOWN_DELAY=0", "PPROF="+profiler, "PAYOUT_WEBHOOK_URL=http://127.0.0.1:1/", "PAYOUT_WEBHOOK_SECRET="+testSecret)
	eventuallyStatus(t, s, "/health/ready", http.StatusOK)
	s.createSpring("spring")
	ann := tokenOf(t, "ann", false)
	sync := func(steps string) int {
		status, _ := s.call(http.MethodPost, "/api/v1/fitness/sync", ann, `{"competition_id":"spring","steps":`+steps+`,"date":"2026-05-01"}`)
		return status
	}
	require.Equal(t, http.StatusOK, sync("9"))
	front := strings.TrimPrefix(s.url, "http://")
	for _, nonsense := range []string{"\x16\x03\x01\x02\x00", "GET /\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 9<<10) + "\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"} {
		for _, address := range []string{front, links, profiler} {
			say(t, address, nonsense)
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(s.cmd.Dir, ".env"), []byte("SLOW_REQUEST=many\n"), 0o600))
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGHUP))
	s.waitFor("nothing was changed")
	cache.Kill()
	database.Kill()
	require.Equal(t, http.StatusServiceUnavailable, sync("10"))
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-s.exited:
	case <-time.After(30 * time.Second):
		require.FailNow(t, "the server does not stop", s.logs.String())
	}

	lines := s.logs.parsed(t)
	of := func(msg string) (found []logLine) {
		for _, line := range lines {
			if line.Msg == msg {
				found = append(found, line)
			}
		}
		return found
	}
	require.NotEmpty(t, of("stopping, as a signal told it"))
	require.NotEmpty(t, of("a request is refused"))
	requests := of("request")
	i := slices.IndexFunc(requests, func(l logLine) bool { return l.Operation == "submitSync" && l.Status == http.StatusOK })
	require.GreaterOrEqual(t, i, 0)
	require.NotEmpty(t, requests[i].RequestID)
	require.Regexp(t, "^[0-9a-f]{16}$", requests[i].User)
	require.True(t, slices.ContainsFunc(requests, func(l logLine) bool { return l.Status == http.StatusServiceUnavailable }))
	require.True(t, slices.ContainsFunc(requests, func(l logLine) bool { return l.Operation == "none" && l.Status == http.StatusBadRequest }))

	failing := []string{"serve", "--port", strings.TrimPrefix(profiler, "127.0.0.1:"), "--host", "127.0.0.1", "DATA_DIR=" + t.TempDir(), "LOG_FORMAT=json"}
	taken, err := net.Listen("tcp", profiler)
	require.NoError(t, err)
	defer taken.Close()
	code, _, errs := runProgram(t, failing...)
	require.Equal(t, exitFailed, code)
	var last logLine
	for line := range strings.Lines(errs) {
		require.NoError(t, json.Unmarshal([]byte(line), &last), line)
	}
	require.Equal(t, "ERROR", last.Level, "the last line says what")
	require.Contains(t, errs, "set PORT or HOST")
}

// TestTheLogSaysWhatHappens: changes of status and the stop at info, and each change of
// how much is logged, at once.
func TestTheLogSaysWhatHappens(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startServer(t, dir)
	soon := time.Now().Add(2 * time.Second).UTC()
	status, answer := s.call(http.MethodPost, "/api/v1/competitions", operatorToken(t),
		`{"id":"soon","name":"Soon","start_date":"`+soon.Format(time.RFC3339)+`","end_date":"`+soon.AddDate(0, 1, 0).Format(time.RFC3339)+`"}`)
	require.Equal(t, http.StatusCreated, status, string(answer))
	s.waitFor("the competition's status changed", `"competition":"soon"`, `"from":"upcoming"`, `"to":"active"`)

	ctl := func(words ...string) {
		t.Helper()
		code, _, errs := runProgram(t, append([]string{"ctl", "--data-dir", dir}, words...)...)
		require.Equal(t, exitDone, code, errs)
	}
	get := func(id string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/health", http.NoBody)
		require.NoError(t, err)
		request.Header.Set("X-Request-Id", id)
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
	}
	get("without")
	ctl("set", "access-log", "1")
	get("with")
	s.waitFor(`"msg":"request"`, `"request_id":"with"`, `"operation":"getHealth"`)
	ctl("set", "ACCESS_LOG=0", "slow-request=1ns")
	get("slow")
	s.waitFor("a request was slow", `"request_id":"slow"`)
	ctl("set", "log-level", "error")
	get("silent")

	_, answer = s.call(http.MethodGet, "/api/v1/audit", operatorToken(t), "")
	var audit struct {
		Data struct {
			Entries []struct {
				Action    string
				Actor     string
				RequestID string `json:"request_id"`
			}
		}
	}
	require.NoError(t, json.Unmarshal(answer, &audit))
	require.Equal(t, "changeServer", audit.Data.Entries[0].Action)
	require.Equal(t, "command_line", audit.Data.Entries[0].Actor)
	require.NotEmpty(t, audit.Data.Entries[0].RequestID)
	ctl("set", "log-level=")
	s.stop()
	s.waitFor(`"msg":"stopped"`)
	for _, line := range s.logs.parsed(t) {
		require.NotContains(t, []string{"without", "silent"}, line.RequestID, "and only then")
	}
}
