package listen

import (
	"net"
	"sync"
)

// Lazy makes the connections of a listener hold no memory for reading while they
// are silent. It may be closed more than once.
func Lazy(listener net.Listener) net.Listener { return &lazyListener{Listener: listener} }

// lazyListener accepts connections that hold no memory for reading while their
// clients are silent. fasthttp, told to reduce memory, keeps no buffer for them
// either; it then reads the first byte of a request alone, which without the buffer
// here would cost one more system call.
type lazyListener struct {
	net.Listener
	closing  sync.Once
	closeErr error
}

// Close may be called again.
func (l *lazyListener) Close() error {
	l.closing.Do(func() { l.closeErr = l.Listener.Close() })
	return l.closeErr
}

func (l *lazyListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err //nolint:wrapcheck // fasthttp compares it
	}
	return newLazyConn(conn), nil
}

// ReadAhead is how much a lazy connection reads at once: a request with its
// header fields.
const ReadAhead = 8 << 10

var readAheads = sync.Pool{New: func() any { return new([ReadAhead]byte) }}
