package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/paceboard/paceboard/internal/worker"
)

// Server takes other nodes' requests. Safe for concurrent use.
type Server struct {
	o       Options
	handler Handler
	grpc    *grpc.Server
	serving *worker.Loop
	ctx     context.Context //nolint:containedctx // Of the goroutines of streams, which Close ends.
	cancel  context.CancelFunc
	loops   sync.WaitGroup

	refused atomic.Uint64 // connections, see limited

	mu      sync.Mutex
	streams map[string]*inbound // by peer: its newest
}

// Serve accepts connections until Close. The listener is the server's: without credentials it must listen on a
// loopback address (see [Allowed]).
func Serve(listener net.Listener, o Options, h Handler) (*Server, error) {
	if err := Allowed(listener.Addr().String(), o.Credentials); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	if !validID(o.Self) {
		return nil, fmt.Errorf("link: a node id of %d bytes", len(o.Self))
	}
	transport := insecure.NewCredentials()
	if o.Credentials != nil {
		transport = o.Credentials.server()
	}
	s := &Server{o: o, handler: h, streams: map[string]*inbound{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.grpc = grpc.NewServer(
		grpc.Creds(transport), grpc.ForceServerCodecV2(codec{}), grpc.ConnectionTimeout(o.Connect),
		grpc.MaxRecvMsgSize(largestFrame), grpc.MaxSendMsgSize(largestFrame), grpc.MaxHeaderListSize(8<<10),
		grpc.WaitForHandlers(true), grpc.MaxConcurrentStreams(4), grpc.InitialWindowSize(windowBytes), grpc.InitialConnWindowSize(windowBytes),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: keepaliveTime, Time: keepaliveTime, Timeout: keepaliveTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: keepaliveTime / 2, PermitWithoutStream: true}),
	)
	s.grpc.RegisterService(&grpc.ServiceDesc{
		ServiceName: serviceName, HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{StreamName: streamName, ClientStreams: true, ServerStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
			return s.carry(stream)
		}}},
	}, s)
	listener = &limited{Listener: listener, places: make(chan struct{}, o.MaxConns), refused: &s.refused, logger: o.Logger}
	s.serving = worker.Start(s.ctx, func(context.Context) {
		if err := s.grpc.Serve(listener); err != nil {
			o.Logger.Error("other nodes' connections are no longer accepted", "error", err)
		}
	})
	return s, nil
}

// Close ends all streams, and accepts no more. Requests that are not answered never will be.
func (s *Server) Close() {
	s.cancel()
	s.grpc.Stop()
	s.serving.Stop()
	s.loops.Wait()
}

// Nodes returns the nodes that have a stream to this one, in the order of their ids.
func (s *Server) Nodes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.streams))
}

// Refused returns how many connections were refused because too many were open.
func (s *Server) Refused() uint64 { return s.refused.Load() }

// carry carries one stream. The goroutine that gRPC gives it only waits for what ends it, because neither receiving
// nor sending ends before it has returned.
func (s *Server) carry(stream grpc.ServerStream) error {
	ended, greeted := make(chan error, 2), make(chan *inbound, 1)
	silence := time.NewTimer(s.o.Connect)
	defer silence.Stop()
	s.loops.Go(func() {
		ended <- s.receive(stream, greeted, func() { silence.Reset(s.o.Silence) })
	})
	expiry := time.NewTicker(s.o.Sign)
	defer expiry.Stop()
	var in *inbound
	var over <-chan struct{}
	for {
		var err error
		select {
		case in = <-greeted:
			over = in.over
			s.loops.Go(func() {
				o := outlet{carrier: stream, wake: in.wake, next: in.next, sign: in.sign, every: s.o.Sign}
				ended <- o.run(stream.Context())
			})
			continue
		case now := <-expiry.C:
			if in != nil {
				in.expire(now)
			}
			continue
		case err = <-ended:
		case <-silence.C:
			err = errSilent
		case <-over:
			err = errReplaced
		case <-s.ctx.Done():
			err = errStopping
		}
		return s.ended(in, err)
	}
}

var errStopping = errors.New("the node is stopping")

// receive learns who the peer is and gives its requests to the handler, until the stream breaks.
func (s *Server) receive(stream carrier, greeted chan<- *inbound, heard func()) error {
	var f frame
	if err := stream.RecvMsg(&f); err != nil {
		return err
	}
	in, err := s.greeting(f.bytes)
	if err != nil {
		return err
	}
	if err := s.admit(in); err != nil {
		return err
	}
	defer s.leave(in)
	first := in.sign()
	first.add(&message{verb: hello, id: in.serial})
	if err := stream.SendMsg(first); err != nil {
		return err
	}
	heard()
	s.o.Moved()
	greeted <- in
	return in.receive(stream, s.handler, heard)
}

// greeting reads the first frame of a stream.
func (s *Server) greeting(b []byte) (*inbound, error) {
	target, sender, got, err := openFrame(b)
	if err != nil {
		return nil, err
	}
	if string(target) != s.o.Self {
		return nil, fmt.Errorf("%w: this is %q, not %q", errWrongTarget, s.o.Self, target)
	}
	var m message
	if more, err := got.next(&m); err != nil {
		return nil, err
	} else if !more || m.verb != hello {
		return nil, fmt.Errorf("%w: no hello", errMalformed)
	}
	return newInbound(string(sender), m.id, &s.o), nil
}

var errWrongTarget = errors.New("the address has another node now")

// admit makes a stream its peer's only one. A peer numbers its streams: of two that arrive in the wrong order, the
// later one stays.
func (s *Server) admit(in *inbound) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.streams[in.from]; old != nil {
		if old.serial >= in.serial {
			return errReplaced
		}
		old.replace()
	}
	s.streams[in.from] = in
	return nil
}

func (s *Server) leave(in *inbound) {
	in.close()
	defer s.o.Moved()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams[in.from] == in {
		delete(s.streams, in.from)
	}
}

// ended tells the operator, and the peer, why a stream ended.
func (s *Server) ended(in *inbound, err error) error {
	level, code := slog.LevelInfo, codes.Unavailable
	switch {
	case errors.Is(err, errMalformed), errors.Is(err, errSender):
		level, code = slog.LevelError, codes.InvalidArgument
	case errors.Is(err, errWrongTarget):
		code = codes.FailedPrecondition
	case errors.Is(err, errReplaced):
		code = codes.Aborted
	case errors.Is(err, errSilent):
		level, code = slog.LevelWarn, codes.DeadlineExceeded
	}
	from := "unknown"
	if in != nil {
		from = in.from
	}
	s.o.Logger.Log(s.ctx, level, "a stream of another node ended", "node", from, "error", err)
	return status.Error(code, err.Error())
}
