package http

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// How long a client may take to read the answer that ends its connection, and how
// much it may still send meanwhile.
const (
	lingerTime  = 2 * time.Second
	lingerBytes = 16 << 20
)

// maxLingering is how many connections may linger; more are closed at once.
const maxLingering = 256

// farewell ends connections slowly. Closing one with bytes of the client's unread
// resets it, which takes from the client what it has not read yet: so our side is
// ended first, and the rest when the client has ended its own.
type farewell struct{ places chan struct{} }

func newFarewell() *farewell { return &farewell{make(chan struct{}, maxLingering)} }

// begin is false where too many linger already. After true the caller calls end.
func (f *farewell) begin() bool {
	select {
	case f.places <- struct{}{}:
		return true
	default:
		return false
	}
}

// end waits for the client, within bounds. It does not close.
func (f *farewell) end(conn net.Conn) {
	defer func() { <-f.places }()
	awaitClose(conn, lingerTime)
}

// awaitClose ends our side, and waits until the client has ended its own, or for
// so long.
func awaitClose(conn net.Conn, atMost time.Duration) {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = conn.SetReadDeadline(time.Now().Add(atMost))
	_, _ = io.CopyN(io.Discard, conn, lingerBytes)
}

// endSlowly makes a request the last of its connection, which then lingers.
func endSlowly(ctx *fasthttp.RequestCtx) {
	ctx.SetConnectionClose()
	if conn, ok := ctx.Conn().(*gatedConn); ok {
		conn.lingers.Store(true)
	}
}

// gatedConn gives its place back when it is closed.
type gatedConn struct {
	net.Conn

	gate    *gate
	client  client
	lingers atomic.Bool
	left    sync.Once
	read    func(n int) error // hears of what is read; nil for nobody
}

// meter has read hear how many bytes each reading took; its error ends the
// reading. nil ends that. Only whoever reads may call it.
func (c *gatedConn) meter(read func(n int) error) { c.read = read }

func (c *gatedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.read != nil && err == nil {
		err = c.read(n)
	}
	return n, err //nolint:wrapcheck // fasthttp compares it
}

func (c *gatedConn) Close() error {
	c.left.Do(func() {
		if c.lingers.Load() && c.gate.farewell.begin() {
			c.gate.farewell.end(c.Conn)
		}
		c.gate.leave(c.client)
	})
	return c.Conn.Close()
}

// CloseWrite ends our side alone, where the connection can.
func (c *gatedConn) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}
