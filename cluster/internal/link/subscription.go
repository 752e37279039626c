package link

import (
	"context"
	"errors"
	"fmt"
)

// ErrEnded is what Recv returns when the peer has ended the stream: there is no more.
var ErrEnded = errors.New("link: stream ended")

// Subscription is a stream of pushes from a node. Recv is for one goroutine at a time; Close for any.
type Subscription struct {
	subscriptions *subscriptions
	id            uint64
	pushes        chan []byte
	done          chan struct{}
	err           error // set before done is closed
	taken         int   // pushes since credit was last given
}

// Recv waits for the next push. It returns [ErrEnded], an [ErrNotSent] or [ErrLost] when there will be no more, or
// the error of ctx. A push is the caller's, and may share memory with others of its frame. None is left out: while
// nobody receives, the other end is told to wait.
func (s *Subscription) Recv(ctx context.Context) ([]byte, error) {
	select {
	case body := <-s.pushes:
		return s.took(body), nil
	default:
	}
	select {
	case body := <-s.pushes:
		return s.took(body), nil
	case <-s.done:
		select {
		case body := <-s.pushes: // It came before the end.
			return body, nil
		default:
			return nil, s.err
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// took gives the sender room again, for half a window at a time.
func (s *Subscription) took(body []byte) []byte {
	if s.taken++; s.taken >= window/2 {
		s.subscriptions.tell(s, &message{verb: credit, id: s.id, number: uint64(s.taken)})
		s.taken = 0
	}
	return body
}

// Close ends the subscription. Closing twice is a no-op.
func (s *Subscription) Close() {
	s.subscriptions.tell(s, &message{verb: end, id: s.id})
}

// subscriptions are those at one node. The outbox's lock guards them.
type subscriptions struct {
	outbox *outbox
	most   int
	open   map[uint64]*Subscription
	number uint64
}

// add begins one, and queues what opens it.
func (t *subscriptions) add(m *Message) (*Subscription, error) {
	if len(t.open) >= t.most || !t.outbox.room(m.Body) {
		return nil, ErrOverloaded
	}
	t.number++
	s := &Subscription{subscriptions: t, id: t.number, pushes: make(chan []byte, window), done: make(chan struct{})}
	if t.open == nil {
		t.open = map[uint64]*Subscription{}
	}
	t.open[s.id] = s
	t.outbox.add(&message{verb: open, id: s.id, kind: m.Kind, version: m.Version, trace: m.Trace, body: m.Body})
	return s, nil
}

// tell sends a message of a subscription that is still open, and removes it if that ends it.
func (t *subscriptions) tell(s *Subscription, m *message) {
	t.outbox.Lock()
	if t.open[s.id] == s {
		t.outbox.add(m)
		if m.verb == end {
			t.remove(s, ErrEnded)
		}
	}
	t.outbox.unlockAndWake()
}

func (t *subscriptions) remove(s *Subscription, err error) {
	delete(t.open, s.id)
	s.err = err
	close(s.done)
}

// deliver takes a push, or the end. One to a subscription that has ended came too late.
func (t *subscriptions) deliver(m *message) {
	s := t.open[m.id]
	switch {
	case s == nil:
	case m.verb == end && m.status == StatusOK:
		t.remove(s, ErrEnded)
	case m.verb == end:
		t.remove(s, m.status.err())
	default:
		select {
		case s.pushes <- m.body:
		default:
			t.outbox.add(&message{verb: end, id: s.id})
			t.remove(s, fmt.Errorf("%w: the node pushes more than there is room for", ErrLost))
		}
	}
}

// fail ends all.
func (t *subscriptions) fail(err error) {
	for _, s := range t.open {
		t.remove(s, err)
	}
}
