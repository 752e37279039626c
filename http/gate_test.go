package http

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
)

// madeUp is a listener of which a test says what it accepts: an error, or a
// connection of an address.
type madeUp struct {
	net.Listener

	next chan any
}

func (m *madeUp) Accept() (net.Conn, error) {
	switch next := (<-m.next).(type) {
	case error:
		return nil, next
	case string:
		return &addressed{address: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(next), 1))}, nil
	default:
		return nil, net.ErrClosed
	}
}

type addressed struct {
	net.Conn

	address net.Addr
}

func (a *addressed) RemoteAddr() net.Addr { return a.address }
func (a *addressed) Close() error         { return nil }

// madeUpGate is a gate before such a listener, and what became of those who were
// not let in.
func madeUpGate(t *testing.T, most, ofAddress int64) (g *gate, next chan any, away *[]string) {
	t.Helper()
	next, away = make(chan any, 100), new([]string)
	return &gate{
		Listener: &madeUp{next: next}, most: most, mostOfAddress: ofAddress,
		exempt:   func(a netip.Addr) bool { return isNear(a) || a == netip.MustParseAddr("203.0.113.7") },
		full:     func(net.Conn) { *away = append(*away, "full") },
		turnAway: func(_ net.Conn, err error) { *away = append(*away, err.Error()) },
		done:     t.Context().Done(), log: slog.New(slog.DiscardHandler), addresses: map[netip.Addr]int64{},
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "failures"}),
	}, next, away
}

// TestOneAddressDoesNotTakeAllPlaces: an IPv6 client is its /64 network; proxies
// and neighbours stand for many, and are not counted.
func TestOneAddressDoesNotTakeAllPlaces(t *testing.T) {
	for _, c := range []struct {
		rule   string
		first  string
		second string // another of the same client, or of nobody who is counted
		counts bool
	}{
		{"an IPv4 address", "198.51.100.1", "198.51.100.1", true},
		{"an IPv4 address in IPv6's clothes", "::ffff:198.51.100.1", "198.51.100.1", true},
		{"an IPv6 network", "2001:db8::1", "2001:db8::ffff:2", true},
		{"loopback", "127.0.0.1", "127.0.0.1", false},
		{"loopback of IPv6", "::1", "::1", false},
		{"a private address", "10.1.2.3", "10.1.2.3", false},
		{"a private address of IPv6", "fd00::1", "fd00::1", false},
		{"a trusted proxy", "203.0.113.7", "203.0.113.7", false},
	} {
		t.Run(c.rule, func(t *testing.T) {
			g, next, away := madeUpGate(t, 100, 2)
			next <- c.first
			next <- c.second
			next <- c.second
			next <- "192.0.2.99"
			first, err := g.Accept()
			require.NoError(t, err)
			for range 2 {
				_, err = g.Accept()
				require.NoError(t, err)
			}
			if !c.counts {
				require.Empty(t, *away)
				return
			}
			require.Len(t, *away, 1)
			require.Contains(t, (*away)[0], "this address")
			require.EqualValues(t, 3, g.open.Load())

			require.NoError(t, first.Close())
			require.NoError(t, first.Close(), "whose place is given back once")
			require.EqualValues(t, 2, g.open.Load())
			next <- c.first
			next <- c.first
			next <- "192.0.2.98"
			for range 2 {
				_, err = g.Accept()
				require.NoError(t, err)
			}
			require.Len(t, *away, 2, "one place was free")
		})
	}
}

// TestPlacesAreCountedToNothing: nothing is kept of addresses that have gone, and
// who is turned away takes no place of its address.
func TestPlacesAreCountedToNothing(t *testing.T) {
	g, next, away := madeUpGate(t, 1, 5)
	for range 4 {
		next <- "198.51.100.1"
	}
	next <- net.ErrClosed
	conn, err := g.Accept()
	require.NoError(t, err)
	_, err = g.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
	require.Equal(t, []string{"full", "full", "full"}, *away)
	require.EqualValues(t, 1, g.addresses[netip.MustParseAddr("198.51.100.1")])
	require.NoError(t, conn.Close())
	require.Empty(t, g.addresses)
	require.Zero(t, g.open.Load())
}

// TestAcceptErrorsAreSurvived: logged once until it works again, and counted.
func TestAcceptErrorsAreSurvived(t *testing.T) {
	g, next, _ := madeUpGate(t, 10, 5)
	var log bytes.Buffer
	g.log = slog.New(slog.NewTextHandler(&log, nil))
	fail := func(errno syscall.Errno) error {
		return &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", errno)}
	}
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED, syscall.ENOMEM} {
		next <- fail(errno)
	}
	next <- "198.51.100.1"
	next <- fail(syscall.EMFILE)
	next <- "198.51.100.2"
	for range 2 {
		_, err := g.Accept()
		require.NoError(t, err)
	}
	require.Equal(t, 2, strings.Count(log.String(), "level=ERROR"), log.String())
	require.Equal(t, 2, strings.Count(log.String(), "accepted again"))
	var counted dto.Metric
	require.NoError(t, g.failures.Write(&counted))
	require.InDelta(t, 5, counted.GetCounter().GetValue(), 0)

	for _, end := range []error{net.ErrClosed, fail(syscall.EBADF), io.EOF} {
		next <- end
		_, err := g.Accept()
		require.ErrorIs(t, err, end)
	}
	done := make(chan struct{})
	close(done)
	g.done = done
	next <- fail(syscall.EMFILE)
	_, err := g.Accept()
	require.ErrorIs(t, err, syscall.EMFILE, "it does not rest when it is told to stop")
}

// fillUp opens as many idle connections as the server takes.
func fillUp(t *testing.T, b *bench, address string) {
	t.Helper()
	for range b.maxConnections {
		conn := tcp(t, address)
		_, err := io.WriteString(conn, "GET /openapi.yaml HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\n\r\n")
		require.NoError(t, err)
		status, _, _ := final(t, bufio.NewReader(conn))
		require.Equal(t, 304, status)
	}
}

// TestHealthIsAnsweredBeyondAllConnections: and nothing else is, however many are
// silent there.
func TestHealthIsAnsweredBeyondAllConnections(t *testing.T) {
	b := newBench(t, func(o *Options) { o.MaxConnections = 5 })
	address := listen(t, b)
	fillUp(t, b, address)
	for range 3 * maxReserve {
		tcp(t, address) // and says nothing
	}
	ask := func(target string) (int, string) {
		conn := tcp(t, address)
		_, err := io.WriteString(conn, target+" HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		status, body, header := final(t, bufio.NewReader(conn))
		require.NotEmpty(t, header.Get("X-Request-Id"))
		return status, body
	}
	var all sync.WaitGroup
	for target, want := range map[string]int{
		"GET /health": 200, "GET /health/live": 200, "GET /health/ready": 200, "GET /health/detailed": 401, "GET /healthy": 503,
		"GET /api/v1/competitions": 503, "GET /metrics": 503, "GET /": 503, "POST /health": 503,
	} {
		all.Go(func() {
			began := time.Now()
			status, body := ask(target)
			if status != want {
				t.Errorf("%s answered %d: %s", target, status, body)
			}
			if took := time.Since(began); took > reserveTime {
				t.Errorf("%s took %s", target, took)
			}
		})
	}
	all.Wait()

	silent := tcp(t, address)
	status, body, _ := final(t, bufio.NewReader(silent))
	require.Equal(t, 503, status, "after a moment")
	require.Contains(t, body, `"code":"overloaded"`)
}
