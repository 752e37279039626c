package listen

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestABodyFollowsTheHeaderFields: and nothing else.
func TestABodyFollowsTheHeaderFields(t *testing.T) {
	lazy, other := lazyPair(t)
	conn, ok := lazy.(*lazyConn)
	require.True(t, ok)
	arrives := func(want string) {
		got := make([]byte, len(want))
		_, err := io.ReadFull(other, got)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	write := func(text string) {
		n, err := io.WriteString(lazy, text)
		require.NoError(t, err)
		require.Equal(t, len(text), n)
	}
	conn.Follow([]byte("body"), false)
	write("HTTP/1.1 200 OK\r\nA: ")
	arrives("HTTP/1.1 200 OK\r\nA: ")
	write("b\r\n\r\n")
	arrives("b\r\n\r\nbody")
	require.Nil(t, conn.next, "nothing is kept")
	write("HTTP/1.1 200 OK\r\n\r\n")
	arrives("HTTP/1.1 200 OK\r\n\r\n")

	conn.Follow([]byte("C: d\r\n\r\nbody"), true)
	write("HTTP/1.1 200 OK\r\nA: b\r\n\r\n")
	arrives("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\nbody")

	conn.Follow([]byte("body"), false)
	require.NoError(t, conn.Close())
	n, err := io.WriteString(lazy, "HTTP/1.1 200 OK\r\n\r\n")
	require.ErrorIs(t, err, net.ErrClosed)
	require.Zero(t, n)
	require.Nil(t, conn.next)
}

// TestABodyThatIsTakenSlowlyIsWhole: the connection takes a part at a time, and
// timers go off before the deadline.
func TestABodyThatIsTakenSlowlyIsWhole(t *testing.T) {
	lazy, other := lazyPair(t)
	conn, ok := lazy.(*lazyConn)
	require.True(t, ok)
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	require.NoError(t, lazy.SetWriteDeadline(time.Now().Add(20*time.Millisecond)))
	require.NoError(t, lazy.SetWriteDeadline(time.Now().Add(time.Minute)), "the timer stays")
	armed := conn.writeBy.armed.Load()
	const head = "HTTP/1.1 200 OK\r\n\r\n"
	conn.Follow(body, false)
	done := make(chan error, 1)
	go func() {
		_, err := io.WriteString(lazy, head)
		done <- err
	}()
	require.Eventually(t, func() bool { return conn.writeBy.armed.Load() != armed }, 10*time.Second, time.Millisecond, "it went off, and was moved")
	got := make([]byte, len(head)+len(body))
	_, err := io.ReadFull(other, got)
	require.NoError(t, err)
	require.NoError(t, <-done)
	require.True(t, bytes.Equal(append([]byte(head), body...), got))
}
