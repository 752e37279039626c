package testservers

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Postgres starts a PostgreSQL server for a test. Settings are name=value, as in
// postgresql.conf.
func Postgres(tb testing.TB, settings ...string) *Server {
	tb.Helper()
	s, err := StartPostgres(settings...)
	return must(tb, s, err).attend(tb)
}

// SharedPostgres is a server for the tests of a whole package, to be started
// from its first test and closed by its TestMain.
type SharedPostgres struct {
	server atomic.Pointer[Server]
	turn   chan struct{} // capacity 1
}

// NewSharedPostgres is a server that is not started yet.
func NewSharedPostgres() *SharedPostgres { return &SharedPostgres{turn: make(chan struct{}, 1)} }

// Get is the server, started by whoever comes first.
func (p *SharedPostgres) Get(tb testing.TB) *Server {
	tb.Helper()
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	if s := p.server.Load(); s != nil {
		return s
	}
	s, err := StartPostgres()
	s = must(tb, s, err)
	p.server.Store(s)
	return s
}

// Close ends the server if anybody started it.
func (p *SharedPostgres) Close() error {
	if s := p.server.Swap(nil); s != nil {
		return s.Close()
	}
	return nil
}

// StartPostgres starts a PostgreSQL server, which the caller closes.
func StartPostgres(settings ...string) (*Server, error) {
	initdb, err := locate("initdb", "postgresql")
	if err != nil {
		return nil, err
	}
	program, err := locate("postgres", "postgresql")
	if err != nil {
		return nil, err
	}
	dir, err := newFolder()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	s := &Server{
		program: program, dir: dir, ready: "database system is ready to accept connections", stop: immediately,
		url: func(port int) string {
			return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
		},
	}
	made, err := run(initdb, []string{
		"--pgdata", data, "--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--data-checksums", "--no-sync",
	}, dir, "Success.")
	if err != nil {
		return nil, closing(s, err)
	}
	<-made.ended
	select {
	case <-made.ready:
	default:
		return nil, closing(s, fmt.Errorf("initdb: %s", made.log()))
	}
	s.args = []string{"-D", data, "-h", "127.0.0.1", "-k", ""}
	for _, setting := range append([]string{
		"fsync=on", "synchronous_commit=on", "full_page_writes=on",
		"shared_buffers=32MB", "max_connections=200", "max_wal_size=256MB", "log_min_messages=warning", "log_checkpoints=off",
	}, settings...) {
		s.args = append(s.args, "-c", setting)
	}
	return s.startAnywhere("-p")
}

// startAnywhere starts the server on a free port; flag is how it is told which.
// A port that was free may be taken a moment later, so it tries again.
func (s *Server) startAnywhere(flag string) (_ *Server, err error) {
	const tries = 3
	args := s.args
	for range tries {
		if s.Port, err = freePort(context.Background()); err != nil {
			break
		}
		s.args = slices.Concat(args, []string{flag, strconv.Itoa(s.Port)})
		if err = s.start(); err == nil {
			return s, nil
		}
	}
	return nil, closing(s, err)
}

func closing(s *Server, err error) error {
	if failure := s.Close(); failure != nil {
		return fmt.Errorf("%w; and then: %w", err, failure)
	}
	return err
}

var databases atomic.Int64

// NewDatabase makes a database on the server, a copy of another one if template
// names one, and returns its URL. It stays until the server ends.
func (s *Server) NewDatabase(tb testing.TB, template string) string {
	tb.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	sql := "CREATE DATABASE " + name
	if template != "" {
		sql += " TEMPLATE " + pgx.Identifier{template}.Sanitize()
	}
	s.Exec(tb, s.URL(), sql)
	return Database(s.URL(), name)
}

// Database is the URL of another database of the same server.
func Database(serverURL, name string) string {
	u, err := url.Parse(serverURL)
	if err != nil {
		panic(err) // It is one of ours.
	}
	u.Path = "/" + name
	return u.String()
}

// Exec runs a statement behind everybody's back.
func (*Server) Exec(tb testing.TB, databaseURL, sql string, args ...any) {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), databaseURL)
	if err != nil {
		tb.Fatal(err)
	}
	_, err = conn.Exec(tb.Context(), sql, args...)
	if closing := conn.Close(context.WithoutCancel(tb.Context())); err == nil {
		err = closing
	}
	if err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}
