//go:build unix

package listen

import (
	"bytes"
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

// lazyConn borrows a buffer when there is something to read, and gives it back
// when that has been read. One goroutine reads at a time, as with any net.Conn
// under a bufio.Reader.
type lazyConn struct {
	tcp      *net.TCPConn
	raw      syscall.RawConn
	fill     func(fd uintptr) bool // c.tryFill, made once
	buffer   *[ReadAhead]byte      // nil if everything received has been read
	from, to int32                 // its unread part
	err      error                 // of the last tryFill

	readBy, writeBy deadline

	next *answer // goes with the header fields that are written next; nil for none
}

// newLazyConn returns conn itself when it is no TCP connection.
func newLazyConn(conn net.Conn) net.Conn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return conn
	}
	c := &lazyConn{tcp: tcp, raw: raw}
	c.fill = c.tryFill
	return c
}

func (c *lazyConn) Close() error         { return c.tcp.Close() }
func (c *lazyConn) CloseWrite() error    { return c.tcp.CloseWrite() }
func (c *lazyConn) LocalAddr() net.Addr  { return c.tcp.LocalAddr() }
func (c *lazyConn) RemoteAddr() net.Addr { return c.tcp.RemoteAddr() }

func (c *lazyConn) SetReadDeadline(t time.Time) error { return c.readBy.set(t, c.tcp.SetReadDeadline) }

func (c *lazyConn) SetWriteDeadline(t time.Time) error {
	return c.writeBy.set(t, c.tcp.SetWriteDeadline)
}

func (c *lazyConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// Takes implements Following.
func (*lazyConn) Takes() bool { return true }

// Follow implements Following.
func (c *lazyConn) Follow(body []byte, page bool) {
	next, _ := answers.Get().(*answer)
	next.pieces[1], next.page = body, page
	c.next = next
}

// Write writes at once; a body that was given to follow goes by the same system call as
// its header fields.
func (c *lazyConn) Write(p []byte) (n int, err error) {
	if c.next != nil && bytes.HasSuffix(p, headEnd) {
		return c.writeBoth(p)
	}
	for {
		written, err := c.tcp.Write(p[n:])
		n += written
		if err == nil || !c.writeBy.early(err, c.tcp.SetWriteDeadline) {
			return n, err //nolint:wrapcheck // as the connection says it
		}
	}
}

// headEnd is where the header fields of an answer end.
var headEnd = []byte("\r\n\r\n")

// writeBoth writes the header fields and the body that follows them.
func (c *lazyConn) writeBoth(head []byte) (int, error) {
	both, size := c.next, len(head)
	c.next = nil
	if both.page {
		head = head[:size-len("\r\n")]
	}
	both.pieces[0] = head
	both.left = both.pieces[:]
	for {
		_, err := both.left.WriteTo(c.tcp) // takes what it wrote off
		if err != nil && c.writeBy.early(err, c.tcp.SetWriteDeadline) {
			continue
		}
		*both = answer{} // the pieces belong to the callers
		answers.Put(both)
		if err != nil {
			return 0, err //nolint:wrapcheck // as the connection says it; how much came is of no use
		}
		return size, nil
	}
}

// Read waits until there is something to read, and only then borrows a buffer.
func (c *lazyConn) Read(p []byte) (n int, err error) {
	if c.buffer == nil {
		if len(p) >= ReadAhead {
			return c.readInto(p)
		}
		if len(p) == 0 {
			return 0, nil
		}
		for err = c.raw.Read(c.fill); err != nil; err = c.raw.Read(c.fill) {
			if !c.readBy.early(err, c.tcp.SetReadDeadline) {
				return 0, err
			}
		}
		if c.err != nil {
			return 0, c.err
		}
	}
	n = copy(p, c.buffer[c.from:c.to])
	if c.from += int32(n); c.from == c.to {
		readAheads.Put(c.buffer)
		c.buffer = nil
	}
	return n, nil
}

// readInto reads into a slice that is large enough for it.
func (c *lazyConn) readInto(p []byte) (n int, err error) {
	for {
		n, err = c.tcp.Read(p)
		if n > 0 || err == nil || !c.readBy.early(err, c.tcp.SetReadDeadline) {
			return n, err //nolint:wrapcheck // as the connection says it
		}
	}
}

// tryFill reads what has been received; false means nothing yet.
func (c *lazyConn) tryFill(fd uintptr) bool {
	buffer, _ := readAheads.Get().(*[ReadAhead]byte)
	n, err := syscall.Read(int(fd), buffer[:])
	for errors.Is(err, syscall.EINTR) {
		n, err = syscall.Read(int(fd), buffer[:])
	}
	if n > 0 {
		c.buffer, c.from, c.to, c.err = buffer, 0, int32(n), nil
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
