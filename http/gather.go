package http

import (
	"net"
	"sync"

	"github.com/valyala/fasthttp"
)

// fasthttp copies as much of a large answer as its buffer holds and sends the rest
// apart. So a lean connection is given the body of such an answer by itself, and
// sends it with the header fields, copying nothing, by one call of the kernel.

// followFrom is how large a body is, in bytes, that is given so: a smaller one fits
// the buffer with its header fields, and is copied faster than it is gathered.
const followFrom = 2 << 10

// following is a connection that takes bodies.
type following interface {
	// follow has a body sent right after the header fields that are written next. It
	// must not change before they are. False means that it is not taken.
	follow(body []byte) bool
}

// answer is what one call of the kernel sends. It is borrowed from a pool, since
// connections are many.
type answer struct {
	pieces [2][]byte
	left   net.Buffers // of pieces
}

var answers = sync.Pool{New: func() any { return new(answer) }}

// handOver gives a large body to the connection, where that takes it.
func handOver(ctx *fasthttp.RequestCtx) {
	if ctx.Response.IsBodyStream() || ctx.IsHead() {
		return
	}
	body := ctx.Response.Body()
	if len(body) < followFrom || ctx.Response.StatusCode() == fasthttp.StatusNotModified || ctx.Response.StatusCode() == fasthttp.StatusNoContent {
		return
	}
	if conn, ok := ctx.Conn().(following); ok && conn.follow(body) {
		ctx.Response.SkipBody = true // fasthttp still says how long it is
	}
}

// follow passes on what the connection itself is given.
func (c *gatedConn) follow(body []byte) bool {
	conn, ok := c.Conn.(following)
	return ok && conn.follow(body)
}
