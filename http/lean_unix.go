//go:build unix

package http

import (
	"bytes"
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

	body  int         // of the answer that is to be written at once; 0 for none
	first *firstPiece // what came of it; nil before
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

// gather implements gathering.
func (c *leanConn) gather(body int) { c.body = body }

// Write writes at once, except the first piece of an answer that is gathered.
func (c *leanConn) Write(p []byte) (int, error) {
	switch {
	case c.first != nil:
		return c.writeBoth(p)
	case c.body == 0:
		return c.TCPConn.Write(p)
	}
	head := bytes.Index(p, headEnd)
	whole := head + len(headEnd) + c.body
	c.body = 0
	if head < 0 || whole <= len(p) {
		return c.TCPConn.Write(p)
	}
	c.first, _ = firstPieces.Get().(*firstPiece)
	c.first.bytes = append(c.first.bytes[:0], p...)
	return len(p), nil
}

// headEnd is where the header fields of an answer end.
var headEnd = []byte("\r\n\r\n")

// writeBoth writes the first piece and the second.
func (c *leanConn) writeBoth(second []byte) (int, error) {
	first := c.first
	c.first = nil
	first.pieces = [2][]byte{first.bytes, second}
	first.both = first.pieces[:]
	n, err := first.both.WriteTo(c.TCPConn)
	first.pieces = [2][]byte{} // the second is not ours
	written := max(int(n)-len(first.bytes), 0)
	firstPieces.Put(first)
	return written, err //nolint:wrapcheck // as the connection says it
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
