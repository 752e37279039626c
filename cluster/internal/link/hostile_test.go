package link

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/paceboard/paceboard/internal/worker"
)

func listening(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

// counting is a handler that counts and answers.
type counting struct {
	from sync.Map // node → *atomic.Int64
	gate func()   // called with each frame
}

func (c *counting) HandleFrame(from string, requests []Request) {
	c.count(from).Add(int64(len(requests)))
	if c.gate != nil {
		c.gate()
	}
	for i := range requests {
		requests[i].Respond(requests[i].Body)
	}
}

func (c *counting) count(from string) *atomic.Int64 {
	n, _ := c.from.LoadOrStore(from, new(atomic.Int64))
	return n.(*atomic.Int64)
}

// node serves "y".
func node(t *testing.T, h Handler) Node {
	t.Helper()
	n, _ := server(t, h)
	return n
}

func server(t *testing.T, h Handler) (Node, *Server) {
	t.Helper()
	l := listening(t)
	s, err := Serve(l, Options{Self: "y"}, h)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return Node{ID: "y", Address: l.Addr().String()}, s
}

// raw is a connection on which a test sends what it likes.
type raw struct {
	t    *testing.T
	conn *grpc.ClientConn
}

func connect(t *testing.T, to Node) raw {
	t.Helper()
	o := Options{}.withDefaults()
	conn, err := dial(to.Address, &o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return raw{t, conn}
}

func (r raw) stream() grpc.ClientStream {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	r.t.Cleanup(cancel)
	s, err := r.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method)
	require.NoError(r.t, err)
	return s
}

func send(t *testing.T, s grpc.ClientStream, b []byte) {
	t.Helper()
	f := newFrame()
	f.bytes = append(f.bytes, b...)
	if err := s.SendMsg(f); !errors.Is(err, io.EOF) { // EOF: RecvMsg says why.
		require.NoError(t, err)
	}
}

func greeting(serial uint64) []byte {
	return appendMessage(appendHeader(nil, "y", "x"), &message{verb: hello, id: serial})
}

// TestMalformedFrames attacks a node with malformed frames, one a stream, most as part of a stream that began well. Its
// handler must get none of what they hold, and another node's asks must go on. SOAK makes it half a million.
func TestMalformedFrames(t *testing.T) {
	frames := 500
	if testing.Short() {
		frames = 100
	}
	if os.Getenv("SOAK") != "" {
		frames = 500_000
	}
	h := &counting{}
	y := node(t, h)
	honest := NewDialer(Options{Self: "honest"})
	defer honest.Close()
	asked := int64(0)
	asking := worker.Every(t.Context(), worker.Interval{Then: time.Millisecond}, func(context.Context) {
		if _, err := honest.Ask(y, Message{}, time.Now().Add(20*time.Second)); err != nil {
			t.Error(err)
		}
		asked++
	})
	attacker := connect(t, y)
	random := rand.New(rand.NewPCG(1, 2))
	began := time.Now()
	for n, sent := 0, 0; sent < frames; n++ {
		b := malformed[n%len(malformed)].make(sound())
		if len(b) > frameLimit && n > 100 { // the large ones a few times
			continue
		}
		if len(b) > 0 && random.IntN(2) == 0 { // more of it, in a frame that is malformed already
			b = append(b, make([]byte, random.IntN(3))...)
			if _, _, _, err := decode(b); err == nil {
				continue
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		s, err := attacker.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method)
		require.NoError(t, err)
		var got frame
		if random.IntN(4) > 0 {
			send(t, s, greeting(uint64(n)+1))
			require.NoError(t, s.RecvMsg(&got))
		}
		send(t, s, b)
		for err = nil; err == nil; { // signs of life, then the end
			err = s.RecvMsg(&got)
		}
		require.NotErrorIs(t, err, io.EOF)
		cancel()
		sent++
	}
	t.Logf("%d malformed frames in %v", frames, time.Since(began).Round(time.Millisecond))
	asking.Stop()
	require.Zero(t, h.count("x").Load())
	require.Equal(t, asked, h.count("honest").Load())
	require.Equal(t, uint64(1), honest.Peers()[0].Connects, "the honest node's stream did not break")
}

// TestMalformedConnections attacks with bytes that are no gRPC.
func TestMalformedConnections(t *testing.T) {
	h := &counting{}
	y := node(t, h)
	honest := NewDialer(Options{Self: "honest"})
	defer honest.Close()
	random := rand.New(rand.NewPCG(3, 4))
	preface := "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	for n := range 200 {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", y.Address)
		require.NoError(t, err)
		b := make([]byte, random.IntN(2000))
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		switch n % 4 {
		case 1:
			b = append([]byte(preface), b...)
		case 2: // an HTTP/2 frame of settings, then others of random kinds
			b = append([]byte(preface+"\x00\x00\x00\x04\x00\x00\x00\x00\x00"), binary.BigEndian.AppendUint32(nil, random.Uint32())...)
		case 3:
			b = []byte("GET / HTTP/1.1\r\nHost: y\r\n\r\n")
		}
		_, _ = conn.Write(b)
		require.NoError(t, conn.Close())
		if n%20 == 0 {
			_, err = honest.Ask(y, Message{}, time.Now().Add(20*time.Second))
			require.NoError(t, err)
		}
	}
	require.Equal(t, uint64(1), honest.Peers()[0].Connects)
}

