package testservers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is a server that a test started. Its methods are safe for concurrent
// use; those that change its state take turns.
type Server struct {
	Port int

	program string   // path of the executable
	args    []string // of the program, without the port
	ready   string   // the log line that says so has this in it
	dir     string   // everything it writes
	stop    os.Signal
	url     func(port int) string

	mu      sync.Mutex
	running *process // nil when it is down
}

// startTimeout is how long a server may take to be ready, on a busy machine.
const startTimeout = time.Minute

// URL is how clients reach the server.
func (s *Server) URL() string { return s.url(s.Port) }

// start runs the program until it says that it is ready.
func (s *Server) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	p, err := run(s.program, s.args, s.dir, s.ready)
	if err != nil {
		return err
	}
	select {
	case <-p.ready:
		s.running = p
		return nil
	case <-p.ended:
		return fmt.Errorf("%s ended at once: %s", filepath.Base(s.program), p.log())
	case <-ctx.Done():
		p.kill()
		return fmt.Errorf("%s was not ready in time: %s", filepath.Base(s.program), p.log())
	}
}

// Pid is the id of the server's first process, the parent of its others; 0 when it is
// down.
func (s *Server) Pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return 0
	}
	return s.running.pid
}

// Kill ends the server and all processes of its at once, as kill -9 does. What
// it had told the operating system to write stays.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		s.running.kill()
		s.running = nil
	}
}

// Restart starts a server that was killed, with its data, where it was before;
// one that runs is killed first.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	s.Kill()
	if err := s.start(); err != nil {
		tb.Fatal(err)
	}
}

// Stop freezes the server: it neither reads nor answers, and its connections
// stay open. Continue lets it go on.
func (s *Server) Stop() { s.signalAll(true) }

// Continue ends what Stop began.
func (s *Server) Continue() { s.signalAll(false) }

func (s *Server) signalAll(freeze bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		s.running.freeze(freeze)
	}
}

// Close ends the server and removes what it wrote.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		s.running.end(s.stop)
		s.running = nil
	}
	return os.RemoveAll(s.dir)
}

// Log is the end of what the server wrote to its log.
func (s *Server) Log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return "(the server is down)"
	}
	return s.running.log()
}

// attend gives the server to a test: it ends with it.
func (s *Server) attend(tb testing.TB) *Server {
	tb.Helper()
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("log of %s:\n%s", filepath.Base(s.program), s.Log())
		}
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// errMissing is given when there is no such server on this machine.
var errMissing = errors.New("not installed, and it cannot be installed")

// must skips the test where a server is missing, or fails it in CI.
func must(tb testing.TB, s *Server, err error) *Server {
	tb.Helper()
	switch {
	case err == nil:
		return s
	case errors.Is(err, errMissing) && os.Getenv("CI") != "true":
		tb.Skipf("NOT TESTED: %v", err)
	default:
		tb.Fatal(err)
	}
	return nil
}

const folderPrefix = "paceboard-test-"

// newFolder makes a folder that the server's user owns, and sweeps away those
// that killed test runs left behind.
func newFolder() (string, error) {
	sweep()
	// A test's own TempDir may not be entered by anybody but its user.
	dir, err := os.MkdirTemp("", folderPrefix+strconv.Itoa(os.Getpid())+"-*")
	if err != nil {
		return "", err
	}
	return dir, handOver(dir)
}

// HandOver gives a folder to the user whom the servers run as.
func HandOver(tb testing.TB, dir string) {
	tb.Helper()
	if err := handOver(dir); err != nil {
		tb.Fatal(err)
	}
}

func sweep() {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), folderPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range left {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), folderPrefix), "-")
		if pid, err := strconv.Atoi(owner); err == nil && !alive(pid) {
			_ = os.RemoveAll(dir) // The next run tries again.
		}
	}
}

// freePort is a port that nobody listened on a moment ago.
func freePort(ctx context.Context) (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return port, listener.Close()
}
