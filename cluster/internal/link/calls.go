package link

import (
	"sync"
	"time"
)

// Message is a request as its asker gives it.
type Message struct {
	Kind    uint16 // what it asks
	Version uint16 // of the body's encoding
	Trace   Trace
	Body    []byte // at most 8 MiB; not changed until the ask has returned
}

// call is a request that waits for its answer.
type call struct {
	message  message
	deadline time.Time
	sent     bool
	done     chan struct{} // capacity 1: the outcome is there
	answer   []byte
	err      error
}

var callPool = sync.Pool{New: func() any { return &call{done: make(chan struct{}, 1)} }}

func newCall(m *Message, deadline time.Time) *call {
	c := callPool.Get().(*call)
	c.message = message{verb: request, kind: m.Kind, version: m.Version, trace: m.Trace, body: m.Body}
	c.deadline, c.sent = deadline, false
	return c
}

// wait returns the outcome, which comes by the deadline. The call must not be used after it.
func (c *call) wait() ([]byte, error) {
	<-c.done
	answer, err := c.answer, c.err
	c.release()
	return answer, err
}

func (c *call) release() {
	c.message.body, c.answer, c.err = nil, nil, nil
	callPool.Put(c)
}

func (c *call) finish(answer []byte, err error) {
	c.answer, c.err = answer, err
	c.done <- struct{}{}
}

// slotBits is how many bits of an id tell the slot. The others count calls, so that an answer that comes too late
// does not find the call that has taken the slot since.
const slotBits = 16

// calls are those to one peer: in a slot until the outcome is there, in the queue until sent. A call leaves both
// before it is finished, so that nothing here touches one that is used again. The owner's lock guards it.
type calls struct {
	most, mostBytes int
	slots           []*call
	free            []int
	queue           []*call
	number          uint64 // of calls so far
	bytes           int    // of the bodies of all that are in a slot
}

func (t *calls) inFlight() int { return len(t.slots) - len(t.free) }

// add takes a call in and queues it.
func (t *calls) add(c *call) error {
	size := len(c.message.body)
	if t.bytes+size > t.mostBytes && t.inFlight() > 0 {
		return ErrOverloaded
	}
	var slot int
	switch n := len(t.free); {
	case n > 0:
		slot = t.free[n-1]
		t.free = t.free[:n-1]
	case len(t.slots) < t.most:
		slot = len(t.slots)
		t.slots = append(t.slots, nil)
	default:
		return ErrOverloaded
	}
	t.number++
	c.message.id = t.number<<slotBits | uint64(slot)
	t.slots[slot] = c
	t.bytes += size
	t.queue = append(t.queue, c)
	return nil
}

// take removes the call of an id; nil: it is not, or no longer, there.
func (t *calls) take(id uint64) *call {
	slot := int(id & (1<<slotBits - 1))
	if slot >= len(t.slots) || t.slots[slot] == nil || t.slots[slot].message.id != id {
		return nil
	}
	c := t.slots[slot]
	t.slots[slot] = nil
	t.free = append(t.free, slot)
	t.bytes -= len(c.message.body)
	return c
}

// fill moves calls from the queue into a frame, while they fit. Those whose time is up are finished instead.
func (t *calls) fill(f *frame, now time.Time) {
	n := 0
	for _, c := range t.queue {
		if c.message.timeout = c.deadline.Sub(now); c.message.timeout <= 0 {
			t.take(c.message.id)
			c.finish(nil, errExpired)
		} else if f.fits(&c.message) {
			f.add(&c.message)
			c.sent = true
		} else {
			break
		}
		n++
	}
	t.queue = shift(t.queue, n)
}

// expire finishes calls whose time is up.
func (t *calls) expire(now time.Time) {
	if t.inFlight() == 0 {
		return
	}
	late := func(c *call) bool { return !now.Before(c.deadline) }
	kept := t.queue[:0]
	for _, c := range t.queue {
		if !late(c) {
			kept = append(kept, c)
		}
	}
	clear(t.queue[len(kept):])
	t.queue = kept
	for _, c := range t.slots {
		if c != nil && late(c) {
			t.take(c.message.id)
			c.finish(nil, c.outcome(errUnanswered, errExpired))
		}
	}
}

// fail finishes all calls.
func (t *calls) fail(sent, notSent error) {
	clear(t.queue)
	t.queue = t.queue[:0]
	for _, c := range t.slots {
		if c != nil {
			t.take(c.message.id)
			c.finish(nil, c.outcome(sent, notSent))
		}
	}
}

func (c *call) outcome(sent, notSent error) error {
	if c.sent {
		return sent
	}
	return notSent
}

// shift removes the first n, keeping the memory.
func shift[T any](of []T, n int) []T {
	left := copy(of, of[n:])
	clear(of[left:])
	return of[:left]
}
