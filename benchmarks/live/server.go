package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
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
	if s.dir, err = measure.TempDir("live"); err != nil {
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

// post sends JSON and wants a status.
func (s *server) post(ctx context.Context, client *http.Client, path, bearer string, body []byte, want int) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.Address+path, bytes.NewReader(body))
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
