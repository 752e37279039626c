package systemd

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// listen is a service manager: it returns its environment, and each message as lines.
func listen(t *testing.T, name string) (environ []string, messages <-chan []string) {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	require.NoError(t, err)
	got, read := make(chan []string, 1000), make(chan struct{})
	go func() { // ends with Close
		defer close(read)
		buffer := make([]byte, 4096)
		for {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			got <- strings.Split(strings.TrimSpace(string(buffer[:n])), "\n")
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		<-read
	})
	return []string{"NOTIFY_SOCKET=" + name}, got
}

// next returns the next message with a line, and how many came before.
func next(t *testing.T, messages <-chan []string, line string) (message []string, before int) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case message := <-messages:
			if slices.Contains(message, line) {
				return message, before
			}
			before++
		case <-deadline:
			require.FailNow(t, "the manager was not told", line)
		}
	}
}

// none holds that what has been said so far has none of these lines.
func none(t *testing.T, messages <-chan []string, lines ...string) {
	t.Helper()
	for {
		select {
		case message := <-messages:
			for _, line := range lines {
				require.NotContains(t, message, line)
			}
		default:
			return
		}
	}
}

func TestManagerIsToldOfALife(t *testing.T) {
	for name, socket := range map[string]string{
		"by a path":            filepath.Join(t.TempDir(), "notify"),
		"by a name of no file": "@paceboard-test-" + strconv.Itoa(os.Getpid()),
	} {
		t.Run(name, func(t *testing.T) {
			environ, messages := listen(t, socket)
			m, err := Connect(append(environ, "WATCHDOG_USEC=1000000", "WATCHDOG_PID="+strconv.Itoa(os.Getpid())))
			require.NoError(t, err)
			var state atomic.Int32 // 0 not ready, 1 ready, 2 hangs
			probes := make(chan struct{}, 1000)
			loop := m.Watch(t.Context(), func(ctx context.Context) (bool, error) {
				probes <- struct{}{}
				if state.Load() == 2 {
					<-ctx.Done()
					return false, errors.New("it hangs")
				}
				return state.Load() == 1, nil
			}, slog.New(slog.DiscardHandler))
			defer loop.Stop()
			again := func() { // it is probed, and the manager told what there is to tell
				for len(probes) > 0 {
					<-probes
				}
				for range 3 {
					<-probes
				}
			}

			message, _ := next(t, messages, "EXTEND_TIMEOUT_USEC=30000000")
			require.Contains(t, message, "STATUS="+statusStarting)
			require.NotContains(t, message, "READY=1")
			require.NoError(t, m.Reload(func() {}))
			again()
			none(t, messages, "READY=1", "RELOADING=1")

			state.Store(1)
			message, _ = next(t, messages, "READY=1")
			require.Contains(t, message, "MAINPID="+strconv.Itoa(os.Getpid()))
			require.Contains(t, message, "STATUS=ready")
			message, _ = next(t, messages, "WATCHDOG=1")
			require.Len(t, message, 1, "and nothing is repeated")

			state.Store(0)
			message, _ = next(t, messages, "STATUS="+statusNotReady)
			require.Contains(t, message, "WATCHDOG=1", "what is not ready lives")

			changed := false
			require.NoError(t, m.Reload(func() {
				message, _ = next(t, messages, "RELOADING=1")
				require.Regexp(t, `MONOTONIC_USEC=\d+`, strings.Join(message, " "))
				changed = true
			}))
			require.True(t, changed)
			message, _ = next(t, messages, "READY=1")
			require.Contains(t, message, "STATUS="+statusNotReady)

			state.Store(2)
			message, _ = next(t, messages, "STATUS="+statusDoesNotAnswer)
			require.NotContains(t, message, "WATCHDOG=1")
			again()
			none(t, messages, "WATCHDOG=1")

			require.NoError(t, m.Stopping(7*time.Second))
			message, _ = next(t, messages, "STOPPING=1")
			require.Contains(t, message, "EXTEND_TIMEOUT_USEC=7000000")
			require.Contains(t, message, "WATCHDOG_USEC=7000000")
			require.NoError(t, m.Stopping(time.Second), "a no-op")
			again()
			none(t, messages, "WATCHDOG=1", "STOPPING=1")
		})
	}
}

func TestManagerThatDoesNotListen(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	m, err := Connect([]string{"NOTIFY_SOCKET=" + socket})
	require.NoError(t, err)
	require.ErrorContains(t, m.Stopping(time.Second), "tell the service manager")

	m, err = Connect([]string{"NOTIFY_SOCKET=" + socket})
	require.NoError(t, err)
	m.beat(t.Context(), func(context.Context) (bool, error) { return true, nil }, time.Second, slog.New(slog.DiscardHandler))
	_, messages := listen(t, socket)
	m.beat(t.Context(), func(context.Context) (bool, error) { return true, nil }, time.Second, slog.New(slog.DiscardHandler))
	message, before := next(t, messages, "READY=1")
	require.Zero(t, before)
	require.NotContains(t, message, "WATCHDOG=1", "it did not ask for beats")
}

func TestConnect(t *testing.T) {
	m, err := Connect([]string{"PATH=/bin"})
	require.NoError(t, err)
	require.Nil(t, m)
	ran := false
	require.NoError(t, m.Reload(func() { ran = true }))
	require.True(t, ran)
	require.NoError(t, m.Stopping(time.Second))
	m.Watch(t.Context(), nil, nil).Stop()

	m, err = Connect([]string{"NOTIFY_SOCKET=/run/n", "WATCHDOG_USEC=30000000", "WATCHDOG_PID=1"})
	require.NoError(t, err)
	require.Zero(t, m.watchdog, "somebody else is watched")
	for _, environ := range [][]string{
		{"NOTIFY_SOCKET=vsock:2:1"},
		{"NOTIFY_SOCKET=/" + strings.Repeat("a", longestPath)},
		{"NOTIFY_SOCKET=/run/n", "WATCHDOG_USEC=soon"},
		{"NOTIFY_SOCKET=/run/n", "WATCHDOG_USEC=10"},
		{"NOTIFY_SOCKET=/run/n", "WATCHDOG_USEC=9223372036854775807"},
	} {
		_, err := Connect(environ)
		require.ErrorContains(t, err, " is ", "%q", environ)
	}
}
