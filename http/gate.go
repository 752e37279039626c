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

// maxTurnedAway is how many connections that were turned away may wait for their
// clients to read why; more are closed at once.
const maxTurnedAway = 256

// gate is a listener that lets so many connections be open at a time, those that
// became sockets among them. (fasthttp has a limit of its own, which leaves
// sockets out and whose answer says nothing of when to come again.)
type gate struct {
	net.Listener
	most     int64
	open     atomic.Int64
	turnAway func(net.Conn) // must not block, and closes
}

func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err //nolint:wrapcheck // fasthttp compares it
		}
		if g.open.Add(1) <= g.most {
			return &gatedConn{Conn: conn, gate: g}, nil
		}
		g.open.Add(-1)
		g.turnAway(conn)
	}
}

// gatedConn gives its place back when it is closed.
type gatedConn struct {
	net.Conn
	gate *gate
	left sync.Once
	read func(n int) error // hears of what is read; nil for nobody
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
	c.left.Do(func() { c.gate.open.Add(-1) })
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

// turnAway tells a client that there is no place, without waiting for what it
// wants.
func (s *Server) turnAway(conn net.Conn) {
	var ctx fasthttp.RequestCtx
	ctx.Init(new(fasthttp.Request), conn.RemoteAddr(), nil)
	s.dress(&ctx)
	ctx.SetConnectionClose()
	s.refuse(&ctx, kindOverloaded.with("as many connections are open as the server takes"))
	s.metrics.unrouted.count(ctx.Response.StatusCode())
	_ = conn.SetWriteDeadline(time.Now().Add(closeGrace)) // a new connection has room for more than this
	_, err := ctx.Response.WriteTo(conn)
	select {
	case s.turnedAway <- struct{}{}:
		go func() {
			defer func() { <-s.turnedAway }()
			if err == nil {
				awaitClose(conn)
			}
			_ = conn.Close()
		}()
	default:
		_ = conn.Close()
	}
}

// awaitClose ends our side, and waits until the client has ended its own, or for
// closeGrace. With bytes of the client's unread, closing resets the connection,
// which can take from a client what it has not read yet.
func awaitClose(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_ = conn.SetReadDeadline(time.Now().Add(closeGrace))
		_, _ = io.Copy(io.Discard, conn)
	}
}
