package link_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/paceboard/paceboard/cluster/internal/link"
	"github.com/paceboard/paceboard/internal/worker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// handler is a function as a handler of frames.
type handler func(from string, requests []link.Request)

func (h handler) HandleFrame(from string, requests []link.Request) { h(from, requests) }

// echo answers each request with its body.
var echo = handler(func(_ string, requests []link.Request) {
	for i := range requests {
		requests[i].Respond(requests[i].Body)
	}
})

func listen(tb testing.TB) net.Listener {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	return l
}

// serve starts the server of node "b" and returns how to reach it.
func serve(tb testing.TB, o link.Options, h link.Handler) link.Node {
	tb.Helper()
	node, _ := serveAt(tb, listen(tb), o, h)
	return node
}

func serveAt(tb testing.TB, l net.Listener, o link.Options, h link.Handler) (link.Node, *link.Server) {
	tb.Helper()
	if o.Self == "" {
		o.Self = "b"
	}
	s, err := link.Serve(l, o, h)
	require.NoError(tb, err)
	tb.Cleanup(s.Close)
	return link.Node{ID: o.Self, Address: l.Addr().String()}, s
}

// dialer makes that of node "a".
func dialer(tb testing.TB, o link.Options) *link.Dialer {
	tb.Helper()
	if o.Self == "" {
		o.Self = "a"
	}
	d := link.NewDialer(o)
	tb.Cleanup(d.Close)
	return d
}

func soon() time.Time { return time.Now().Add(10 * time.Second) }

func TestAsk(t *testing.T) {
	t.Run("what is asked arrives, and the answer comes back", func(t *testing.T) {
		got := make(chan link.Request, 1)
		b := serve(t, link.Options{}, handler(func(from string, requests []link.Request) {
			require.Equal(t, "a", from)
			require.Len(t, requests, 1)
			got <- requests[0]
			requests[0].Respond([]byte("the answer"))
		}))
		d := dialer(t, link.Options{})
		m := link.Message{Kind: 65535, Version: 7, Trace: link.Trace{ID: [16]byte{1, 2, 3}, Span: [8]byte{4}}, Body: []byte("the question")}
		answer, err := d.Ask(b, m, time.Now().Add(5*time.Second))
		require.NoError(t, err)
		require.Equal(t, "the answer", string(answer))
		r := <-got
		require.Equal(t, link.Message{Kind: r.Kind, Version: r.Version, Trace: r.Trace, Body: r.Body}, m)
		require.WithinRange(t, r.Deadline, time.Now().Add(time.Second), time.Now().Add(5*time.Second))
	})
	t.Run("bodies of any size up to the limit", func(t *testing.T) {
		b := serve(t, link.Options{}, echo)
		d := dialer(t, link.Options{})
		for _, size := range []int{0, 1, 255 << 10, 256 << 10, 257 << 10, 1 << 20, 8 << 20} {
			body := bytes.Repeat([]byte{byte(size >> 10), 1, 2}, size/3+1)[:size]
			answer, err := d.Ask(b, link.Message{Body: body}, soon())
			require.NoError(t, err, "%d bytes", size)
			require.True(t, bytes.Equal(body, answer), "%d bytes", size)
		}
		_, err := d.Ask(b, link.Message{Body: make([]byte, 8<<20+1)}, soon())
		require.ErrorIs(t, err, link.ErrTooLarge)
		require.ErrorIs(t, err, link.ErrNotSent)
	})
	t.Run("an answer over the limit is an error at once, and the link goes on", func(t *testing.T) {
		b := serve(t, link.Options{}, handler(func(_ string, requests []link.Request) {
			for _, r := range requests {
				if len(r.Body) == 0 {
					r.Respond(make([]byte, 8<<20+1))
				} else {
					r.Respond(r.Body)
				}
			}
		}))
		d := dialer(t, link.Options{})
		_, err := d.Ask(b, link.Message{}, time.Now().Add(time.Minute))
		require.ErrorIs(t, err, link.ErrAnswerDropped)
		answer, err := d.Ask(b, link.Message{Body: []byte("again")}, soon())
		require.NoError(t, err)
		require.Equal(t, "again", string(answer))
	})
	t.Run("many at once, of all sizes, each get their own answer", func(t *testing.T) {
		b := serve(t, link.Options{}, handler(func(_ string, requests []link.Request) {
			for _, r := range requests { // answered by others, in any order
				go r.Respond(r.Body)
			}
		}))
		d := dialer(t, link.Options{})
		var wg sync.WaitGroup
		for n := range 64 {
			wg.Go(func() {
				for i := range 50 {
					body := bytes.Repeat(binary.LittleEndian.AppendUint32(nil, uint32(n*1000+i)), 1+n*i*7)
					answer, err := d.Ask(b, link.Message{Body: body}, soon())
					if err != nil || !bytes.Equal(answer, body) {
						t.Errorf("asker %d, ask %d: %v", n, i, err)
						return
					}
				}
			})
		}
		wg.Wait()
		require.Zero(t, d.Peers()[0].InFlight)
		require.Zero(t, d.Peers()[0].Bytes)
	})
	for status, want := range map[link.Status][2]error{
		link.StatusUnsupported: {link.ErrUnsupported, link.ErrNotSent},
		link.StatusOverloaded:  {link.ErrOverloaded, link.ErrNotSent},
		link.StatusInternal:    {link.ErrInternal, link.ErrLost},
		link.StatusDropped:     {link.ErrAnswerDropped, link.ErrLost},
		77:                     {link.ErrLost, link.ErrLost},
	} {
		t.Run(fmt.Sprint("refused with status ", status), func(t *testing.T) {
			b := serve(t, link.Options{}, handler(func(_ string, requests []link.Request) { requests[0].Refuse(status) }))
			_, err := dialer(t, link.Options{}).Ask(b, link.Message{}, soon())
			require.ErrorIs(t, err, want[0])
			require.ErrorIs(t, err, want[1])
		})
	}
	t.Run("requests arrive in the order in which they were asked", func(t *testing.T) {
		const n = 500
		var held []link.Request
		b := serve(t, link.Options{}, handler(func(_ string, requests []link.Request) {
			held = append(held, requests...)
			if len(held) < n {
				return
			}
			for i, r := range held {
				if got := int(binary.LittleEndian.Uint32(r.Body)); got != i {
					t.Errorf("%d in place %d", got, i)
				}
				r.Respond(nil)
			}
		}))
		d := dialer(t, link.Options{})
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				_, err := d.Ask(b, link.Message{Body: binary.LittleEndian.AppendUint32(nil, uint32(i))}, soon())
				if err != nil {
					t.Error(err)
				}
			})
			for peers := d.Peers(); i < n-1 && (len(peers) == 0 || peers[0].InFlight <= i); peers = d.Peers() {
				runtime.Gosched()
			}
		}
		wg.Wait()
	})
	t.Run("the first answer counts, the second is ignored", func(t *testing.T) {
		b := serve(t, link.Options{}, handler(func(_ string, requests []link.Request) {
			for _, r := range requests {
				r.Respond([]byte("first"))
				r.Respond([]byte("second"))
				r.Refuse(link.StatusInternal)
			}
		}))
		d := dialer(t, link.Options{})
		for range 100 {
			answer, err := d.Ask(b, link.Message{}, soon())
			require.NoError(t, err)
			require.Equal(t, "first", string(answer))
		}
	})
}