func TestFramesOfOthersAreRefused(t *testing.T) {
	toX := func(target, sender string) []byte {
		return appendMessage(appendHeader(nil, target, sender), &message{verb: request, id: 1, kind: 1, timeout: time.Hour})
	}
	for name, b := range map[string][]byte{
		"for another node":  toX("z", "x"),
		"from another node": toX("y", "z"),
	} {
		t.Run(name, func(t *testing.T) {
			h := &counting{}
			s := connect(t, node(t, h)).stream()
			var got frame
			send(t, s, greeting(1))
			require.NoError(t, s.RecvMsg(&got))
			send(t, s, b)
			require.Error(t, s.RecvMsg(&got))
			require.Zero(t, h.count("x").Load()+h.count("z").Load())
		})
	}
	t.Run("before a hello", func(t *testing.T) {
		h := &counting{}
		s := connect(t, node(t, h)).stream()
		var got frame
		send(t, s, sound())
		require.Error(t, s.RecvMsg(&got))
		require.Zero(t, h.count("x").Load())
	})
	t.Run("a verb of a later version is answered unsupported", func(t *testing.T) {
		s := connect(t, node(t, &counting{})).stream()
		var got frame
		send(t, s, greeting(1))
		require.NoError(t, s.RecvMsg(&got))
		send(t, s, appendMessage(appendHeader(nil, "y", "x"), &message{verb: 20, id: 77}))
		for {
			require.NoError(t, s.RecvMsg(&got))
			_, _, all, err := decode(got.bytes)
			require.NoError(t, err)
			if len(all) > 0 { // otherwise a sign of life
				require.Equal(t, message{verb: answer, id: 77, status: StatusUnsupported, body: []byte{}}, all[0])
				return
			}
		}
	})
}

// answers receives until there are so many messages beside signs of life.
func answers(t *testing.T, s grpc.ClientStream, n int) (all []message) {
	t.Helper()
	for len(all) < n {
		var got frame
		require.NoError(t, s.RecvMsg(&got))
		_, _, more, err := decode(got.bytes)
		require.NoError(t, err)
		all = append(all, more...)
	}
	return all
}

// thrice answers each request three times.
type thrice struct{}

func (thrice) HandleFrame(_ string, requests []Request) {
	for _, r := range requests {
		r.Respond(nil)
		r.Respond(nil)
		r.Refuse(StatusInternal)
	}
}

