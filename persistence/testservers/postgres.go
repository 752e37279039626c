package testservers

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
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
	mu     sync.Mutex
	server *Server // nil until the first test asks for it

	templating sync.Mutex // a template must have no visitor while it is copied
	templates  map[string]bool
}

// Get is the server, started by whoever comes first.
func (p *SharedPostgres) Get(tb testing.TB) *Server {
	tb.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server == nil {
		s, err := StartPostgres()
		p.server = must(tb, s, err)
	}
	return p.server
}

// Copy is the URL of a new database on the server that is like the template of that name.
// Whoever asks for a template first makes it: fill gets the URL of an empty database, and
// leaves no connection to it.
func (p *SharedPostgres) Copy(tb testing.TB, template string, fill func(databaseURL string)) string {
	tb.Helper()
	server := p.Get(tb)
	p.templating.Lock()
	defer p.templating.Unlock()
	if !p.templates[template] {
		server.Exec(tb, server.URL(), "CREATE DATABASE "+pgx.Identifier{template}.Sanitize())
		fill(Database(server.URL(), template))
		if p.templates == nil {
			p.templates = map[string]bool{}
		}
		p.templates[template] = true
	}
	return server.NewDatabase(tb, template)
}

// Close ends the server if anybody started it.
func (p *SharedPostgres) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server == nil {
		return nil
	}
	return p.server.Close()
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
		return nil, errors.Join(err, s.Close())
	}
	<-made.ended
	select {
	case <-made.ready:
	default:
		return nil, errors.Join(fmt.Errorf("initdb: %s", made.log()), s.Close())
	}
	s.args = postgresArgs(data, settings...)
	return s.startAnywhere("-p")
}

func postgresArgs(data string, settings ...string) []string {
	args := []string{"-D", data, "-h", "127.0.0.1", "-k", ""}
	for _, setting := range append([]string{
		"fsync=on", "synchronous_commit=on", "full_page_writes=on",
		"shared_buffers=32MB", "max_connections=200", "max_wal_size=256MB", "log_min_messages=warning", "log_checkpoints=off",
	}, settings...) {
		args = append(args, "-c", setting)
	}
	return args
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
	return nil, errors.Join(err, s.Close())
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
	if err := errors.Join(err, conn.Close(context.WithoutCancel(tb.Context()))); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}