func TestDeadline(t *testing.T) {
	t.Run("an ask that is never answered ends, and a late answer reaches nobody", func(t *testing.T) {
		kept := make(chan link.Request, 1)
		b := serve(t, link.Options{}, handler(func(_ string, requests []link.Request) {
			for _, r := range requests {
				if r.Kind == 1 {
					kept <- r
				} else {
					r.Respond(r.Body)
				}
			}
		}))
		d := dialer(t, link.Options{})
		_, err := d.Ask(b, link.Message{}, soon())
		require.NoError(t, err)
		began := time.Now()
		_, err = d.Ask(b, link.Message{Kind: 1}, began.Add(50*time.Millisecond))
		require.ErrorIs(t, err, link.ErrLost)
		require.GreaterOrEqual(t, time.Since(began), 50*time.Millisecond)
		late := <-kept
		late.Respond([]byte("late"))
		for n := range 1000 { // The slot is used again: by these.
			body := []byte(fmt.Sprint(n))
			answer, err := d.Ask(b, link.Message{Body: body}, soon())
			require.NoError(t, err)
			require.Equal(t, body, answer)
		}
	})
	t.Run("one that has passed is not sent", func(t *testing.T) {
		b := serve(t, link.Options{}, echo)
		d := dialer(t, link.Options{})
		_, err := d.Ask(b, link.Message{}, time.Now().Add(-time.Second))
		require.ErrorIs(t, err, link.ErrNotSent)
	})
	t.Run("requests that are never answered do not use up what a peer may have in flight", func(t *testing.T) {
		b := serve(t, link.Options{MaxInFlight: 4, Sign: 20 * time.Millisecond}, handler(func(_ string, requests []link.Request) {
			for _, r := range requests {
				if r.Kind == 0 {
					r.Respond(nil)
				}
			}
		}))
		d := dialer(t, link.Options{})
		for range 4 {
			_, err := d.Ask(b, link.Message{Kind: 1}, time.Now().Add(30*time.Millisecond))
			require.ErrorIs(t, err, link.ErrLost)
		}
		require.Eventually(t, func() bool {
			_, err := d.Ask(b, link.Message{}, soon())
			return err == nil
		}, 10*time.Second, 10*time.Millisecond)
	})
}