func TestRequestIsAnsweredOnce(t *testing.T) {
	s := connect(t, node(t, thrice{})).stream()
	send(t, s, greeting(1))
	answers(t, s, 1)
	b := appendHeader(nil, "y", "x")
	for id := range uint64(10) {
		b = appendMessage(b, &message{verb: request, id: id, timeout: time.Hour})
	}
	send(t, s, b)
	for id, m := range answers(t, s, 10) {
		require.Equal(t, message{verb: answer, id: uint64(id), body: []byte{}}, m)
	}
	send(t, s, sound())
	require.Len(t, answers(t, s, 1), 1)
}

// TestNewerStream holds L2: nothing of an older stream is handed over once the newer one is greeted.
func TestNewerStream(t *testing.T) {
	entered, leave := make(chan struct{}, 1000), make(chan struct{})
	h := &counting{gate: func() {
		entered <- struct{}{}
		<-leave
	}}
	y, s := server(t, h)
	x := connect(t, y)
	t.Cleanup(func() { close(leave) }) // before the node waits for its handler
	older := x.stream()
	send(t, older, greeting(10))
	answers(t, older, 1)
	for round := range uint64(20) {
		for range 30 { // one is being handed over, and the others lie behind it
			send(t, older, sound())
		}
		<-entered
		s.mu.Lock()
		old := s.streams["x"]
		s.mu.Unlock()
		newer := x.stream()
		send(t, newer, greeting(11+round))
		greeted := make(chan error, 1)
		go func() {
			var got frame
			greeted <- newer.RecvMsg(&got)
		}()
		for !old.replaced.Load() { // the newer stream has come, and waits for the frame that is being handed over
			runtime.Gosched()
		}
		require.Empty(t, greeted)
		leave <- struct{}{}
		require.NoError(t, <-greeted)
		var got frame
		for err := error(nil); err == nil; { // until the older one has ended
			err = older.RecvMsg(&got)
		}
		older = newer
	}
	send(t, older, sound())
	<-entered
	leave <- struct{}{}
	answers(t, older, 1)
	require.Empty(t, entered)
	require.Equal(t, int64(21), h.count("x").Load())

	late := x.stream() // was sent first and arrives last
	send(t, late, greeting(1))
	var got frame
	require.Error(t, late.RecvMsg(&got))
	send(t, older, sound())
	<-entered
	leave <- struct{}{}
	answers(t, older, 1)
}

