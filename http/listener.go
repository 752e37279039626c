package http

import (
	"net"
	"sync"
)

// leanListener accepts connections that hold no memory for reading while their
// other end is silent. fasthttp, told to reduce memory, keeps no buffer for them
// either; it then reads the first byte of a request alone, which would cost a
// system call more, were it not for the buffer here.
type leanListener struct {
	net.Listener
	closing  sync.Once
	closeErr error
}

// Close may be called again.
func (l *leanListener) Close() error {
	l.closing.Do(func() { l.closeErr = l.Listener.Close() })
	return l.closeErr
}

func (l *leanListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err //nolint:wrapcheck // fasthttp compares it
	}
	return newLeanConn(conn), nil
}

// readAhead is how much a lean connection reads at once: a request with its
// header fields.
const readAhead = maxHeaderBytes

var readAheads = sync.Pool{New: func() any { return new([readAhead]byte) }}
