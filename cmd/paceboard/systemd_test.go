package main

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/config"
)

// serviceManager is the end of the notify protocol at which systemd listens.
type serviceManager struct {
	t    *testing.T
	conn *net.UnixConn
	path string
}

func newServiceManager(t *testing.T) *serviceManager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &serviceManager{t, conn, path}
}

// next returns the next message that has a line; no line: any. Messages with one of
// the lines in never must not come before.
func (m *serviceManager) next(line string, never ...string) string {
	m.t.Helper()
	require.NoError(m.t, m.conn.SetReadDeadline(time.Now().Add(30*time.Second)))
	buffer := make([]byte, 4096)
	for {
		n, err := m.conn.Read(buffer)
		require.NoError(m.t, err, "while waiting for %q", line)
		message := "\n" + string(buffer[:n])
		for _, l := range never {
			require.NotContains(m.t, message, "\n"+l)
		}
		if strings.Contains(message, "\n"+line) {
			return message
		}
	}
}

// TestSystemdIsNotified follows a server from its start to its end, as systemd does.
func TestSystemdIsNotified(t *testing.T) {
	t.Parallel()
	m := newServiceManager(t)
	s := startServer(t, t.TempDir(), "NOTIFY_SOCKET="+m.path, "WATCHDOG_USEC=1000000", "SHUTDOWN_TIMEOUT=8s")
	message := m.next("READY=1", "STOPPING=1", "RELOADING=1")
	require.Contains(t, message, "\nMAINPID="+strconv.Itoa(s.cmd.Process.Pid)+"\n")
	status, _ := s.call(http.MethodGet, "/health/ready", "", "")
	require.Equal(t, http.StatusOK, status)
	for range 3 {
		require.NotContains(t, m.next("WATCHDOG=1"), "READY=1", "it is said once")
	}

	require.NoError(t, s.cmd.Process.Signal(syscall.SIGHUP))
	require.Regexp(t, `\nMONOTONIC_USEC=\d+\n`, m.next("RELOADING=1", "READY=1"))
	m.next("READY=1", "STOPPING=1")
	s.waitFor("the settings were read again")

	// A process that hangs sends no beats, and one that goes on sends them again.
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGSTOP))
	for m.conn.SetReadDeadline(time.Now().Add(time.Second)) == nil {
		if _, err := m.conn.Read(make([]byte, 4096)); err != nil {
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			break
		}
	}
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGCONT))
	m.next("WATCHDOG=1")

	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	message = m.next("STOPPING=1")
	require.Contains(t, message, "\nEXTEND_TIMEOUT_USEC=13000000\n", "SHUTDOWN_TIMEOUT and a margin")
	require.Zero(t, s.exitCode())
}

// TestSystemdIsNotToldTooEarly starts a server that can answer but not take syncs.
func TestSystemdIsNotToldTooEarly(t *testing.T) {
	t.Parallel()
	m := newServiceManager(t)
	s := startServer(t, t.TempDir(), "NOTIFY_SOCKET="+m.path, "WATCHDOG_USEC=1000000", "MIN_FREE_DISK=1023TiB")
	status, _ := s.call(http.MethodGet, "/health/ready", "", "")
	require.Equal(t, http.StatusServiceUnavailable, status)
	for range 5 {
		m.next("EXTEND_TIMEOUT_USEC=30000000", "READY=1")
	}
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	m.next("STOPPING=1", "READY=1")
	require.Zero(t, s.exitCode())
}

