package http

import (
	"bufio"
	"net"
	"time"

	"github.com/valyala/fasthttp"
)

// errTooManyOfAddress and errTooManyConnections are told to rejected clients.
var (
	errTooManyOfAddress   = kindOverloaded.with("this address has reached the limit of open connections")
	errTooManyConnections = kindOverloaded.with("the server has reached the limit of open connections")
)

// reject answers a connection without waiting for a request.
func (s *Server) reject(conn net.Conn, reason error) {
	var ctx fasthttp.RequestCtx
	ctx.Init(new(fasthttp.Request), conn.RemoteAddr(), nil)
	s.setHeaders(&ctx)
	s.refuse(&ctx, reason)
	s.metrics.unrouted.count(ctx.Response.StatusCode())
	s.lastWords(&ctx, conn)
}

// lastWords sends an answer that ends the connection, which then lingers.
func (s *Server) lastWords(ctx *fasthttp.RequestCtx, conn net.Conn) {
	ctx.SetConnectionClose()
	_ = conn.SetWriteDeadline(time.Now().Add(closeGrace)) // a new connection has room for more than this
	_, err := ctx.Response.WriteTo(conn)
	if err != nil || !s.lingering.Begin() {
		_ = conn.Close()
		return
	}
	s.aside.Go(func() {
		s.lingering.End(conn)
		_ = conn.Close()
	})
}

// reserveTime is how long a connection beyond MAX_CONNECTIONS is read.
const reserveTime = time.Second

// serveReserve answers a connection beyond MAX_CONNECTIONS if it asks for the server's
// health, and rejects it if not.
func (s *Server) serveReserve(conn net.Conn) {
	_ = conn.SetReadDeadline(time.Now().Add(reserveTime))
	place := s.reserve.Acquire(conn)
	s.aside.Go(func() {
		var ctx fasthttp.RequestCtx
		ctx.Init2(conn, fasthttpLog{s.log}, true)
		err := ctx.Request.Header.Read(bufio.NewReaderSize(conn, maxHeaderBytes))
		s.reserve.Release(place, conn)
		if err != nil || !isHealth(pathOf(ctx.Request.Header.RequestURI())) || !ctx.IsGet() && !ctx.IsHead() {
			s.reject(conn, errTooManyConnections)
			return
		}
		s.handle(&ctx)
		ctx.Response.SkipBody = ctx.Response.SkipBody || ctx.IsHead()
		s.lastWords(&ctx, conn)
	})
}
