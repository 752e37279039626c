package cluster

import (
	"cmp"
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// member decides what a node does about membership: rules N1 to N3 of the package's
// documentation. It is a pure state machine: its caller tells it what happened and when,
// and carries out the effects that it returns. Times are durations by one monotonic
// clock of the caller's. It is not safe for concurrent use.
//
// Invariants:
//
//	M1  the lease ends at most 9/10 of the TTL after the moment before a beat was sent
//	    that was carried out
//	M2  a node that is to be buried showed the same beat in at least minPolls answers, the
//	    first of which arrived at least its TTL before the last, with no longer gap between
//	    them than maxGap
//	M3  after exit nothing is sent, and there is no lease
type member struct {
	id  string
	ttl time.Duration

	sent     uint64        // beats sent; the store's number is never higher
	waiting  bool          // for the answer to the last one
	next     time.Duration // when the next beat is due
	lease    time.Duration // until when; 0 is none
	newest   uint64        // the last beat that was answered
	answered time.Duration // when that answer arrived

	nodes  []competition.Node // that are not dead, this one included, by id; never changed once it is set
	seen   []sighting         // of each of the nodes
	buried []string           // by this node; an answer may still show them
	over   error              // why it ended
}

// sighting is how long another node's beat has stood still.
type sighting struct {
	beat  uint64
	since time.Duration // when the first answer arrived that showed it
	polls int           // answers that showed it
}

// The times of the protocol, in parts of the TTL.
const (
	beatsPerTTL = 5
	minPolls    = 4 // answers that show the same beat, before a burial
	maxGap      = 3 // beats' time without an answer, after which observation starts anew
)

// beatEvery is the time between two beats.
func beatEvery(ttl time.Duration) time.Duration { return ttl / beatsPerTTL }

// leaseOf is how long a beat gives a lease: a tenth less than it takes to be buried, so
// that clocks may differ in their rates.
func leaseOf(ttl time.Duration) time.Duration { return ttl * 9 / 10 }

// callWithin is the deadline of a beat. A call that hangs must not keep a node from
// trying again before others bury it.
func callWithin(ttl time.Duration) time.Duration { return ttl / 2 }

// effects is what the machine asks of its caller; the zero value is nothing.
type effects struct {
	beat    uint64        // send this beat now; 0 is none
	lease   time.Duration // the lease lasts until then; 0 is as before
	bury    []suspect     // bury these; again with each answer that still shows them
	gone    []string      // nodes that are dead since the last answer
	changed bool          // nodes came, went or began to leave
	exit    error         // refuse everything at once, and end the process
}

// suspect is a node that is to be buried if its beat is still the one that was seen.
type suspect struct {
	id   string
	beat uint64
}

// beatAnswer is the answer of the store to a beat.
type beatAnswer struct {
	beat    uint64        // which of the node's own
	sent    time.Duration // read before the statement was given to the driver
	arrived time.Duration
	nodes   []competition.Node // that are not dead
}

// newMember makes the machine of a node that has been registered.
func newMember(id string, ttl, now time.Duration) *member {
	return &member{id: id, ttl: ttl, next: now}
}

// wake returns when tick has something to do next; ok is false while it waits for an
// answer, and after the end.
func (m *member) wake() (at time.Duration, ok bool) {
	return m.next, !m.waiting && m.over == nil
}

// tick sends a beat if one is due. There is one at a time.
func (m *member) tick(now time.Duration) effects {
	if at, ok := m.wake(); !ok || now < at {
		return effects{}
	}
	m.sent++
	m.waiting, m.next = true, now+beatEvery(m.ttl)
	return effects{beat: m.sent}
}

// failed says that a beat failed, or that its outcome is not known.
func (m *member) failed(beat uint64) {
	if beat == m.sent {
		m.waiting = false
	}
}

// answer takes the answer to a beat. One that comes after the next beat was sent, or
// after that was answered, counts all the same, from the time at which it was sent.
func (m *member) answer(a beatAnswer) effects {
	if m.over != nil {
		return effects{}
	}
	m.failed(a.beat) // no longer waiting
	if err := m.fate(a.nodes); err != nil {
		m.over, m.lease = err, 0
		return effects{exit: err}
	}
	var e effects
	if until := a.sent + leaseOf(m.ttl); until > m.lease {
		m.lease, e.lease = until, until
	}
	if a.beat < m.newest { // what it shows is older than what is known
		return e
	}
	if m.newest > 0 && a.arrived-m.answered > maxGap*beatEvery(m.ttl) {
		clear(m.seen)
	}
	m.newest, m.answered = a.beat, a.arrived
	m.observe(a.nodes, a.arrived, &e)
	return e
}

// fate returns why the node must end, by what an answer shows of it (N1).
func (m *member) fate(shown []competition.Node) error {
	i := find(shown, m.id)
	switch {
	case i < 0 || shown[i].State == competition.NodeDead:
		return ErrBuried
	case shown[i].Beat > m.sent:
		return ErrSameID
	default:
		return nil
	}
}

// observe takes over which nodes are not dead, and finds those whose beat has stood
// still for long enough (N3).
func (m *member) observe(shown []competition.Node, arrived time.Duration, e *effects) {
	m.buried = slices.DeleteFunc(m.buried, func(id string) bool { return find(shown, id) < 0 }) // no later answer shows them
	alive := make([]competition.Node, 0, len(shown))
	seen := make([]sighting, 0, len(shown))
	for _, n := range shown {
		if n.State == competition.NodeDead || slices.Contains(m.buried, n.ID) {
			continue
		}
		s := sighting{beat: n.Beat, since: arrived}
		if i := find(m.nodes, n.ID); i < 0 {
			e.changed = true
		} else {
			was := m.nodes[i]
			was.Beat = n.Beat
			e.changed = e.changed || was != n
			if m.seen[i].polls > 0 && m.seen[i].beat == n.Beat { // a lower one is another one, too
				s = m.seen[i]
			}
		}
		s.polls = min(s.polls+1, minPolls)
		switch due := s.since + m.ttlOf(&n); {
		case n.ID == m.id || s.polls < minPolls-1:
		case arrived < due: // sooner than the next beat: requests wait for what it owns
			m.next = min(m.next, due)
		case s.polls >= minPolls:
			e.bury = append(e.bury, suspect{id: n.ID, beat: s.beat})
		}
		alive, seen = append(alive, n), append(seen, s)
	}
	for i := range m.nodes {
		if find(alive, m.nodes[i].ID) < 0 {
			e.gone, e.changed = append(e.gone, m.nodes[i].ID), true
		}
	}
	m.nodes, m.seen = alive, seen
}

// ttlOf returns how long another node's beat must stand still. Its lease goes by its own
// TTL, which is not this one's while operators change it node by node.
func (m *member) ttlOf(n *competition.Node) time.Duration { return cmp.Or(n.TTL, m.ttl) }

// find returns where a node stands among the nodes, or -1.
func find(nodes []competition.Node, id string) int {
	return slices.IndexFunc(nodes, func(n competition.Node) bool { return n.ID == id })
}

// dead says that a burial was carried out, so that nobody needs to wait for the next
// answer.
func (m *member) dead(id string) effects {
	i := find(m.nodes, id)
	if i < 0 {
		return effects{}
	}
	m.nodes = slices.Concat(m.nodes[:i], m.nodes[i+1:])
	m.seen = slices.Delete(m.seen, i, i+1)
	m.buried = append(m.buried, id)
	return effects{gone: []string{id}, changed: true}
}

// retire ends the machine of a node that leaves by itself.
func (m *member) retire() {
	if m.over == nil {
		m.over, m.lease = ErrRetired, 0
	}
}