// TestHangingPeer has a peer that says hello and then reads nothing more.
func TestHangingPeer(t *testing.T) {
	hang := func(t *testing.T, greets bool) Node {
		t.Helper()
		stop := make(chan struct{})
		l := listening(t)
		s := grpc.NewServer(grpc.ForceServerCodecV2(codec{}), grpc.WaitForHandlers(true))
		s.RegisterService(&grpc.ServiceDesc{ServiceName: serviceName, HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{{
			StreamName: streamName, ClientStreams: true, ServerStreams: true,
			Handler: func(_ any, stream grpc.ServerStream) error {
				if greets {
					var f frame
					if err := stream.RecvMsg(&f); err != nil {
						return err
					}
					b := appendMessage(appendHeader(nil, "x", "hanging"), &message{verb: hello, id: 1})
					if err := stream.SendMsg(&frame{bytes: b}); err != nil {
						return err
					}
				}
				<-stop
				return nil
			},
		}}}, nil)
		serving := worker.Start(t.Context(), func(context.Context) { _ = s.Serve(l) })
		t.Cleanup(func() {
			close(stop)
			s.Stop()
			serving.Stop()
		})
		return Node{ID: "hanging", Address: l.Addr().String()}
	}
	t.Run("asks fail by their deadlines, memory stays, others go on", func(t *testing.T) {
		h, y := hang(t, true), node(t, &counting{})
		d := NewDialer(Options{Self: "x", MaxBytes: 4 << 20, Silence: time.Minute})
		defer d.Close()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var overloaded, lost, notSent atomic.Int64
		body := make([]byte, 64<<10)
		var askers sync.WaitGroup
		for range 100 {
			askers.Go(func() {
				for range 6 {
					began := time.Now()
					_, err := d.Ask(h, Message{Body: body}, began.Add(500*time.Millisecond))
					switch {
					case errors.Is(err, ErrOverloaded):
						overloaded.Add(1)
						runtime.Gosched()
					case errors.Is(err, errExpired):
						notSent.Add(1)
					case errors.Is(err, errUnanswered):
						lost.Add(1)
					default:
						t.Errorf("%v after %v", err, time.Since(began))
					}
				}
			})
		}
		for range 200 {
			_, err := d.Ask(y, Message{Body: body[:100]}, time.Now().Add(20*time.Second))
			require.NoError(t, err)
		}
		askers.Wait()
		runtime.GC()
		runtime.ReadMemStats(&after)
		t.Logf("%d overloaded, %d lost, %d not sent", overloaded.Load(), lost.Load(), notSent.Load())
		require.NotZero(t, overloaded.Load())
		require.NotZero(t, lost.Load())
		require.NotZero(t, notSent.Load(), "what is still queued at its deadline is never sent")
		require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(20<<20))
		require.Zero(t, d.Peers()[0].Bytes)
	})
	t.Run("silence ends the stream, and what waits fails before its deadline", func(t *testing.T) {
		h := hang(t, true)
		d := NewDialer(Options{Self: "x", Silence: 300 * time.Millisecond})
		defer d.Close()
		_, err := d.Ask(h, Message{}, time.Now().Add(time.Hour))
		require.ErrorIs(t, err, ErrLost)
		require.ErrorContains(t, err, errSilent.Error())
	})
	t.Run("one that does not even greet is not connected to", func(t *testing.T) {
		h := hang(t, false)
		d := NewDialer(Options{Self: "x", Connect: 200 * time.Millisecond})
		defer d.Close()
		_, err := d.Ask(h, Message{}, time.Now().Add(time.Hour))
		require.ErrorIs(t, err, ErrNotSent)
	})
	t.Run("one whose kernel alone accepts is not connected to", func(t *testing.T) {
		l := listening(t)
		defer l.Close()
		d := NewDialer(Options{Self: "x", Connect: 200 * time.Millisecond})
		defer d.Close()
		_, err := d.Ask(Node{ID: "y", Address: l.Addr().String()}, Message{}, time.Now().Add(time.Hour))
		require.ErrorIs(t, err, ErrNotSent)
	})
	t.Run("a node gives up one that asks and falls silent, and one that does not say who it is", func(t *testing.T) {
		l := listening(t)
		s, err := Serve(l, Options{Self: "y", Silence: 300 * time.Millisecond, Connect: 300 * time.Millisecond}, &counting{})
		require.NoError(t, err)
		defer s.Close()
		x := connect(t, Node{ID: "y", Address: l.Addr().String()})
		var got frame
		greeted, mute := x.stream(), x.stream()
		send(t, greeted, greeting(1))
		require.NoError(t, greeted.RecvMsg(&got))
		for _, stream := range []grpc.ClientStream{greeted, mute} {
			for err = nil; err == nil; {
				err = stream.RecvMsg(&got)
			}
			require.ErrorContains(t, err, errSilent.Error())
		}
		require.Eventually(t, func() bool { return len(s.Nodes()) == 0 }, 10*time.Second, time.Millisecond)
	})
	t.Run("a peer that asks and reads no answer costs no more than the limits", func(t *testing.T) {
		l := listening(t)
		s, err := Serve(l, Options{Self: "y", MaxBytes: 1 << 20}, &counting{})
		require.NoError(t, err)
		defer s.Close()
		stream := connect(t, Node{ID: "y", Address: l.Addr().String()}).stream()
		send(t, stream, greeting(1))
		b := appendHeader(nil, "y", "x")
		for id := range uint64(4) {
			b = appendMessage(b, &message{verb: request, id: id, timeout: time.Hour, body: make([]byte, 60<<10)})
		}
		for range 400 { // 100 MB of answers
			send(t, stream, b)
		}
		s.mu.Lock()
		in := s.streams["x"]
		s.mu.Unlock()
		require.NotNil(t, in)
		in.Lock()
		defer in.Unlock()
		require.LessOrEqual(t, in.bytes, 2<<20+messageLimit)
	})
}
