package testservers

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Standby starts a PostgreSQL server that follows another one over a stream, with
// the same data from now on; name is what the primary's synchronous_standby_names
// calls it. It takes reads, until it is promoted.
func (s *Server) Standby(tb testing.TB, name string) *Server {
	tb.Helper()
	standby, err := s.startStandby(name)
	return must(tb, standby, err).attend(tb)
}

func (s *Server) startStandby(name string) (*Server, error) {
	program, err := locate("pg_basebackup", "postgresql")
	if err != nil {
		return nil, err
	}
	dir, err := newFolder()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	copied, err := run(program, []string{
		"--pgdata", data, "--dbname", fmt.Sprintf("host=127.0.0.1 port=%d user=postgres application_name=%s", s.Port, name),
		"--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--verbose",
	}, dir, "base backup completed")
	if err != nil {
		return nil, err
	}
	<-copied.ended
	select {
	case <-copied.ready:
	default:
		return nil, fmt.Errorf("pg_basebackup: %s", copied.log())
	}
	standby := &Server{
		program: s.program, dir: dir, ready: "database system is ready to accept", stop: s.stop, url: s.url,
		args: postgresArgs(data),
	}
	return standby.startAnywhere("-p")
}

// Promote makes a standby a server of its own, and returns when it takes writes.
func (s *Server) Promote(tb testing.TB) {
	tb.Helper()
	s.Exec(tb, s.URL(), `SELECT pg_promote(true, 60)`)
}

// Configure changes a setting of a running PostgreSQL server, and returns when a
// session sees it.
func (s *Server) Configure(tb testing.TB, name, value string) {
	tb.Helper()
	s.Exec(tb, s.URL(), fmt.Sprintf("ALTER SYSTEM SET %s = '%s'", name, value))
	s.Exec(tb, s.URL(), "SELECT pg_reload_conf()")
	s.Await(tb, `SELECT current_setting($1) = $2`, name, value)
}

// Await returns when a query that tells true or false says true.
func (s *Server) Await(tb testing.TB, sql string, args ...any) {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), s.URL())
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close(tb.Context()) }()
	for deadline := time.Now().Add(startTimeout); ; <-time.After(10 * time.Millisecond) {
		var so bool
		if err := conn.QueryRow(tb.Context(), sql, args...).Scan(&so); err != nil {
			tb.Fatalf("%s: %v", sql, err)
		}
		if so {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%s %v: not in time", sql, args)
		}
	}
}
