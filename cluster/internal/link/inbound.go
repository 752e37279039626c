package link

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Handler is what a node does for others. Its methods must not block: the peer's next frame is read when they have
// returned. A panic is logged, and what the handler has not answered by then is answered as an internal error.
type Handler interface {
	// HandleFrame takes the requests of one frame, in the order in which they were asked. It may keep the
	// requests and their bodies, but not the slice.
	HandleFrame(from string, requests []Request)
}

// Request is one of a peer. It is a value: copies are the same request.
type Request struct {
	Kind     uint16
	Version  uint16 // of the body's encoding
	Deadline time.Time
	Trace    Trace
	Body     []byte // the handler's; shares memory with others of its frame

	from   *inbound
	id     uint64 // the asker's
	slot   int
	number uint64 // what is in the slot
}

// Respond answers, from any goroutine and without blocking. The first answer counts; none does after the deadline.
// The body is copied. One that is too large, or more than the peer takes at the time, is lost to the asker.
func (r *Request) Respond(body []byte) { r.from.respond(r, StatusOK, body) }

// Refuse says that there is no answer, and why.
func (r *Request) Refuse(status Status) { r.from.respond(r, status, nil) }

// inbound is a stream on which a peer asks this node.
type inbound struct {
	from   string
	serial uint64
	o      *Options
	over   chan struct{} // closed by replace

	handing  sync.Mutex  // held while the handler is given a frame
	replaced atomic.Bool // by a newer stream of the same peer: nothing more of this one is given to the handler

	outbox // of answers; its lock guards what follows

	closed bool
	slots  []serving
	free   []int
	held   int // bytes of the bodies of what is in a slot
	number uint64
}

// serving is a request that is not answered; number 0: none.
type serving struct {
	number   uint64
	deadline time.Time
	size     int // of its body
}

var (
	errReplaced = errors.New("the node has a newer stream")
	errSender   = errors.New("a frame of another node")
)

func newInbound(from string, serial uint64, o *Options) *inbound {
	return &inbound{from: from, serial: serial, o: o, over: make(chan struct{}), outbox: newOutbox(from, o.Self, o.MaxBytes)}
}

// replace ends the stream. When it returns, the handler has everything that it will ever get of it.
func (in *inbound) replace() {
	first := !in.replaced.Swap(true)
	in.handing.Lock() // Whatever is being handed over has been, then.
	defer in.handing.Unlock()
	if first {
		close(in.over)
	}
}

// close forgets what is to be answered: nobody reads it.
func (in *inbound) close() {
	in.Lock()
	defer in.Unlock()
	in.closed = true
	in.slots, in.free = nil, nil
	in.drop()
}

// receive gives the handler what comes, until the stream breaks.
func (in *inbound) receive(stream carrier, h Handler, heard func()) error {
	var b batch
	for {
		var f frame
		if err := stream.RecvMsg(&f); err != nil {
			return err
		}
		heard()
		target, sender, got, err := openFrame(f.bytes)
		if err == nil && (string(target) != in.o.Self || string(sender) != in.from) {
			err = fmt.Errorf("%w: from %q to %q", errSender, sender, target)
		}
		if err == nil {
			err = in.read(&got, &b)
		}
		if err == nil {
			err = in.hand(h, &b)
			b.reset() // Nothing of a frame is kept here while the peer is idle.
		}
		if err != nil {
			return err
		}
	}
}

// batch is what a frame has for the handler. It is used again and again.
type batch struct {
	requests []Request
	unknown  []uint64 // ids of messages whose verbs only a later version has
}

func (b *batch) reset() {
	clear(b.requests)
	b.requests, b.unknown = b.requests[:0], b.unknown[:0]
}

