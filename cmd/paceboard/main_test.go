package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/internal/race"
	"github.com/paceboard/paceboard/internal/token"
)

// The tests of this package start the real program, as its users do.

const testSecret = "a secret of the tests, 32 bytes or more"

var (
	binary string
	common string // a folder of all tests, which is removed after the last one
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "paceboard-program-") // testservers sweeps its own prefix
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		binary, common = filepath.Join(dir, "paceboard"), dir
		args := []string{"build", "-o", binary}
		if race.Enabled {
			args = append(args, "-race")
		}
		if planted := os.Getenv(plantedProgram); planted != "" {
			binary = planted
		} else if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
			panic(fmt.Sprintf("build the program: %v\n%s", err, out))
		}
		code := m.Run()
		stopBrowser()
		if err := sharedPostgres.Close(); err != nil {
			panic(err)
		}
		return code
	}())
}

// instance is a running server.
type instance struct {
	t      *testing.T
	cmd    *exec.Cmd
	url    string
	logs   *logs
	exited chan struct{} // closed when the process has ended
}

// logs keeps what a server says, and tells when a line has come.
type logs struct {
	mu    sync.Mutex
	lines []string
	more  chan struct{} // closed and replaced at each line
}

func (l *logs) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	close(l.more)
	l.more = make(chan struct{})
}

// find returns the first line that has all words, and otherwise a channel that
// is closed when there is more to look at.
func (l *logs) find(words ...string) (string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		all := true
		for _, word := range words {
			all = all && strings.Contains(line, word)
		}
		if all {
			return line, nil
		}
	}
	return "", l.more
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// startServer runs `paceboard serve` on a data folder, or a PostgreSQL database's
// URL, and a free port, and returns when it serves.
func startServer(t *testing.T, where string, args ...string) *instance {
	t.Helper()
	return startCommand(t, []string{binary}, where, args...)
}

// startCommand is startServer by another command line than the program's alone.
func startCommand(t *testing.T, command []string, where string, args ...string) *instance {
	t.Helper()
	s := &instance{t: t, logs: &logs{more: make(chan struct{})}, exited: make(chan struct{})}
	flags, environ := splitArgs(args)
	s.cmd = exec.Command(command[0], slices.Concat(command[1:], []string{"serve", "--port", "0", "--host", "127.0.0.1"}, flags)...)
	s.cmd.Env = slices.Concat(storeSettings(where), []string{"SUPABASE_JWT_SECRET=" + testSecret, "PATH=" + os.Getenv("PATH"), "MIN_FREE_DISK=1MiB"}, environ)
	s.cmd.Dir = t.TempDir()                                              // no .env of anybody's
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // a killed test run leaves no server
	out, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	errs, err := s.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, s.cmd.Start())
	var read sync.WaitGroup
	for _, r := range []io.Reader{out, errs} {
		read.Go(func() {
			lines := bufio.NewScanner(r)
			lines.Buffer(nil, 1<<20)
			for lines.Scan() {
				s.logs.add(lines.Text())
			}
		})
	}
	go func() {
		read.Wait()
		_ = s.cmd.Wait()
		close(s.exited)
	}()
	t.Cleanup(s.kill)
	var line struct{ Address string }
	require.NoError(t, json.Unmarshal([]byte(s.waitFor(`"msg":"serving"`)), &line))
	s.url = "http://" + line.Address
	return s
}

// waitFor waits for a line with all words.
func (s *instance) waitFor(words ...string) string {
	s.t.Helper()
	deadline := time.After(60 * time.Second)
	for {
		line, more := s.logs.find(words...)
		if line != "" {
			return line
		}
		select {
		case <-more:
		case <-s.exited:
			require.FailNow(s.t, "the server ended", "while waiting for %q:\n%s", words, s.logs)
		case <-deadline:
			require.FailNow(s.t, "the server did not say it", "%q in:\n%s", words, s.logs)
		}
	}
}

// kill ends the server at once, as a power cut would end the process.
func (s *instance) kill() {
	_ = s.cmd.Process.Kill()
	<-s.exited
}

// stop ends the server in order, and checks that it says it went well.
func (s *instance) stop() {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-s.exited:
	case <-time.After(30 * time.Second):
		require.FailNow(s.t, "the server does not stop", s.logs.String())
	}
	require.Zero(s.t, s.cmd.ProcessState.ExitCode(), s.logs.String())
}

// operatorToken is a token that may do everything.
func operatorToken(t *testing.T) string {
	t.Helper()
	return tokenOf(t, "op", true)
}

func tokenOf(t *testing.T, user string, operator bool) string {
	t.Helper()
	signed, err := token.User{ID: user, Operator: operator}.Sign([]byte(testSecret))
	require.NoError(t, err)
	return signed
}

// call sends a request, and returns the status and the body.
func (s *instance) call(method, path, token, body string) (int, []byte) {
	s.t.Helper()
	status, answer, err := s.try(method, path, token, body)
	require.NoError(s.t, err)
	return status, answer
}

// try is call of an instance that may have ended, or does not listen yet.
func (s *instance) try(method, path, token, body string) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// board is a leaderboard as the API gives it.
type board struct {
	Data struct {
		Entries []struct {
			UserID   string `json:"user_id"`
			UserName string `json:"user_name"`
			Score    int64  `json:"score"`
			Rank     int    `json:"rank"`
		} `json:"entries"`
		Total   int    `json:"total_count"`
		Version uint64 `json:"version"`
		Status  string `json:"status"`
	} `json:"data"`
}

// readBoard reads the first places.
func (s *instance) readBoard(competitionID string, limit int) board {
	s.t.Helper()
	status, answer := s.call(http.MethodGet, fmt.Sprintf("/api/v1/leaderboard/%s?limit=%d", competitionID, limit), operatorToken(s.t), "")
	require.Equal(s.t, http.StatusOK, status, string(answer))
	var b board
	require.NoError(s.t, json.Unmarshal(answer, &b))
	return b
}

// createSpring creates a competition from 2016-04-12 that is still going on;
// fields are more of its JSON.
func (s *instance) createSpring(id string, fields ...string) {
	s.t.Helper()
	end := time.Now().AddDate(0, 1, 0).UTC().Format(time.RFC3339)
	status, answer := s.call(http.MethodPost, "/api/v1/competitions", operatorToken(s.t),
		fmt.Sprintf(`{"id":%q,"name":"Spring","start_date":"2016-04-12T00:00:00Z","end_date":%q%s}`,
			id, end, strings.Join(append([]string{""}, fields...), ",")))
	require.Equal(s.t, http.StatusCreated, status, string(answer))
}

// runProgram carries out a command line in this process.
func runProgram(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var outBuffer, errBuffer bytes.Buffer
	args, environ := splitArgs(args)
	p := program{out: &outBuffer, err: &errBuffer, environ: append([]string{"SUPABASE_JWT_SECRET=" + testSecret}, environ...)}
	code = p.run(t.Context(), args)
	return code, outBuffer.String(), errBuffer.String()
}

// splitArgs takes settings that are no flags, NAME=value, out of arguments.
func splitArgs(args []string) (flags, environ []string) {
	for _, arg := range args {
		if name, _, found := strings.Cut(arg, "="); found && name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == "" {
			environ = append(environ, arg)
		} else {
			flags = append(flags, arg)
		}
	}
	return flags, environ
}