func TestLimits(t *testing.T) {
	block := make(chan struct{})
	var held atomic.Int32
	holding := handler(func(_ string, requests []link.Request) {
		held.Add(int32(len(requests)))
		for _, r := range requests {
			go func() {
				<-block
				r.Respond(nil)
			}()
		}
	})
	ask := func(t *testing.T, d *link.Dialer, b link.Node, n, size int) func() {
		t.Helper()
		var wg sync.WaitGroup
		for range n {
			wg.Go(func() {
				_, err := d.Ask(b, link.Message{Body: make([]byte, size)}, soon())
				if err != nil {
					t.Error(err)
				}
			})
		}
		require.Eventually(t, func() bool { return held.Load() == int32(n) }, 10*time.Second, time.Millisecond)
		return wg.Wait
	}
	for name, test := range map[string]struct {
		asker, node link.Options
		n, size     int
	}{
		"more asks than may be in flight, here":         {asker: link.Options{MaxInFlight: 8}, n: 8},
		"more bytes than may be in flight, here":        {asker: link.Options{MaxBytes: 8000}, n: 8, size: 1000},
		"more requests than the other node takes of us": {node: link.Options{MaxInFlight: 8}, n: 8},
	} {
		t.Run(name, func(t *testing.T) {
			block = make(chan struct{})
			held.Store(0)
			b := serve(t, test.node, holding)
			d := dialer(t, test.asker)
			wait := ask(t, d, b, test.n, test.size)
			began := time.Now()
			_, err := d.Ask(b, link.Message{Body: []byte{1}}, soon())
			require.ErrorIs(t, err, link.ErrOverloaded)
			require.ErrorIs(t, err, link.ErrNotSent)
			require.Less(t, time.Since(began), 5*time.Second)
			close(block)
			wait()
			_, err = d.Ask(b, link.Message{Body: []byte{1}}, soon())
			require.NoError(t, err)
		})
	}
}

func TestPanic(t *testing.T) {
	var log bytes.Buffer
	b, server := serveAt(t, listen(t), link.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, handler(func(_ string, requests []link.Request) {
		for _, r := range requests {
			if r.Kind == 1 {
				r.Respond([]byte("answered before"))
				panic("planted")
			}
			if r.Kind == 2 {
				panic("planted")
			}
			r.Respond(nil)
		}
	}))
	d := dialer(t, link.Options{})
	_, err := d.Ask(b, link.Message{Kind: 2}, soon())
	require.ErrorIs(t, err, link.ErrInternal)
	answer, err := d.Ask(b, link.Message{Kind: 1}, soon())
	require.NoError(t, err)
	require.Equal(t, "answered before", string(answer))
	_, err = d.Ask(b, link.Message{}, soon())
	require.NoError(t, err)
	require.Equal(t, uint64(1), d.Peers()[0].Connects)
	server.Close()
	require.Contains(t, log.String(), "planted")
}

