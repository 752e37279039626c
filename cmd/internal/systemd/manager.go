package systemd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	socketVariable      = "NOTIFY_SOCKET"
	watchdogVariable    = "WATCHDOG_USEC"
	watchdogForVariable = "WATCHDOG_PID"
	writeWithin         = time.Second // a manager that takes longer reads no messages
	longestPath         = 107         // of a Unix socket
	smallestWatchdog    = time.Second
	statusReady         = "ready"
	statusStarting      = "starting: recovering, or syncs cannot be made durable yet"
	statusNotReady      = "serving boards, but not ready: see /health/detailed"
	statusReloading     = "reading the settings again"
	statusStopping      = "stopping"
	statusDoesNotAnswer = "does not answer its own probe"
)

// Manager is the service manager. It is safe for concurrent use.
type Manager struct {
	address  net.UnixAddr
	watchdog time.Duration // how long it waits for a beat; 0 if it does not

	mu       sync.Mutex
	ready    bool   // it was told so
	stopping bool   // it was told so
	status   string // as it was told last
}

// Connect returns the manager that the environment names, NAME=value each, or nil if
// there is none.
func Connect(environ []string) (*Manager, error) {
	values := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
	}
	path := values[socketVariable]
	if path == "" {
		return nil, nil //nolint:nilnil // nil is no manager
	}
	if path[0] != '/' && path[0] != '@' || len(path) > longestPath { // vsock: is for virtual machines
		return nil, fmt.Errorf("%s is %q, and should be the path of a socket, or a name after @; it is set by the service manager", socketVariable, path)
	}
	m := &Manager{address: net.UnixAddr{Name: path, Net: "unixgram"}}
	if pid := values[watchdogForVariable]; pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return m, nil // it watches the process that started this one
	}
	if usec := values[watchdogVariable]; usec != "" {
		n, err := strconv.ParseInt(usec, 10, 64)
		m.watchdog = time.Duration(n) * time.Microsecond
		if err != nil || n > int64(24*time.Hour/time.Microsecond) || m.watchdog < smallestWatchdog {
			return nil, fmt.Errorf("%s is %q, and should be a number of microseconds from %v to 24h; set WatchdogSec= in the unit", watchdogVariable, usec, smallestWatchdog)
		}
	}
	return m, nil
}

// Reload runs a change of the settings. The manager is told before and after it,
// unless it has not been told that the process is ready.
func (m *Manager) Reload(change func()) error {
	if m == nil {
		change()
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	told := m.ready && !m.stopping
	var errs [2]error
	if told {
		errs[0] = m.send("RELOADING=1", monotonic(), "STATUS="+statusReloading)
	}
	change()
	if told {
		errs[1] = m.send("READY=1", "STATUS="+m.status)
	}
	return errors.Join(errs[:]...)
}

// Stopping says that the process stops, and has ended after a time. No beats are
// expected meanwhile.
func (m *Manager) Stopping(within time.Duration) error {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopping {
		return nil
	}
	m.stopping = true
	usec := strconv.FormatInt(within.Microseconds(), 10)
	lines := []string{"STOPPING=1", "STATUS=" + statusStopping, "EXTEND_TIMEOUT_USEC=" + usec}
	if m.watchdog > 0 {
		lines = append(lines, "WATCHDOG_USEC="+usec)
	}
	return m.send(lines...)
}

// send sends one message. The caller holds mu, so that messages keep their order.
func (m *Manager) send(lines ...string) error {
	conn, err := net.DialUnix(m.address.Net, nil, &m.address)
	if err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	defer conn.Close() //nolint:errcheck // What was written has arrived.
	if err := conn.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	var message []byte
	for _, line := range lines {
		if line != "" {
			message = append(append(message, line...), '\n')
		}
	}
	if _, err = conn.Write(message); err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	return nil
}
