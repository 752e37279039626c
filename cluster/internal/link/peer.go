package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/paceboard/paceboard/internal/worker"
)

// State is how far a connection is.
type State int

// The states of a connection.
const (
	Connecting State = iota // asks wait for the connection, which is there or refused within Options.Connect
	Up
	Down // asks are refused until the next attempt
	gone // for good
)

// peer is the connection to a node, as its asker sees it: made by Keep or the first ask, kept, and made again when it broke.
type peer struct {
	node    Node
	o       Options
	serial  func() uint64 // numbers streams: the node keeps the one with the highest
	cancel  context.CancelFunc
	loop    *worker.Loop
	leaving atomic.Bool // the node was told to stop

	outbox // always empty, since calls wait in a queue of their own; its lock guards what follows

	state    State
	calls    calls
	lastErr  error
	connects uint64
	sent     Sent
}

// Sent counts what went out.
type Sent struct{ Frames, Messages uint64 }

func newPeer(ctx context.Context, node Node, o Options, serial func() uint64) *peer {
	p := &peer{
		node: node, o: o, serial: serial, outbox: newOutbox(node.ID, o.Self, o.MaxBytes),
		calls: calls{most: o.MaxInFlight, mostBytes: o.MaxBytes},
	}
	p.leaving.Store(node.Leaving)
	ctx, p.cancel = context.WithCancel(ctx)
	p.loop = worker.Start(ctx, p.run)
	return p
}

// ask sends a request and waits for the answer, at most until the deadline (and a tick of the dialer's clock).
func (p *peer) ask(m *Message, deadline time.Time) ([]byte, error) {
	c := newCall(m, deadline)
	p.Lock()
	err := p.refuses()
	if err == nil {
		err = p.calls.add(c)
	}
	if err != nil {
		p.Unlock()
		c.release()
		return nil, err
	}
	p.unlockAndWake()
	return c.wait()
}

func (p *peer) refuses() error {
	switch p.state {
	case Down:
		return fmt.Errorf("%w: %w", errDown, p.lastErr)
	case gone:
		return ErrClosed
	default:
		return nil
	}
}

// expire finishes calls whose time is up.
func (p *peer) expire(now time.Time) {
	p.Lock()
	defer p.Unlock()
	p.calls.expire(now)
}

// end closes the connection for good. All calls fail at once.
func (p *peer) end() {
	p.Lock()
	p.leave(gone, errGone, ErrClosed)
	p.Unlock()
	p.cancel()
}

// leave enters a state without a connection.
func (p *peer) leave(s State, sent, notSent error) {
	if p.state == gone {
		return
	}
	p.state = s
	p.calls.fail(sent, notSent)
}

// run keeps the connection.
func (p *peer) run(ctx context.Context) {
	var pace worker.Pace // of the log's lines that the node still cannot be connected to
	for failures := 0; ; {
		began := time.Now()
		err := p.connected(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > p.o.Backoff.Max+p.o.Connect {
			failures = 0
		}
		failures++
		p.Lock()
		broke := p.state == Up
		p.lastErr = err
		p.leave(Down, fmt.Errorf("%w: %w", errBroken, err), fmt.Errorf("%w: %w", errConnect, err))
		p.Unlock()
		if broke {
			p.o.Moved()
			pace.Reset()
		}
		if _, due := pace.Due(time.Now()); due {
			level, text := slog.LevelWarn, "the connection to a node failed"
			if p.leaving.Load() {
				level, text = slog.LevelInfo, "the connection to a node that stops has ended"
			}
			p.o.Logger.Log(ctx, level, text, "node", p.node.ID, "address", p.node.Address, "failures", failures, "error", err) //nolint:sloglint // one of two
		}
		if !worker.Pause(ctx, p.o.Backoff.After(failures)) {
			return
		}
		p.Lock()
		if p.state == Down {
			p.state = Connecting
		}
		p.Unlock()
	}
}

// connected makes a connection and carries calls and answers until it breaks or ctx ends.
func (p *peer) connected(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	conn, err := dial(p.node.Address, &p.o)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // It is given up.
	// One timer ends what does not come: the peer's hello first, then each sign of life.
	silence := time.AfterFunc(p.o.Connect, func() { cancel(errSilent) })
	defer silence.Stop()
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method)
	if err == nil {
		err = p.greet(stream)
	}
	if err != nil {
		return cause(ctx, err)
	}
	silence.Reset(p.o.Silence)
	p.Lock()
	if p.state == gone {
		p.Unlock()
		return ErrClosed
	}
	p.state, p.lastErr = Up, nil
	p.connects++
	p.Unlock()
	p.o.Moved()
	p.o.Logger.InfoContext(ctx, "connected to a node", "node", p.node.ID, "address", p.node.Address)
	sender := worker.Start(ctx, func(ctx context.Context) {
		o := outlet{carrier: stream, wake: p.wake, next: p.next, sign: p.sign, every: p.o.Sign}
		if err := o.run(ctx); !errors.Is(err, io.EOF) { // At the end of a stream, receiving says why.
			cancel(err)
		}
	})
	defer sender.Stop()
	err = p.receive(stream, func() { silence.Reset(p.o.Silence) })
	cancel(err)
	return cause(ctx, err)
}

