package link

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/paceboard/paceboard/internal/worker"
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
	wake   worker.Signal
	over   chan struct{} // closed by replace

	handing  sync.Mutex // held while the handler is given a frame
	replaced bool       // by a newer stream of the same peer: nothing of this one is given to the handler any more

	mu     sync.Mutex
	closed bool
	asleep bool // the sender waits for wake
	out    gather
	slots  []serving
	free   []int
	number uint64
}

// serving is a request that is not answered; number 0: none.
type serving struct {
	number   uint64
	deadline time.Time
}

var (
	errReplaced = errors.New("the node has a newer stream")
	errSender   = errors.New("a frame of another node")
)

func newInbound(from string, serial uint64, o *Options) *inbound {
	return &inbound{
		from: from, serial: serial, o: o, wake: worker.NewSignal(), over: make(chan struct{}),
		out: gather{target: from, sender: o.Self},
	}
}

// replace ends the stream. When it returns, the handler has everything that it will ever get of it.
func (in *inbound) replace() {
	in.handing.Lock()
	defer in.handing.Unlock()
	if !in.replaced {
		in.replaced = true
		close(in.over)
	}
}

// close forgets what is to be answered: nobody reads it.
func (in *inbound) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	in.slots, in.free = nil, nil
	in.out.drop()
}

// receive gives the handler what comes, until the stream breaks.
func (in *inbound) receive(stream carrier, h Handler, heard func()) error {
	var batch []Request
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
		if err != nil {
			return err
		}
		batch, err = in.read(&got, batch[:0])
		if err != nil {
			return err
		}
		if err := in.hand(h, batch); err != nil {
			return err
		}
		clear(batch)
	}
}

// read decodes a frame, and admits its requests only when all of it is sound.
func (in *inbound) read(got *messages, batch []Request) ([]Request, error) {
	var others []message
	now := time.Now()
	for {
		var m message
		more, err := got.next(&m)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		if m.verb == request {
			batch = append(batch, Request{
				Kind: m.kind, Version: m.version, Deadline: now.Add(m.timeout), Trace: m.trace, Body: m.body, from: in, id: m.id,
			})
		} else {
			others = append(others, m)
		}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	for i := range others {
		in.control(&others[i])
	}
	admitted := batch[:0]
	for i := range batch {
		if in.admit(&batch[i]) {
			admitted = append(admitted, batch[i])
		}
	}
	clear(batch[len(admitted):])
	return admitted, nil
}

// control does what a message that is no request says.
func (in *inbound) control(m *message) {
	if m.verb >= verbs {
		in.answer(&message{verb: answer, id: m.id, status: StatusUnsupported})
	}
}

// admit notes that a request is to be answered, unless there are too many.
func (in *inbound) admit(r *Request) bool {
	switch n := len(in.free); {
	case in.closed:
		return false
	case n > 0:
		r.slot = in.free[n-1]
		in.free = in.free[:n-1]
	case len(in.slots) < in.o.MaxInFlight:
		r.slot = len(in.slots)
		in.slots = append(in.slots, serving{})
	default:
		in.answer(&message{verb: answer, id: r.id, status: StatusOverloaded})
		return false
	}
	in.number++
	r.number = in.number
	in.slots[r.slot] = serving{r.number, r.Deadline}
	return true
}

// hand gives the handler requests, unless a newer stream has come.
func (in *inbound) hand(h Handler, batch []Request) error {
	if len(batch) == 0 {
		return nil
	}
	in.handing.Lock()
	defer in.handing.Unlock()
	if in.replaced {
		return errReplaced
	}
	in.guard(func() { h.HandleFrame(in.from, batch) }, func() {
		for i := range batch {
			batch[i].Refuse(StatusInternal)
		}
	})
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
	in.mu.Lock()
	if in.closed || in.slots[r.slot].number != r.number {
		in.mu.Unlock()
		return
	}
	in.slots[r.slot] = serving{}
	in.free = append(in.free, r.slot)
	if len(body) > messageLimit || len(body) > 0 && in.out.bytes > 0 && in.out.bytes+len(body) > in.o.MaxBytes {
		status, body = StatusDropped, nil
	}
	in.answer(&message{verb: answer, id: r.id, status: status, body: body})
	wakes := in.asleep
	in.asleep = false
	in.mu.Unlock()
	if wakes {
		in.wake.Set()
	}
}

// answer queues one. Beyond all limits it is left out: the asker's deadline ends it.
func (in *inbound) answer(m *message) {
	if in.closed || in.out.bytes+len(m.body) > 2*in.o.MaxBytes+messageLimit {
		return
	}
	in.out.add(m)
}

// next is what to send next.
func (in *inbound) next() *frame {
	in.mu.Lock()
	defer in.mu.Unlock()
	f := in.out.take()
	in.asleep = f == nil
	return f
}

func (in *inbound) sign() *frame { return in.out.empty() }

// expire forgets requests whose deadline has passed without an answer.
func (in *inbound) expire(now time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for i, s := range in.slots {
		if s.number != 0 && now.After(s.deadline) {
			in.slots[i] = serving{}
			in.free = append(in.free, i)
		}
	}
}
