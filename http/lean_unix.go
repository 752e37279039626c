//go:build unix

package http

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// leanConn borrows a buffer when there is something to read, and gives it back
// when that has been read. One goroutine reads at a time, as with any net.Conn
// behind a bufio.Reader.
type leanConn struct {
	*net.TCPConn
	raw      syscall.RawConn
	fill     func(fd uintptr) bool // c.tryFill, made once
	buffer   *[readAhead]byte      // nil while all that came has been read
	from, to int                   // what of it is unread
	err      error                 // of the last tryFill
	writeBy  atomic.Int64          // the write deadline, Unix nanoseconds; 0 for none
}

// newLeanConn returns conn itself when it is no TCP connection.
func newLeanConn(conn net.Conn) net.Conn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return conn
	}
	c := &leanConn{TCPConn: tcp, raw: raw}
	c.fill = c.tryFill
	return c
}

// SetWriteDeadline costs nothing when it is told what it knows, as a socket
// does with every frame.
func (c *leanConn) SetWriteDeadline(t time.Time) error {
	if c.writeBy.Swap(nanoseconds(t)) == nanoseconds(t) {
		return nil
	}
	return c.TCPConn.SetWriteDeadline(t)
}

// SetDeadline moves the write deadline, too.
func (c *leanConn) SetDeadline(t time.Time) error {
	c.writeBy.Store(nanoseconds(t))
	return c.TCPConn.SetDeadline(t)
}

func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// Read waits until something came, and only then borrows a buffer.
func (c *leanConn) Read(p []byte) (int, error) {
	if c.buffer == nil {
		if len(p) >= readAhead {
			return c.TCPConn.Read(p)
		}
		if len(p) == 0 {
			return 0, nil
		}
		if err := c.raw.Read(c.fill); err != nil {
			return 0, err
		}
		if c.err != nil {
			return 0, c.err
		}
	}
	n := copy(p, c.buffer[c.from:c.to])
	if c.from += n; c.from == c.to {
		readAheads.Put(c.buffer)
		c.buffer = nil
	}
	return n, nil
}

// tryFill reads what is there; false means nothing yet.
func (c *leanConn) tryFill(fd uintptr) bool {
	buffer, _ := readAheads.Get().(*[readAhead]byte)
	n, err := syscall.Read(int(fd), buffer[:])
	for errors.Is(err, syscall.EINTR) {
		n, err = syscall.Read(int(fd), buffer[:])
	}
	if n > 0 {
		c.buffer, c.from, c.to, c.err = buffer, 0, n, nil
		return true
	}
	readAheads.Put(buffer)
	switch {
	case errors.Is(err, syscall.EAGAIN): // before each wait
		return false
	case err == nil:
		c.err = io.EOF
	default:
		c.err = &net.OpError{Op: "read", Net: "tcp", Addr: c.RemoteAddr(), Err: err}
	}
	return true
}
