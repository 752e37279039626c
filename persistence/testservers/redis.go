package testservers

import (
	"fmt"
	"testing"
)

// Redis starts a Redis server for a test. It keeps its data in memory alone, so
// that a Restart finds it empty.
func Redis(tb testing.TB) *Server {
	tb.Helper()
	s, err := StartRedis()
	return must(tb, s, err).attend(tb)
}

// StartRedis starts a Redis server, which the caller closes.
func StartRedis() (*Server, error) { return startRedis() }

func startRedis(arguments ...string) (*Server, error) {
	program, err := locate("redis-server", "redis-server")
	if err != nil {
		return nil, err
	}
	dir, err := newFolder()
	if err != nil {
		return nil, err
	}
	s := &Server{
		program: program, dir: dir, ready: "Ready to accept connections", stop: immediately,
		args: append([]string{"--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no", "--daemonize", "no"}, arguments...),
		url:  func(port int) string { return fmt.Sprintf("redis://127.0.0.1:%d/0", port) },
	}
	return s.startAnywhere("--port")
}
