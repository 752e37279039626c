package http

import (
	"bufio"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"
)

// gate is a listener that lets so many connections be open at a time, and so many
// of one address, those that became sockets among them. (fasthttp has a limit of
// its own, which leaves sockets out and whose answer says nothing of when to come
// again.) It goes on when accepting fails, where fasthttp would end.
type gate struct {
	net.Listener

	most, mostOfAddress int64
	exempt              func(netip.Addr) bool // whether an address is not counted
	full                func(net.Conn)        // takes a connection beyond most; must not block, and closes
	turnAway            func(net.Conn, error) // the same for one that is refused for another reason
	farewell            *farewell
	done                <-chan struct{} // accepting is over

	log      *slog.Logger
	failures prometheus.Counter
	failing  bool // accepting failed when it was last tried

	open      atomic.Int64
	mu        sync.Mutex
	addresses map[netip.Addr]int64 // how many connections each has open
}

// client is whom a place was given to: an address, or nobody in particular.
type client struct{ address netip.Addr }

func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			if !g.survive(err) {
				return nil, err //nolint:wrapcheck // fasthttp compares it
			}
			continue
		}
		g.recovered()
		who := g.clientOf(conn)
		switch {
		case !g.enter(who):
			g.turnAway(conn, errTooManyOfAddress)
		case g.open.Add(1) > g.most:
			g.leave(who)
			g.full(conn)
		default:
			return &gatedConn{Conn: conn, gate: g, client: who}, nil
		}
	}
}

// errTooManyOfAddress and errTooManyConnections are said to those who are turned
// away.
var (
	errTooManyOfAddress   = kindOverloaded.with("as many connections of this address are open as the server takes")
	errTooManyConnections = kindOverloaded.with("as many connections are open as the server takes")
)

// clientOf is whose place a connection takes.
func (g *gate) clientOf(conn net.Conn) client {
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return client{}
	}
	address := tcp.AddrPort().Addr().Unmap()
	if g.exempt(address) {
		return client{}
	}
	return client{network(address)}
}

// enter counts a connection of an address, if there may be another.
func (g *gate) enter(who client) bool {
	if !who.address.IsValid() {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.addresses[who.address] >= g.mostOfAddress {
		return false
	}
	g.addresses[who.address]++
	return true
}

// leave gives a place back.
func (g *gate) leave(who client) {
	g.open.Add(-1)
	if !who.address.IsValid() {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.addresses[who.address]--; g.addresses[who.address] <= 0 {
		delete(g.addresses, who.address)
	}
}

// acceptPause is how long accepting rests after an error: a connection that ended
// before it was accepted costs nothing, but file descriptors or memory that are
// used up come back when others end.
const acceptPause = 20 * time.Millisecond

// survive reports whether accepting may go on after an error, when it is time to.
// The first of several is logged.
func (g *gate) survive(err error) bool {
	var kernel syscall.Errno
	if !errors.As(err, &kernel) || kernel == syscall.EBADF || kernel == syscall.EINVAL || kernel == syscall.ENOTSOCK {
		return false // there is no listener any more
	}
	g.failures.Inc()
	if !g.failing {
		g.failing = true
		g.log.Error("connections cannot be accepted; trying again until they can", slog.Any("error", err), slog.Int64("open", g.open.Load()))
	}
	pause := time.NewTimer(acceptPause)
	defer pause.Stop()
	select {
	case <-pause.C:
		return true
	case <-g.done:
		return false
	}
}

func (g *gate) recovered() {
	if g.failing {
		g.failing = false
		g.log.Info("connections are accepted again")
	}
}

// isNear reports whether an address is of this machine or network, as proxies,
// orchestrators and sibling services are: many clients may stand behind it.
func isNear(a netip.Addr) bool { return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() }

// turnAway tells a client that there is no place, without waiting for what it
// wants.
func (s *Server) turnAway(conn net.Conn, reason error) {
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
	if err != nil || !s.farewell.begin() {
		_ = conn.Close()
		return
	}
	s.aside.Go(func() {
		s.farewell.end(conn)
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
// server's health, and turns it away if not.
func (s *Server) serveReserve(conn net.Conn) {
	_ = conn.SetReadDeadline(time.Now().Add(reserveTime))
	place := s.reserve.enter(conn)
	s.aside.Go(func() {
		var ctx fasthttp.RequestCtx
		ctx.Init2(conn, fasthttpLog{s.log}, true)
		err := ctx.Request.Header.Read(bufio.NewReaderSize(conn, maxHeaderBytes))
		s.reserve.leave(place, conn)
		if err != nil || !isHealth(pathOf(ctx.Request.Header.RequestURI())) || !ctx.IsGet() && !ctx.IsHead() {
			s.turnAway(conn, errTooManyConnections)
			return
		}
		s.handle(&ctx)
		ctx.Response.SkipBody = ctx.Response.SkipBody || ctx.IsHead()
		s.lastWords(&ctx, conn)
	})
}
