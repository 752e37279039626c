package listen

import (
	"crypto/rand"
	"io"
	"net"
	"os"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
)

// lazyPair is both ends of a connection; the first reads with borrowed memory.
func lazyPair(t *testing.T) (lazy net.Conn, other *net.TCPConn) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &lazyListener{Listener: listener}
	dialled, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String())
	require.NoError(t, err)
	lazy, err = l.Accept()
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.NoError(t, l.Close(), "closing again")
	t.Cleanup(func() { _, _ = lazy.Close(), dialled.Close() })
	return lazy, dialled.(*net.TCPConn)
}

// TestLazyConnGivesAllBytes: whatever the sizes of the reads are.
func TestLazyConnGivesAllBytes(t *testing.T) {
	sent := make([]byte, 5*ReadAhead+7)
	_, _ = rand.Read(sent)
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole":       func(r io.Reader) io.Reader { return r },
		"byte":        iotest.OneByteReader,
		"halves":      iotest.HalfReader,
		"a few bytes": func(r io.Reader) io.Reader { return smallReads{r, 100} },
	} {
		t.Run(name, func(t *testing.T) {
			lazy, other := lazyPair(t)
			go func() {
				_, _ = other.Write(sent)
				_ = other.CloseWrite()
			}()
			got, err := io.ReadAll(wrap(lazy))
			require.NoError(t, err)
			require.Equal(t, sent, got)
			conn, ok := lazy.(*lazyConn)
			require.True(t, ok)
			require.Nil(t, conn.buffer, "nothing is kept")
		})
	}
}

// smallReads reads at most so many bytes at once.
type smallReads struct {
	io.Reader
	most int
}

func (r smallReads) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(len(p), r.most)]) }

// TestLazyConnHeedsDeadlines: as any connection does, and can be read again.
func TestLazyConnHeedsDeadlines(t *testing.T) {
	lazy, other := lazyPair(t)
	require.NoError(t, lazy.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
	var b [4]byte
	_, err := lazy.Read(b[:])
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	require.True(t, timeout.Timeout())

	require.NoError(t, lazy.SetReadDeadline(time.Time{}))
	_, err = other.Write([]byte("go"))
	require.NoError(t, err)
	n, err := lazy.Read(b[:])
	require.NoError(t, err)
	require.Equal(t, "go", string(b[:n]))
}

// TestLazyConnReportsResets: and keeps no memory over them.
func TestLazyConnReportsResets(t *testing.T) {
	lazy, other := lazyPair(t)
	require.NoError(t, other.SetLinger(0))
	require.NoError(t, other.Close())
	_, err := lazy.Read(make([]byte, 4))
	require.Error(t, err)
	require.NotErrorIs(t, err, io.EOF)
}

// TestLazyConnHeedsWriteDeadlines: the one set last counts, by whichever method.
func TestLazyConnHeedsWriteDeadlines(t *testing.T) {
	lazy, _ := lazyPair(t)
	past, future := time.Now().Add(-time.Second), time.Now().Add(time.Minute)
	write := func() error {
		_, err := lazy.Write([]byte("x"))
		return err
	}
	require.NoError(t, lazy.SetWriteDeadline(past))
	require.ErrorIs(t, write(), os.ErrDeadlineExceeded)
	require.NoError(t, lazy.SetDeadline(future))
	require.NoError(t, write())
	require.NoError(t, lazy.SetWriteDeadline(past), "which is not what is set now")
	require.ErrorIs(t, write(), os.ErrDeadlineExceeded)
	require.NoError(t, lazy.SetWriteDeadline(time.Time{}))
	require.NoError(t, write())
}

// TestLaterDeadlinesMoveNoTimer: it goes off too early, and nobody but the
// connection notices.
func TestLaterDeadlinesMoveNoTimer(t *testing.T) {
	lazy, other := lazyPair(t)
	conn, ok := lazy.(*lazyConn)
	require.True(t, ok)
	for name, c := range map[string]struct {
		set  func(time.Time) error
		d    *deadline
		wait func() error
	}{
		"read":         {lazy.SetReadDeadline, &conn.readBy, func() error { _, err := lazy.Read(make([]byte, 1)); return err }},
		"read of much": {lazy.SetReadDeadline, &conn.readBy, func() error { _, err := lazy.Read(make([]byte, ReadAhead)); return err }},
		"write": {lazy.SetWriteDeadline, &conn.writeBy, func() error {
			for {
				if _, err := lazy.Write(make([]byte, 1<<20)); err != nil {
					return err
				}
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			require.NoError(t, c.set(began.Add(10*time.Millisecond)))
			armed := c.d.armed.Load()
			late := began.Add(250 * time.Millisecond) // after the wait has begun, also on a busy machine
			require.NoError(t, c.set(late))
			require.Equal(t, armed, c.d.armed.Load(), "the timer stays")
			require.ErrorIs(t, c.wait(), os.ErrDeadlineExceeded)
			require.False(t, time.Now().Before(late), "but the deadline holds")
			require.Equal(t, sinceEpoch(late), c.d.armed.Load())

			// An earlier one, and none, count at once, for those who wait too.
			require.NoError(t, c.set(began.Add(time.Hour)))
			ended := make(chan error, 1)
			go func() { ended <- c.wait() }()
			require.Eventually(t, func() bool { return c.d.armed.Load() == sinceEpoch(began.Add(time.Hour)) }, 10*time.Second, time.Millisecond)
			require.NoError(t, c.set(time.Now()))
			require.ErrorIs(t, <-ended, os.ErrDeadlineExceeded)
			require.NoError(t, c.set(time.Time{}))
			require.EqualValues(t, never, c.d.armed.Load())
		})
	}
	require.NoError(t, other.Close())
}
