package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

const competitionID = "live"

// server is the real program in a process of its own.
type server struct {
	*measure.Process
	dir string // of its binary and data
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
	if err := measure.Build(ctx, s.dir, "./cmd/paceboard"); err != nil {
		return nil, err
	}
	args := []string{"serve", "--host", "127.0.0.1", "--port", "0", "--data-dir", filepath.Join(s.dir, "data"), "--log-format", "json"}
	if pprof != "" {
		args = append(args, "--pprof", pprof)
	}
	env := []string{"SUPABASE_JWT_SECRET=" + measure.Secret, "MIN_FREE_DISK=1MiB"}
	s.Process, err = measure.Start(ctx, s.dir, env, os.Stderr, filepath.Join(s.dir, "paceboard"), args...)
	return s, err
}

// stop ends the server and removes what it wrote.
func (s *server) stop() {
	if s.Process != nil {
		s.Stop()
	}
	_ = os.RemoveAll(s.dir)
}

// usage is what the server has used up.
type usage struct {
	measure.Usage
	kernel int64 // bytes of TCP buffers, of the whole machine
}

func (s *server) usage() usage { return usage{s.Usage(), measure.KernelTCP()} }
