package listen

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

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

// madeUpLimit is a limit on such a listener, and what became of those that were
// not let in.
func madeUpLimit(t *testing.T, most, ofAddress int64) (l *Limit, next chan any, away *[]string) {
	t.Helper()
	next, away = make(chan any, 100), new([]string)
	return NewLimit(Options{
		Listener: &madeUp{next: next}, Most: most, MostOfAddress: ofAddress,
		Exempt:        func(a netip.Addr) bool { return IsNear(a) || a == netip.MustParseAddr("203.0.113.7") },
		Full:          func(net.Conn) { *away = append(*away, "full") },
		FullOfAddress: func(net.Conn) { *away = append(*away, "this address") },
		Serving:       t.Context(), Log: slog.New(slog.DiscardHandler),
		Failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "failures"}),
		Accepted: prometheus.NewCounter(prometheus.CounterOpts{Name: "accepted"}), Open: prometheus.NewGauge(prometheus.GaugeOpts{Name: "open"}),
	}), next, away
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
			l, next, away := madeUpLimit(t, 100, 2)
			next <- c.first
			next <- c.second
			next <- c.second
			next <- "192.0.2.99"
			first, err := l.Accept()
			require.NoError(t, err)
			for range 2 {
				_, err = l.Accept()
				require.NoError(t, err)
			}
			if !c.counts {
				require.Empty(t, *away)
				return
			}
			require.Len(t, *away, 1)
			require.Contains(t, (*away)[0], "this address")
			require.EqualValues(t, 3, l.open.Load())

			require.NoError(t, first.Close())
			require.NoError(t, first.Close(), "whose place is given back once")
			require.EqualValues(t, 2, l.open.Load())
			next <- c.first
			next <- c.first
			next <- "192.0.2.98"
			for range 2 {
				_, err = l.Accept()
				require.NoError(t, err)
			}
			require.Len(t, *away, 2, "one place was free")
		})
	}
}

// TestPlacesAreCountedToNothing: nothing is kept of addresses that have gone, and
// a rejected client takes no place of its address.
func TestPlacesAreCountedToNothing(t *testing.T) {
	l, next, away := madeUpLimit(t, 1, 5)
	for range 4 {
		next <- "198.51.100.1"
	}
	next <- net.ErrClosed
	conn, err := l.Accept()
	require.NoError(t, err)
	_, err = l.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
	require.Equal(t, []string{"full", "full", "full"}, *away)
	require.EqualValues(t, 1, l.addresses[netip.MustParseAddr("198.51.100.1")])
	require.NoError(t, conn.Close())
	require.Empty(t, l.addresses)
	require.Zero(t, l.open.Load())
}

// TestAcceptErrorsAreSurvived: logged once until it works again, and counted.
func TestAcceptErrorsAreSurvived(t *testing.T) {
	l, next, _ := madeUpLimit(t, 10, 5)
	var log bytes.Buffer
	l.options.Log = slog.New(slog.NewTextHandler(&log, nil))
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
		_, err := l.Accept()
		require.NoError(t, err)
	}
	require.Equal(t, 2, strings.Count(log.String(), "level=ERROR"), log.String())
	require.Equal(t, 2, strings.Count(log.String(), "accepted again"))
	var counted dto.Metric
	require.NoError(t, l.options.Failures.Write(&counted))
	require.InDelta(t, 5, counted.GetCounter().GetValue(), 0)

	for _, end := range []error{net.ErrClosed, fail(syscall.EBADF), io.EOF} {
		next <- end
		_, err := l.Accept()
		require.ErrorIs(t, err, end)
	}
	serving, end := context.WithCancel(t.Context())
	end()
	l.options.Serving = serving //nolint:fatcontext // no loop: the server stops
	next <- fail(syscall.EMFILE)
	_, err := l.Accept()
	require.ErrorIs(t, err, syscall.EMFILE, "it does not rest when it is told to stop")
}
