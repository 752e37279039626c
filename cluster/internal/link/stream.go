package link

import (
	"maps"
	"slices"

	"github.com/paceboard/paceboard/internal/worker"
)

// window is how many pushes of a stream may be on their way, from the sender's slot to the subscriber's hands.
const window = 4

// Stream is what a peer has subscribed to, as the handler sees it. It has a slot for one push, which is free while
// the subscriber keeps up: so whoever sends works out what to push when it can go, and nothing queues up. Safe for
// concurrent use.
type Stream struct {
	Kind    uint16
	Version uint16
	Trace   Trace
	Body    []byte // the handler's; shares memory with others of its frame

	streams *streams
	id      uint64
	ready   worker.Signal
	done    chan struct{}

	// Guarded by the outbox's lock.
	slot   []byte
	full   bool
	credit int // pushes that the subscriber has room for
	ended  bool
}

// Send puts a push into the slot, and reports false if that is not free. It never blocks. The body must not be
// changed any more; it may be sent on other streams, too.
func (s *Stream) Send(body []byte) bool {
	o := s.streams.outbox
	o.Lock()
	if s.ended || s.full || s.credit == 0 || len(body) > messageLimit {
		o.Unlock()
		return false
	}
	s.slot, s.full = body, true
	s.streams.waiting = append(s.streams.waiting, s)
	o.unlockAndWake()
	return true
}

// Ready is set when the slot is free again. A stream begins with a free slot.
func (s *Stream) Ready() <-chan struct{} { return s.ready }

// Done is closed when the stream has ended: the peer has left or is gone, or End was called.
func (s *Stream) Done() <-chan struct{} { return s.done }

// End ends the stream, after what was sent. [StatusOK] tells the subscriber that there is no more. If there is no
// room left for the last push, it says that it is lost.
func (s *Stream) End(status Status) {
	o := s.streams.outbox
	o.Lock()
	if !s.ended {
		if s.full && o.room(s.slot) {
			o.add(&message{verb: push, id: s.id, body: s.slot})
		} else if s.full {
			status = StatusDropped
		}
		o.add(&message{verb: end, id: s.id, status: status})
		s.streams.remove(s)
	}
	o.unlockAndWake()
}

// streams are those of one peer. The outbox's lock guards them.
type streams struct {
	outbox  *outbox
	most    int
	open    map[uint64]*Stream
	waiting []*Stream // with a full slot; may have ended since
}

// add takes a subscription in; nil: there are too many, or the peer has used the id twice.
func (t *streams) add(m *message) *Stream {
	if _, taken := t.open[m.id]; taken || len(t.open) >= t.most {
		t.outbox.add(&message{verb: end, id: m.id, status: StatusOverloaded})
		return nil
	}
	s := &Stream{
		Kind: m.kind, Version: m.version, Trace: m.trace, Body: m.body,
		streams: t, id: m.id, ready: worker.NewSignal(), done: make(chan struct{}), credit: window,
	}
	if t.open == nil {
		t.open = map[uint64]*Stream{}
	}
	t.open[m.id] = s
	return s
}

func (t *streams) remove(s *Stream) {
	s.ended, s.full, s.slot = true, false, nil
	delete(t.open, s.id)
	close(s.done)
}

// control does what the subscriber says of a stream. It may have ended meanwhile.
func (t *streams) control(m *message) {
	s := t.open[m.id]
	if s == nil {
		return
	}
	if m.verb == end {
		t.remove(s)
		return
	}
	s.credit = int(min(uint64(s.credit)+min(m.number, window), window))
	if !s.full {
		s.ready.Set()
	}
}

// fill moves pushes from their slots into a frame, while they fit, and returns how many.
func (t *streams) fill(f *frame) int {
	n := 0
	for _, s := range t.waiting {
		if s.full {
			m := message{verb: push, id: s.id, body: s.slot}
			if !f.fits(&m) {
				break
			}
			f.add(&m)
			s.slot, s.full = nil, false
			s.credit--
			if s.credit > 0 {
				s.ready.Set()
			}
		}
		n++
	}
	t.waiting = shift(t.waiting, n)
	return f.count
}

// end ends all streams: there is nobody to push to.
func (t *streams) end() {
	for _, s := range slices.Collect(maps.Values(t.open)) {
		t.remove(s)
	}
	t.waiting = nil
}
