package listen

import (
	"net"
	"sync"

	"github.com/valyala/fasthttp"
)

// fasthttp copies as much of a large answer as its buffer holds, and sends the rest
// apart. So a lazy connection is given the body of such an answer separately, and sends
// it with the header fields by one system call, without a copy.

// followFrom is the size, in bytes, from which a body is given so: a smaller one fits
// the buffer beside its header fields, and copying it is faster.
const followFrom = 2 << 10

// Following is a connection that may take bodies.
type Following interface {
	// Takes reports whether it does.
	Takes() bool
	// Follow has a body sent right after the header fields that are written next. It
	// must not change before they are. A page begins with header fields of its own,
	// so that the empty line after the others is left out.
	Follow(body []byte, page bool)
}

// answer is what one system call sends. It comes from a pool, since there are many
// connections.
type answer struct {
	pieces [2][]byte   // the header fields, and what follows them
	page   bool        // which begins with more of them
	left   net.Buffers // of pieces
}

var answers = sync.Pool{New: func() any { return new(answer) }}

// TakesPages reports whether the answer may be a page.
func TakesPages(ctx *fasthttp.RequestCtx) bool {
	conn, ok := ctx.Conn().(Following)
	return ok && conn.Takes() && !ctx.IsHead()
}

// HandOver gives the connection a page, or a large body, if it takes any.
func HandOver(ctx *fasthttp.RequestCtx, page []byte) {
	conn, ok := ctx.Conn().(Following)
	if !ok || !conn.Takes() {
		return
	}
	if page != nil {
		conn.Follow(page, true)
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
	conn.Follow(body, false)
	ctx.Response.SkipBody = true // but fasthttp says how long it is
}

// Takes implements Following by the connection inside.
func (c *Conn) Takes() bool {
	conn, ok := c.Conn.(Following)
	return ok && conn.Takes()
}

// Follow implements Following by the connection inside.
func (c *Conn) Follow(body []byte, page bool) {
	if conn, ok := c.Conn.(Following); ok {
		conn.Follow(body, page)
	}
}
