package link_test

import (
	"context"
	"encoding/binary"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/cluster/internal/link"
	"github.com/paceboard/paceboard/internal/worker"
)

// streamer gives subscriptions to a test, and echoes requests.
type streamer chan *link.Stream

func (streamer) HandleFrame(from string, requests []link.Request) { echo.HandleFrame(from, requests) }

func (h streamer) HandleStream(_ string, s *link.Stream) { h <- s }

// ctx ends with the test, or soon.
func ctx(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), soon())
	t.Cleanup(cancel)
	return ctx
}

// opened returns both ends of a new stream.
func opened(t *testing.T) (*link.Dialer, link.Node, *link.Subscription, *link.Stream) {
	t.Helper()
	h := make(streamer, 1)
	b := serve(t, link.Options{}, h)
	d := dialer(t, link.Options{})
	m := link.Message{Kind: 9, Version: 2, Trace: link.Trace{1}, Body: []byte("this board")}
	sub, err := d.Open(b, m)
	require.NoError(t, err)
	s := <-h
	require.Equal(t, link.Message{Kind: s.Kind, Version: s.Version, Trace: s.Trace, Body: s.Body}, m)
	return d, b, sub, s
}

func TestStream(t *testing.T) {
	t.Run("pushes arrive in order, none is left out, and the sender waits for the subscriber", func(t *testing.T) {
		_, _, sub, s := opened(t)
		accepted := make(chan int)
		go func() {
			n := 0
			for {
				if s.Send(binary.LittleEndian.AppendUint32(nil, uint32(n))) {
					n++
					continue
				}
				select {
				case <-s.Ready():
				case <-s.Done():
					accepted <- n
					return
				}
			}
		}()
		for want := range 10_000 {
			got, err := sub.Recv(ctx(t))
			require.NoError(t, err)
			require.Equal(t, want, int(binary.LittleEndian.Uint32(got)))
		}
		sub.Close()
		n := <-accepted
		require.LessOrEqual(t, n, 10_000+5, "the window and the slot")
		_, err := sub.Recv(ctx(t))
		for err == nil { // what was there before Close
			_, err = sub.Recv(ctx(t))
		}
		require.ErrorIs(t, err, link.ErrEnded)
		require.False(t, s.Send(nil))
		sub.Close()
	})
	t.Run("a subscriber who does not receive holds up nobody else", func(t *testing.T) {
		d, b, sub, s := opened(t)
		sent := 0
		for ; sent < 100 && s.Send(make([]byte, 1<<20)); sent++ {
			select {
			case <-s.Ready():
			case <-time.After(time.Second):
			}
		}
		require.LessOrEqual(t, sent, 5)
		for range 100 {
			_, err := d.Ask(b, link.Message{Body: make([]byte, 1000)}, soon())
			require.NoError(t, err)
		}
		for range sent { // when it comes back, all is there, and there is room again
			_, err := sub.Recv(ctx(t))
			require.NoError(t, err)
		}
		<-s.Ready()
		require.True(t, s.Send(nil))
		_, err := sub.Recv(ctx(t))
		require.NoError(t, err)
	})
	t.Run("the end comes after what was sent", func(t *testing.T) {
		_, _, sub, s := opened(t)
		require.True(t, s.Send([]byte("last")))
		s.End(link.StatusOK)
		s.End(link.StatusInternal)
		<-s.Done()
		got, err := sub.Recv(ctx(t))
		require.NoError(t, err)
		require.Equal(t, "last", string(got))
		_, err = sub.Recv(ctx(t))
		require.ErrorIs(t, err, link.ErrEnded)
	})
	t.Run("one that the handler refuses", func(t *testing.T) {
		b := serve(t, link.Options{}, echo)
		sub, err := dialer(t, link.Options{}).Open(b, link.Message{})
		require.NoError(t, err)
		_, err = sub.Recv(ctx(t))
		require.ErrorIs(t, err, link.ErrUnsupported)
	})
	t.Run("more than there may be", func(t *testing.T) {
		h := make(streamer, 2)
		b := serve(t, link.Options{MaxStreams: 2}, h)
		d := dialer(t, link.Options{MaxStreams: 3})
		for n := range 3 {
			sub, err := d.Open(b, link.Message{})
			require.NoError(t, err)
			if n == 2 {
				_, err = sub.Recv(ctx(t))
				require.ErrorIs(t, err, link.ErrOverloaded)
			}
		}
		require.Equal(t, 2, d.Peers()[0].Streams)
		_, err := d.Open(b, link.Message{})
		require.NoError(t, err)
		_, err = d.Open(b, link.Message{})
		require.ErrorIs(t, err, link.ErrOverloaded)
	})
	t.Run("both ends learn that the connection is gone", func(t *testing.T) {
		d, _, sub, s := opened(t)
		d.Keep(nil)
		<-s.Done()
		_, err := sub.Recv(ctx(t))
		require.ErrorIs(t, err, link.ErrLost)
	})
	t.Run("one to a node that nobody listens for", func(t *testing.T) {
		l := listen(t)
		require.NoError(t, l.Close())
		sub, err := dialer(t, link.Options{}).Open(link.Node{ID: "b", Address: l.Addr().String()}, link.Message{})
		require.NoError(t, err)
		_, err = sub.Recv(ctx(t))
		require.ErrorIs(t, err, link.ErrLost)
	})
	t.Run("Recv ends with its context, and loses nothing", func(t *testing.T) {
		_, _, sub, s := opened(t)
		short, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := sub.Recv(short)
		require.ErrorIs(t, err, context.Canceled)
		require.True(t, s.Send([]byte("kept")))
		got, err := sub.Recv(ctx(t))
		require.NoError(t, err)
		require.Equal(t, "kept", string(got))
	})
	t.Run("a panicking handler", func(t *testing.T) {
		b := serve(t, link.Options{}, streamer(nil).panics())
		d := dialer(t, link.Options{})
		sub, err := d.Open(b, link.Message{})
		require.NoError(t, err)
		_, err = sub.Recv(ctx(t))
		require.ErrorIs(t, err, link.ErrInternal)
		_, err = d.Ask(b, link.Message{}, soon())
		require.NoError(t, err)
		require.Equal(t, uint64(1), d.Peers()[0].Connects)
	})
	t.Run("many streams beside many asks", func(t *testing.T) {
		h := make(streamer, 100)
		b := serve(t, link.Options{}, h)
		d := dialer(t, link.Options{})
		var wg sync.WaitGroup
		pushers := worker.Start(t.Context(), func(context.Context) {
			for range 100 {
				s := <-h
				wg.Go(func() {
					for n := 0; ; {
						if s.Send(binary.LittleEndian.AppendUint32(nil, uint32(n))) {
							n++
							continue
						}
						select {
						case <-s.Ready():
						case <-s.Done():
							return
						}
					}
				})
			}
		})
		for range 100 {
			sub, err := d.Open(b, link.Message{})
			require.NoError(t, err)
			wg.Go(func() {
				defer sub.Close()
				for want := range 200 {
					got, err := sub.Recv(ctx(t))
					if err != nil || int(binary.LittleEndian.Uint32(got)) != want {
						t.Errorf("push %d: %v, %v", want, got, err)
						return
					}
				}
			})
			wg.Go(func() {
				for range 50 {
					if _, err := d.Ask(b, link.Message{Body: make([]byte, 100)}, soon()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		<-pushers.Done()
		wg.Wait()
		require.Zero(t, d.Peers()[0].Streams)
	})
}

// panics is a handler whose streams panic.
func (h streamer) panics() link.Handler { return panicking{h} }

type panicking struct{ streamer }

func (panicking) HandleStream(string, *link.Stream) { panic("planted") }