func TestHealthIsAsked(t *testing.T) {
	t.Parallel()
	s := startServer(t, t.TempDir())
	eventuallyStatus(t, s, "/health/ready", http.StatusOK)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	code, out, errs := runProgram(t, "health", "--port", port)
	require.Zero(t, code, errs)
	require.Equal(t, "ready\n", out)
	s.stop()

	hangs, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err = net.SplitHostPort(hangs.Addr().String())
	require.NoError(t, err)
	code, _, errs = runProgram(t, "health", "--port", port, "--within", "200ms")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "the server does not answer")
	require.NoError(t, hangs.Close())

	s = startServer(t, t.TempDir(), "MIN_FREE_DISK=1023TiB")
	_, port, err = net.SplitHostPort(strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	code, _, errs = runProgram(t, "health", "PORT="+port)
	require.Equal(t, 1, code)
	require.Contains(t, errs, "not ready: the server is recovering or cannot make syncs durable now")
	code, out, errs = runProgram(t, "health", "--live", "PORT="+port)
	require.Zero(t, code, errs)
	require.Equal(t, "alive\n", out)
	s.stop()

	for address, want := range map[string]string{
		"0.0.0.0:8081": "127.0.0.1:8081", "[::]:8081": "[::1]:8081", ":8081": "127.0.0.1:8081",
		"10.0.0.5:8081": "10.0.0.5:8081", "localhost:8081": "localhost:8081",
	} {
		require.Equal(t, want, reachable(address))
	}
}

// TestSystemdUnit holds deploy/systemd to what systemd's own tools say of it.
func TestSystemdUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		out, _ := exec.Command("../../tools/install-test-needs", "systemd").CombinedOutput()
		if analyze, err = exec.LookPath("systemd-analyze"); err != nil {
			require.NotEqual(t, "true", os.Getenv("CI"), "systemd: %s", out)
			t.Skipf("there is no systemd-analyze: %s", out)
		}
	}
	text, err := os.ReadFile("../../deploy/systemd/paceboard.service")
	require.NoError(t, err)
	unit := filepath.Join(t.TempDir(), "paceboard.service")
	const installed = "ExecStart=/usr/local/bin/paceboard "
	require.Contains(t, string(text), installed)
	write := func(text string) {
		require.NoError(t, os.WriteFile(unit, []byte(strings.Replace(text, installed, "ExecStart="+binary+" ", 1)), 0o600))
	}
	write(string(text))
	out, err := exec.Command(analyze, "verify", "--recursive-errors=no", unit).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Empty(t, string(out), "what it does not know, it warns of")
	exposed := func() (string, error) { // beyond 2.0 of 10
		out, err := exec.Command(analyze, "security", "--offline=true", "--threshold=20", "--no-pager", unit).CombinedOutput()
		return string(out), err
	}
	said, err := exposed()
	require.NoError(t, err, said)
	write(strings.NewReplacer("CapabilityBoundingSet=\n", "", "PrivateUsers=yes\n", "", "SystemCallFilter=", "#").Replace(string(text)))
	said, err = exposed()
	require.Error(t, err, said)

	// A limit of files that holds MAX_CONNECTIONS, and time to stop in.
	settings, err := config.Load(nil, []string{"SUPABASE_JWT_SECRET=" + testSecret}, "")
	require.NoError(t, err)
	files, err := strconv.Atoi(regexpFind(t, `(?m)^LimitNOFILE=(\d+)$`, string(text)))
	require.NoError(t, err)
	require.Greater(t, files, 2*settings.MaxConnections)
	user := regexpFind(t, `(?m)^User=(.+)$`, string(text))
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "etc"), 0o755))
	sysusers, err := filepath.Abs("../../deploy/systemd/paceboard.sysusers.conf")
	require.NoError(t, err)
	out, err = exec.Command("systemd-sysusers", "--root="+root, sysusers).CombinedOutput()
	require.NoError(t, err, "%s", out)
	users, err := os.ReadFile(filepath.Join(root, "etc", "passwd"))
	require.NoError(t, err)
	require.Regexp(t, `(?m)^`+user+`:.*:/var/lib/paceboard:/usr/sbin/nologin$`, string(users))
	tmpfiles, err := filepath.Abs("../../deploy/systemd/paceboard.tmpfiles.conf")
	require.NoError(t, err)
	out, err = exec.Command("systemd-tmpfiles", "--create", "--root="+root, tmpfiles).CombinedOutput()
	require.NoError(t, err, "%s", out)
	info, err := os.Stat(filepath.Join(root, regexpFind(t, `(?m)^WorkingDirectory=(.+)$`, string(text))))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o750), info.Mode().Perm())
}
