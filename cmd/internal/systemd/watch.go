package systemd

import (
	"context"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/paceboard/paceboard/internal/worker"
)

const (
	// startEvery is how often a process that is not ready yet is probed.
	startEvery = 200 * time.Millisecond
	// startWithin is how long the manager is asked to wait for a process that works but
	// is not ready yet. Each probe asks again.
	startWithin = 30 * time.Second
	// probeWithin is how long a probe may take where the watchdog does not say.
	probeWithin = 5 * time.Second
	// statusEvery is how often a process is probed where there is no watchdog.
	statusEvery = 10 * time.Second
	// beatsPerWatchdog is how many probes fit into the time that the watchdog waits: one
	// that fails or is slow ends nothing.
	beatsPerWatchdog = 3
)

// Probe asks the process to do what it is there for. An error means that it does not
// work; ready, that it can also take what it is sent. It must return when ctx ends.
type Probe func(ctx context.Context) (ready bool, err error)

// Watch probes the process until the loop is stopped, and tells the manager what came
// of it: that the process is ready, once it is, and with every probe that succeeds
// that it works. A process that hangs answers no probe, so the watchdog ends it.
func (m *Manager) Watch(ctx context.Context, probe Probe, logger *slog.Logger) *worker.Loop {
	if m == nil {
		return worker.Start(ctx, func(context.Context) {})
	}
	return worker.Start(ctx, func(ctx context.Context) {
		for {
			every, within := m.pace()
			if !worker.Pause(ctx, every) {
				return
			}
			m.beat(ctx, probe, within, logger)
		}
	})
}

// pace is the pause between probes, and how long one may take.
func (m *Manager) pace() (every, within time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case !m.ready:
		return startEvery, probeWithin
	case m.watchdog > 0:
		return m.watchdog / (2 * beatsPerWatchdog), m.watchdog / (2 * beatsPerWatchdog)
	default:
		return statusEvery, probeWithin
	}
}

// beat probes once, and tells the manager.
func (m *Manager) beat(ctx context.Context, probe Probe, within time.Duration, logger *slog.Logger) {
	limited, cancel := context.WithTimeout(ctx, within)
	ready, err := probe(limited)
	cancel()
	if ctx.Err() != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopping {
		return
	}
	var lines []string
	if err == nil && m.watchdog > 0 {
		lines = append(lines, "WATCHDOG=1")
	}
	status := statusStarting
	switch {
	case err != nil:
		status = statusDoesNotAnswer
		if status != m.status {
			logger.ErrorContext(ctx, "the server does not answer its own probe; if that lasts, the service manager's watchdog ends it", "error", err)
		}
	case ready:
		status = statusReady
		if !m.ready {
			lines = append(lines, "READY=1", "MAINPID="+strconv.Itoa(os.Getpid()))
		}
	case m.ready:
		status = statusNotReady
	default:
		lines = append(lines, "EXTEND_TIMEOUT_USEC="+strconv.FormatInt(startWithin.Microseconds(), 10))
	}
	if status != m.status {
		lines = append(lines, "STATUS="+status)
	}
	if len(lines) == 0 {
		return
	}
	if err := m.send(lines...); err != nil {
		logger.WarnContext(ctx, "the service manager was not told how this process is", "error", err)
		return // the next beat says it again
	}
	m.ready = m.ready || ready
	m.status = status
}
