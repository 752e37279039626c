package listen

import (
	"context"
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

	"github.com/paceboard/paceboard/internal/worker"
)

// Limit is a listener that limits how many connections are open at a time, in all and
// for each address, those that became sockets included. (fasthttp has a limit of its
// own, which leaves sockets out and whose answer does not say when to retry.) It goes
// on when accepting fails, where fasthttp would end. Use NewLimit.
type Limit struct {
	options Options

	failing   bool // accepting failed when it was last tried
	open      atomic.Int64
	mu        sync.Mutex
	addresses map[netip.Addr]int64 // how many connections each has open
}

// Options are the options of a [Limit]. All are required.
type Options struct {
	Listener net.Listener

	Most, MostOfAddress int64
	Exempt              func(netip.Addr) bool // whether an address is not counted
	Full                func(net.Conn)        // takes a connection beyond Most; must not block, and closes
	FullOfAddress       func(net.Conn)        // the same beyond MostOfAddress
	Lingering           *Lingering
	Serving             context.Context // ends when accepting is over

	Log      *slog.Logger
	Failures prometheus.Counter // to accept
	Accepted prometheus.Counter // those that were refused included
	Open     prometheus.Gauge
}

// NewLimit makes a limit without connections.
func NewLimit(o Options) *Limit { return &Limit{options: o, addresses: map[netip.Addr]int64{}} }

// Addr implements net.Listener.
func (l *Limit) Addr() net.Addr { return l.options.Listener.Addr() }

// Close implements net.Listener.
func (l *Limit) Close() error { return l.options.Listener.Close() }

// owner is the address that a connection counts towards; none if it is not counted.
type owner struct{ address netip.Addr }

// Accept implements net.Listener.
func (l *Limit) Accept() (net.Conn, error) {
	for {
		conn, err := l.options.Listener.Accept()
		if err != nil {
			if !l.goOn(err) {
				return nil, err //nolint:wrapcheck // fasthttp compares it
			}
			continue
		}
		l.recovered()
		l.options.Accepted.Inc()
		who := l.ownerOf(conn)
		switch {
		case !l.acquire(who):
			l.options.FullOfAddress(conn)
		case l.open.Add(1) > l.options.Most:
			l.release(who)
			l.options.Full(conn)
		default:
			l.options.Open.Inc()
			return &Conn{Conn: conn, limit: l, owner: who}, nil
		}
	}
}

func (l *Limit) ownerOf(conn net.Conn) owner {
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return owner{}
	}
	address := tcp.AddrPort().Addr().Unmap()
	if l.options.Exempt(address) {
		return owner{}
	}
	return owner{Network(address)}
}

// acquire counts a connection of an address, unless it has as many as it may.
func (l *Limit) acquire(who owner) bool {
	if !who.address.IsValid() {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.addresses[who.address] >= l.options.MostOfAddress {
		return false
	}
	l.addresses[who.address]++
	return true
}

// release is the inverse of acquire and of the count in Accept.
func (l *Limit) release(who owner) {
	l.open.Add(-1)
	if !who.address.IsValid() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.addresses[who.address]--; l.addresses[who.address] <= 0 {
		delete(l.addresses, who.address)
	}
}

// acceptPause is the pause of accepting after an error: if file descriptors or memory
// are used up, they come back when other connections end.
const acceptPause = 20 * time.Millisecond

// goOn reports whether accepting may go on after an error, and pauses before. The first
// error of a series is logged.
func (l *Limit) goOn(err error) bool {
	var kernel syscall.Errno
	if !errors.As(err, &kernel) || kernel == syscall.EBADF || kernel == syscall.EINVAL || kernel == syscall.ENOTSOCK {
		return false // there is no listener any more
	}
	l.options.Failures.Inc()
	if !l.failing {
		l.failing = true
		l.options.Log.Error("connections cannot be accepted; trying again until they can", slog.Any("error", err), slog.Int64("open", l.open.Load()))
	}
	return worker.Pause(l.options.Serving, acceptPause)
}

func (l *Limit) recovered() {
	if l.failing {
		l.failing = false
		l.options.Log.Info("connections are accepted again")
	}
}

// IsNear reports whether an address is of this machine or network, as those of proxies,
// orchestrators and sibling services are: it may stand for many clients.
func IsNear(a netip.Addr) bool { return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() }

// Network returns the address, or for IPv6 the /64 network, which is one client's.
func Network(a netip.Addr) netip.Addr {
	if a.Is4() {
		return a
	}
	prefix, err := a.Prefix(64)
	if err != nil {
		return netip.Addr{}
	}
	return prefix.Addr()
}

// EndSlowly makes a request the last of its connection, which then lingers.
func EndSlowly(ctx *fasthttp.RequestCtx) {
	ctx.SetConnectionClose()
	if conn, ok := ctx.Conn().(*Conn); ok {
		conn.lingers.Store(true)
	}
}

// Conn is a connection that counts towards its limit until it is closed.
type Conn struct {
	net.Conn

	limit   *Limit
	owner   owner
	lingers atomic.Bool
	left    sync.Once
	read    func(n int) error // called with the size of each read, if not nil
}

// Meter has read called with the size of each read, which its error fails. nil ends
// that. Only the goroutine that reads may call it.
func (c *Conn) Meter(read func(n int) error) { c.read = read }

func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.read != nil && err == nil {
		err = c.read(n)
	}
	return n, err //nolint:wrapcheck // fasthttp compares it
}

// Close closes the connection, which may linger before, and which its limit then no
// longer counts.
func (c *Conn) Close() error {
	c.left.Do(func() {
		if c.lingers.Load() && c.limit.options.Lingering.Begin() {
			c.limit.options.Lingering.End(c.Conn)
		}
		c.limit.release(c.owner)
		c.limit.options.Open.Dec()
	})
	return c.Conn.Close()
}

// CloseWrite closes the server's side alone, if the connection can.
func (c *Conn) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}