// read decodes a frame, and takes in what is in it only when all of it is sound.
func (in *inbound) read(got *messages, b *batch) error {
	now := time.Now()
	var asking [8]byte // the span of the request that comes next
	for {
		var m message
		more, err := got.next(&m)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		switch m.verb {
		case span:
			asking = m.trace.Span
			continue
		case request:
			m.trace.Span = asking
			b.requests = append(b.requests, Request{
				Kind: m.kind, Version: m.version, Deadline: now.Add(m.timeout), Trace: m.trace, Body: m.body, from: in, id: m.id,
			})
		case hello, answer: // mean nothing here
		default:
			b.unknown = append(b.unknown, m.id)
		}
		asking = [8]byte{}
	}
	in.Lock()
	defer in.unlockAndWake()
	if in.closed {
		return errReplaced
	}
	for _, id := range b.unknown {
		in.add(&message{verb: answer, id: id, status: StatusUnsupported})
	}
	admitted := b.requests[:0]
	for i := range b.requests {
		if in.admit(&b.requests[i]) {
			admitted = append(admitted, b.requests[i])
		}
	}
	clear(b.requests[len(admitted):])
	b.requests = admitted
	return nil
}

// admit notes that a request is to be answered, unless there are too many.
func (in *inbound) admit(r *Request) bool {
	// An asker holds itself to MaxBytes, but may have given up on what is still served here.
	full := in.held > 0 && in.held+len(r.Body) > 2*in.o.MaxBytes
	switch n := len(in.free); {
	case full:
		in.add(&message{verb: answer, id: r.id, status: StatusOverloaded})
		return false
	case n > 0:
		r.slot = in.free[n-1]
		in.free = in.free[:n-1]
	case len(in.slots) < in.o.MaxInFlight:
		r.slot = len(in.slots)
		in.slots = append(in.slots, serving{})
	default:
		in.add(&message{verb: answer, id: r.id, status: StatusOverloaded})
		return false
	}
	in.number++
	r.number = in.number
	in.slots[r.slot] = serving{r.number, r.Deadline, len(r.Body)}
	in.held += len(r.Body)
	return true
}

// vacate frees a slot.
func (in *inbound) vacate(slot int) {
	in.held -= in.slots[slot].size
	in.slots[slot] = serving{}
	in.free = append(in.free, slot)
}

// hand gives the handler what a frame has for it, unless a newer stream has come.
func (in *inbound) hand(h Handler, b *batch) error {
	in.handing.Lock()
	defer in.handing.Unlock()
	if in.replaced.Load() {
		return errReplaced
	}
	if len(b.requests) > 0 {
		in.guard(func() { h.HandleFrame(in.from, b.requests) }, func() {
			for i := range b.requests {
				b.requests[i].Refuse(StatusInternal)
			}
		})
	}
	return nil
}

// guard calls the handler, and after a panic of it says so to the askers.
func (in *inbound) guard(handle, panicked func()) {
	defer func() {
		if reason := recover(); reason != nil {
			in.o.Logger.Error("a handler of requests of other nodes panicked", "node", in.from, "panic", reason, "stack", string(debug.Stack()))
			panicked()
		}
	}()
	handle()
}

func (in *inbound) respond(r *Request, status Status, body []byte) {
	in.Lock()
	if in.closed || in.slots[r.slot].number != r.number {
		in.Unlock()
		return
	}
	in.vacate(r.slot)
	if len(body) > 0 && !in.room(body) {
		status, body = StatusDropped, nil
	}
	in.add(&message{verb: answer, id: r.id, status: status, body: body})
	in.unlockAndWake()
}

// next is what to send next.
func (in *inbound) next() *frame {
	in.Lock()
	defer in.Unlock()
	f := in.take()
	in.asleep = f == nil
	return f
}

func (in *inbound) sign() *frame { return in.empty() }

// expire forgets requests whose deadline has passed without an answer.
func (in *inbound) expire(now time.Time) {
	in.Lock()
	defer in.Unlock()
	for i, s := range in.slots {
		if s.number != 0 && now.After(s.deadline) {
			in.vacate(i)
		}
	}
}
