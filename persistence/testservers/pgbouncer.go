package testservers

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// PgBouncer starts a pooler before the database of a URL, in a mode (session,
// transaction or statement) and with further settings, as lines of pgbouncer.ini.
// It returns the URL that leads through it.
func PgBouncer(tb testing.TB, databaseURL, mode string, settings ...string) (throughURL string) {
	tb.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := startPgBouncer(u, mode, settings)
	must(tb, s, err).attend(tb)
	return s.URL()
}

func startPgBouncer(to *url.URL, mode string, settings []string) (*Server, error) {
	program, err := locate("pgbouncer", "pgbouncer")
	if err != nil {
		return nil, err
	}
	dir, err := newFolder()
	if err != nil {
		return nil, err
	}
	through := *to
	s := &Server{
		program: program, dir: dir, ready: "process up", stop: immediately, args: []string{filepath.Join(dir, "pgbouncer.ini")},
		url: func(port int) string {
			through.Host = fmt.Sprintf("127.0.0.1:%d", port)
			return through.String()
		},
	}
	const tries = 3
	for range tries { // a port that was free may be taken a moment later
		if s.Port, err = freePort(context.Background()); err != nil {
			break
		}
		lines := append([]string{
			"[databases]", fmt.Sprintf("* = host=%s port=%s user=%s", to.Hostname(), to.Port(), to.User.Username()),
			"[pgbouncer]", "listen_addr = 127.0.0.1", fmt.Sprintf("listen_port = %d", s.Port), "unix_socket_dir =",
			"auth_type = any", "pool_mode = " + mode,
		}, settings...)
		// It holds no secret.
		if err = os.WriteFile(s.args[0], []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil { //nolint:gosec // G306: the server's user reads it.
			break
		}
		if err = s.start(); err == nil {
			return s, nil
		}
	}
	return nil, errors.Join(err, s.Close())
}
