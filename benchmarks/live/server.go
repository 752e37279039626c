package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	secret        = "a secret of the load harness, 32 bytes" // the server lives as long as the measurement
	competitionID = "live"
	clockTick     = 10 * time.Millisecond // of /proc/<pid>/stat on Linux
)

// server is the real program in a process of its own.
type server struct {
	cmd     *exec.Cmd
	dir     string // of its binary and data
	address string
}

// startServer builds the program, and returns when it serves.
func startServer(ctx context.Context, pprof string) (s *server, err error) {
	s = &server{}
	if s.dir, err = os.MkdirTemp("", "paceboard-live-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	binary := filepath.Join(s.dir, "paceboard")
	if out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "./cmd/paceboard").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the server (from the root of the module): %w\n%s", err, out)
	}
	args := []string{"serve", "--host", "127.0.0.1", "--port", "0", "--data-dir", filepath.Join(s.dir, "data"), "--log-format", "json"}
	if pprof != "" {
		args = append(args, "--pprof", pprof)
	}
	s.cmd = exec.Command(binary, args...) //nolint:noctx // stop ends it
	s.cmd.Dir = s.dir
	s.cmd.Env = []string{"SUPABASE_JWT_SECRET=" + secret, "MIN_FREE_DISK=1MiB"}
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	logs, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(logs)
	for lines.Scan() {
		var line struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
			s.address = line.Address
			go io.Copy(os.Stderr, logs) //nolint:errcheck // ends with the server
			return s, nil
		}
	}
	return nil, errors.New("the server ended before it served")
}

// stop ends the server and removes what it wrote.
func (s *server) stop() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
	_ = os.RemoveAll(s.dir)
}

// usage is what the server has used up.
type usage struct {
	cpu    time.Duration
	rss    int64 // bytes
	kernel int64 // bytes of TCP buffers, of the whole machine
}

// usage reads /proc; a field that cannot be read stays 0.
func (s *server) usage() (u usage) {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	_, rest, _ := bytes.Cut(stat, []byte(") ")) // the name may hold blanks
	if fields := strings.Fields(string(rest)); len(fields) > 21 {
		user, _ := strconv.ParseInt(fields[11], 10, 64)
		system, _ := strconv.ParseInt(fields[12], 10, 64)
		pages, _ := strconv.ParseInt(fields[21], 10, 64)
		u.cpu = time.Duration(user+system) * clockTick
		u.rss = pages * int64(os.Getpagesize())
	}
	sockets, _ := os.ReadFile("/proc/net/sockstat")
	if _, rest, ok := bytes.Cut(sockets, []byte(" mem ")); ok {
		pages, _ := strconv.ParseInt(strings.Fields(string(rest))[0], 10, 64)
		u.kernel = pages * int64(os.Getpagesize())
	}
	return u
}

// token is good for longer than any measurement.
func token(user string, operator bool) (string, error) {
	claims := jwt.MapClaims{"sub": user, "aud": "authenticated", "role": "authenticated", "exp": time.Now().Add(time.Hour).Unix()}
	if operator {
		claims["app_metadata"] = map[string]any{"role": "operator"}
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
}

// post sends JSON and wants a status.
func (s *server) post(ctx context.Context, client *http.Client, path, bearer string, body []byte, want int) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.address+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+bearer)
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != want || bytes.Contains(answer, []byte(`"code"`)) {
		return fmt.Errorf("%s: %d %.300s", path, response.StatusCode, answer)
	}
	return nil
}
