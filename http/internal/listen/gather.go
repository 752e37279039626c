package listen

import (
	"net"
	"sync"

	"github.com/valyala/fasthttp"
)

// fasthttp copies as much of a large answer as its buffer holds and sends the rest
// apart. So a lazy connection is given the body of such an answer by itself, and
// sends it with the header fields, copying nothing, by one call of the kernel.

// followFrom is how large a body is, in bytes, that is given so: a smaller one fits
// the buffer with its header fields, and is copied faster than it is gathered.
const followFrom = 2 << 10

// following is a connection that may take bodies.
type following interface {
	// takes reports whether it does.
	takes() bool
	// follow has a body sent right after the header fields that are written next. It
	// must not change before they are. A page begins with header fields of its own,
	// so that the empty line after the others is left out.
	follow(body []byte, page bool)
}

// answer is what one call of the kernel sends. It is borrowed from a pool, since
// connections are many.
type answer struct {
	pieces [2][]byte   // the header fields, and what follows them
	page   bool        // which begins with more of them
	left   net.Buffers // of pieces
}

var answers = sync.Pool{New: func() any { return new(answer) }}

// TakesPages reports whether an answer may leave as a page.
func TakesPages(ctx *fasthttp.RequestCtx) bool {
	conn, ok := ctx.Conn().(following)
	return ok && conn.takes() && !ctx.IsHead()
}

// HandOver gives the connection a page, or a large body where it takes one.
func HandOver(ctx *fasthttp.RequestCtx, page []byte) {
	conn, ok := ctx.Conn().(following)
	if !ok || !conn.takes() {
		return
	}
	if page != nil {
		conn.follow(page, true)
		ctx.Response.SkipBody = true // fasthttp then says nothing of a body
		return
	}
	if ctx.Response.IsBodyStream() || ctx.IsHead() {
		return
	}
	body := ctx.Response.Body()
	if len(body) < followFrom || ctx.Response.StatusCode() == fasthttp.StatusNotModified || ctx.Response.StatusCode() == fasthttp.StatusNoContent {
		return
	}
	conn.follow(body, false)
	ctx.Response.SkipBody = true // but fasthttp says how long it is
}

// takes and follow pass on what the connection itself is asked and given.
func (c *Conn) takes() bool {
	conn, ok := c.Conn.(following)
	return ok && conn.takes()
}

func (c *Conn) follow(body []byte, page bool) {
	if conn, ok := c.Conn.(following); ok {
		conn.follow(body, page)
	}
}
