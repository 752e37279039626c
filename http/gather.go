package http

import (
	"net"
	"sync"

	"github.com/valyala/fasthttp"
)

// An answer that is larger than fasthttp's buffer for writing leaves it in two
// pieces: what filled the buffer, header fields first, and the rest. A lean
// connection that was told what comes keeps the first piece until the second is
// there, and sends both by one call of the kernel.

// gatherFrom is how large a body is, in bytes, of which it is told: with its
// header fields a smaller one fits the buffer.
const gatherFrom = 2 << 10

// gathering is a connection that can be told so.
type gathering interface {
	// gather says that the next to be written is an answer with a body of so many
	// bytes, in one piece or two.
	gather(body int)
}

// firstPiece is what filled fasthttp's buffer. It is borrowed from a pool, since
// connections are many.
type firstPiece struct {
	bytes  []byte
	pieces [2][]byte
	both   net.Buffers // of pieces
}

var firstPieces = sync.Pool{New: func() any { return new(firstPiece) }}

// gatherAnswer has a large answer sent at once, where the connection can.
func gatherAnswer(ctx *fasthttp.RequestCtx) {
	if ctx.Response.IsBodyStream() || ctx.IsHead() {
		return
	}
	body := len(ctx.Response.Body())
	if body < gatherFrom || ctx.Response.StatusCode() == fasthttp.StatusNotModified || ctx.Response.StatusCode() == fasthttp.StatusNoContent {
		return
	}
	if conn, ok := ctx.Conn().(gathering); ok {
		conn.gather(body)
	}
}

// gather passes on what is said to the connection itself.
func (c *gatedConn) gather(body int) {
	if conn, ok := c.Conn.(gathering); ok {
		conn.gather(body)
	}
}