func TestConnection(t *testing.T) {
	t.Run("an address that nobody listens on", func(t *testing.T) {
		l := listen(t)
		require.NoError(t, l.Close())
		d := dialer(t, link.Options{})
		for range 20 {
			_, err := d.Ask(link.Node{ID: "b", Address: l.Addr().String()}, link.Message{}, soon())
			require.ErrorIs(t, err, link.ErrNotSent)
		}
	})
	t.Run("one that has another node now", func(t *testing.T) {
		b := serve(t, link.Options{}, handler(func(string, []link.Request) { t.Error("it was given what was not for it") }))
		_, err := dialer(t, link.Options{}).Ask(link.Node{ID: "the one before", Address: b.Address}, link.Message{}, soon())
		require.ErrorIs(t, err, link.ErrNotSent)
		require.ErrorContains(t, err, "another node")
	})
	t.Run("a node that comes later is found, and one that restarts too", func(t *testing.T) {
		l := listen(t)
		d := dialer(t, link.Options{})
		for range 3 {
			node, s := serveAt(t, l, link.Options{}, echo)
			require.Eventually(t, func() bool {
				_, err := d.Ask(node, link.Message{}, soon())
				return err == nil
			}, 10*time.Second, 10*time.Millisecond)
			s.Close()
			require.Eventually(t, func() bool { return d.Peers()[0].State != link.Up }, 10*time.Second, time.Millisecond)
			var err error
			l, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", node.Address)
			require.NoError(t, err)
		}
		require.NoError(t, l.Close())
		require.Equal(t, uint64(3), d.Peers()[0].Connects)
	})
	t.Run("what waits for an answer fails at once when the node goes", func(t *testing.T) {
		arrived := make(chan struct{}, 1)
		l := listen(t)
		node, s := serveAt(t, l, link.Options{}, handler(func(string, []link.Request) { arrived <- struct{}{} }))
		d := dialer(t, link.Options{})
		failed := make(chan error, 1)
		go func() {
			_, err := d.Ask(node, link.Message{}, time.Now().Add(time.Hour))
			failed <- err
		}()
		<-arrived
		s.Close()
		require.ErrorIs(t, <-failed, link.ErrLost)
	})
	t.Run("what waits fails at once when the node is no longer kept, and others go on", func(t *testing.T) {
		arrived := make(chan struct{}, 1)
		b := serve(t, link.Options{}, handler(func(string, []link.Request) { arrived <- struct{}{} }))
		c := serve(t, link.Options{Self: "c"}, echo)
		d := dialer(t, link.Options{})
		_, err := d.Ask(c, link.Message{}, soon())
		require.NoError(t, err)
		failed := make(chan error, 1)
		go func() {
			_, err := d.Ask(b, link.Message{}, time.Now().Add(time.Hour))
			failed <- err
		}()
		<-arrived
		d.Keep([]link.Node{c})
		require.ErrorIs(t, <-failed, link.ErrLost)
		_, err = d.Ask(c, link.Message{}, soon())
		require.NoError(t, err)
		_, err = d.Ask(b, link.Message{}, soon())
		require.ErrorIs(t, err, link.ErrClosed, "a node that has died is not connected to again")
		require.Len(t, d.Peers(), 1)
		require.Equal(t, uint64(1), d.Peers()[0].Connects)
	})
	t.Run("after Close nothing is asked", func(t *testing.T) {
		b := serve(t, link.Options{}, echo)
		d := dialer(t, link.Options{})
		d.Close()
		_, err := d.Ask(b, link.Message{}, soon())
		require.ErrorIs(t, err, link.ErrClosed)
	})
	t.Run("an idle connection is kept by signs of life", func(t *testing.T) {
		o := link.Options{Sign: 10 * time.Millisecond, Silence: 2 * time.Second}
		b := serve(t, o, echo)
		d := dialer(t, o)
		_, err := d.Ask(b, link.Message{}, soon())
		require.NoError(t, err)
		worker.Pause(t.Context(), 3*time.Second)
		_, err = d.Ask(b, link.Message{}, soon())
		require.NoError(t, err)
		require.Equal(t, uint64(1), d.Peers()[0].Connects)
	})
}

// TestNonLoopback holds that nothing unencrypted leaves the machine.
func TestNonLoopback(t *testing.T) {
	for address, loopback := range map[string]bool{
		"127.0.0.1:1": true, "127.3.4.5:1": true, "[::1]:1": true, "localhost:1": true, "[::ffff:127.0.0.1]:1": true,
		"0.0.0.0:1": false, ":1": false, "[::]:1": false, "10.0.0.1:1": false, "localhost.example.com:1": false, "127.0.0.1": false, "": false,
	} {
		require.Equal(t, loopback, link.Loopback(address), address)
		require.Equal(t, loopback, link.Allowed(address, nil) == nil, address)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "0.0.0.0:0")
	require.NoError(t, err)
	defer l.Close()
	_, err = link.Serve(l, link.Options{Self: "b"}, echo)
	require.ErrorIs(t, err, link.ErrNeedsTLS)
	_, err = dialer(t, link.Options{}).Ask(link.Node{ID: "b", Address: "10.0.0.1:1"}, link.Message{}, soon())
	require.ErrorIs(t, err, link.ErrNeedsTLS)
	require.ErrorIs(t, err, link.ErrNotSent)
}