var errSilent = errors.New("the node is silent")

// cause is why a stream broke: an error of ours says more than that the context ended.
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil && !errors.Is(c, context.Canceled) {
		return c
	}
	return err
}

func dial(address string, o *Options) (*grpc.ClientConn, error) {
	transport := insecure.NewCredentials()
	if o.Credentials != nil {
		transport = o.Credentials.client()
	} else if err := Allowed(address, nil); err != nil {
		return nil, err
	}
	return grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(transport),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return (&net.Dialer{Timeout: o.Connect}).DialContext(ctx, "tcp", address)
		}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: keepaliveTimeout}),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(codec{}), grpc.MaxCallRecvMsgSize(largestFrame), grpc.MaxCallSendMsgSize(largestFrame)),
		grpc.WithInitialWindowSize(windowBytes), grpc.WithInitialConnWindowSize(windowBytes),
		grpc.WithDisableServiceConfig(), grpc.WithDisableRetry(), grpc.WithNoProxy(),
	)
}

// greet names both nodes, and waits until the node has confirmed that.
func (p *peer) greet(stream carrier) error {
	first := p.empty()
	first.add(&message{verb: hello, id: p.serial()})
	if err := stream.SendMsg(first); err != nil {
		return fmt.Errorf("greet: %w", err)
	}
	var f frame
	if err := stream.RecvMsg(&f); err != nil {
		return err
	}
	_, err := p.opened(f.bytes)
	return err
}

// opened reads the header of a frame, which must be the node's, and for this one.
func (p *peer) opened(b []byte) (messages, error) {
	target, sender, in, err := openFrame(b)
	if err == nil && (string(target) != p.o.Self || string(sender) != p.node.ID) {
		err = fmt.Errorf("%w: from %q to %q", errWrongNode, sender, target)
	}
	return in, err
}

var errWrongNode = errors.New("a frame of other nodes")

// next is what to send next: calls that have not been sent.
func (p *peer) next() *frame {
	p.Lock()
	defer p.Unlock()
	var f *frame
	if len(p.calls.queue) > 0 {
		f = p.empty()
		p.calls.fill(f, time.Now())
		if f.count == 0 {
			f = nil
		}
	}
	p.asleep = f == nil
	if f != nil {
		p.sent.Frames++
		p.sent.Messages += uint64(f.count)
	}
	return f
}

func (p *peer) sign() *frame { return p.empty() }

// receive gives answers to their calls until the stream breaks.
func (p *peer) receive(stream carrier, heard func()) error {
	var got []message
	var to []*call
	for {
		var f frame
		if err := stream.RecvMsg(&f); err != nil {
			return err
		}
		heard()
		in, err := p.opened(f.bytes)
		if err != nil {
			return err
		}
		got = got[:0]
		for {
			var m message
			more, err := in.next(&m)
			if err != nil {
				return err
			}
			if !more {
				break
			}
			got = append(got, m)
		}
		to = p.deliver(got, to[:0])
	}
}

// deliver finishes the calls that were answered. Answers to calls that are no longer there came too late.
func (p *peer) deliver(got []message, to []*call) []*call {
	p.Lock()
	for i := range got {
		var c *call
		if got[i].verb == answer { // others are a later version's: this one has not asked for them
			c = p.calls.take(got[i].id)
		}
		to = append(to, c)
	}
	p.Unlock()
	for i, c := range to {
		if c == nil {
			continue
		}
		if err := got[i].status.err(); err != nil {
			c.finish(nil, err)
		} else {
			c.finish(got[i].body, nil)
		}
	}
	clear(got)
	clear(to)
	return to
}

// PeerStatus is how the connection to a node is.
type PeerStatus struct {
	Node     Node
	State    State
	InFlight int    // asks without an answer
	Bytes    int    // of their bodies
	Connects uint64 // how often it was connected
	Sent     Sent   // since this process first asked it
	Error    error  // why it is not Up
}

func (p *peer) status() PeerStatus {
	p.Lock()
	defer p.Unlock()
	return PeerStatus{
		Node: p.node, State: p.state, InFlight: p.calls.inFlight(), Bytes: p.calls.bytes,
		Connects: p.connects, Sent: p.sent, Error: p.lastErr,
	}
}
