package http

import (
	"bufio"
	"net"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// errTooManyOfAddress and errTooManyConnections are said to rejected clients.
var (
	errTooManyOfAddress   = kindOverloaded.with("as many connections of this address are open as the server takes")
	errTooManyConnections = kindOverloaded.with("as many connections are open as the server takes")
)

// reject tells a client that there is no place, without waiting for what it wants.
func (s *Server) reject(conn net.Conn, reason error) {
	var ctx fasthttp.RequestCtx
	ctx.Init(new(fasthttp.Request), conn.RemoteAddr(), nil)
	s.dress(&ctx)
	s.refuse(&ctx, reason)
	s.metrics.unrouted.count(ctx.Response.StatusCode())
	s.lastWords(&ctx, conn)
}

// lastWords sends an answer that ends the connection, and has it linger.
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

// Of connections beyond MAX_CONNECTIONS so many are read for a moment, in case
// they ask for the server's health: whoever restarts servers that do not answer
// must not restart one that is merely busy.
const (
	maxReserve  = 32
	reserveTime = time.Second
)

// reserve holds the connections that are being read so. When there are as many as
// may be, the one that has kept silent longest makes room.
type reserve struct {
	mu    sync.Mutex
	conns [maxReserve]net.Conn
	next  int // the place to use next: that of the oldest
}

// enter gives a connection a place, and whoever had it too little time to go on.
func (r *reserve) enter(conn net.Conn) (place int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	place, r.next = r.next, (r.next+1)%maxReserve
	if oldest := r.conns[place]; oldest != nil {
		_ = oldest.SetReadDeadline(time.Unix(1, 0)) // long ago
	}
	r.conns[place] = conn
	return place
}

func (r *reserve) leave(place int, conn net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conns[place] == conn {
		r.conns[place] = nil
	}
}

// serveReserve answers a connection beyond MAX_CONNECTIONS, if it asks for the
// server's health, and rejects it if not.
func (s *Server) serveReserve(conn net.Conn) {
	_ = conn.SetReadDeadline(time.Now().Add(reserveTime))
	place := s.reserve.enter(conn)
	s.aside.Go(func() {
		var ctx fasthttp.RequestCtx
		ctx.Init2(conn, fasthttpLog{s.log}, true)
		err := ctx.Request.Header.Read(bufio.NewReaderSize(conn, maxHeaderBytes))
		s.reserve.leave(place, conn)
		if err != nil || !isHealth(pathOf(ctx.Request.Header.RequestURI())) || !ctx.IsGet() && !ctx.IsHead() {
			s.reject(conn, errTooManyConnections)
			return
		}
		s.handle(&ctx)
		ctx.Response.SkipBody = ctx.Response.SkipBody || ctx.IsHead()
		s.lastWords(&ctx, conn)
	})
}
