package cluster

import (
	"fmt"
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// A world is a whole cluster as a value: the store, three nodes with their machines
// (the real ones, of member.go), two boards, the statements that are on their way, and
// the faults. It goes on by steps; time is in units of a tenth of the TTL. What a check
// of the protocol relies on is in world_check_test.go, the store in
// world_store_test.go, and what decides on the steps in explore_test.go.

const (
	nodeCount  = 3
	boardCount = 2
	nobody     = -1
)

var nodeIDs = [nodeCount]string{"a", "b", "c"}

// flaws are mistakes that are planted into the protocol.
type flaws struct {
	longLease             bool // of 1.1 TTL
	noLeaseCheck          bool
	appendByAnyone        bool // append without owner and epoch
	ownerInSubquery       bool // owner and epoch as they were when the append began
	claimFromUnlisted     bool // claim by "not among the living"
	noEpoch               bool // in releases
	answersWhileReleasing bool
	observesFromSending   bool // a beat counts from when the poll was sent
	leavingOverDead       bool
	blindBurial           bool // without compare-and-set
	leaseFromAnswer       bool // from its arrival
	joinsFetch            bool // a reader takes the answer to a fetch begun before
	hopParks              bool // a node that is not the owner keeps the request
	signsWithoutLease     bool
	noNewStart            bool // of observation, after a gap
	recoversInClaim       bool // reads the journal in the statement that claims
}

// scope is what happens in a world besides its flaws.
type scope struct {
	flaws
	latency time.Duration // of statements about boards
	reads   bool          // reads at nodes that are not the owner
	ops     bool          // a client that syncs, and then leaves
	single  bool          // there is only board 0
	unborn  bool          // node c is not there yet
	kinds   uint16        // of faults and decisions
	faults  int8          // how many of them the world may meet
}

// The states of a process.
const (
	absent uint8 = iota
	running
	stopped // it may go on
	over
)

type world struct {
	*scope
	now    time.Duration
	left   int8 // of the faults
	rows   [nodeCount]row
	heads  [boardCount]head
	acked  [boardCount]uint32 // the highest seq that was acknowledged
	procs  [nodeCount]proc
	client client
	outage bool
	bad    string // the invariant that was broken
}

// proc is one process.
type proc struct {
	state    uint8
	cut      bool // from the store
	leaving  bool
	left     bool          // the store knows that it leaves
	faultyAt time.Duration // when it last was the reason that its beats did not get through
	member   member
	suspects [nodeCount]uint64 // the beats with which others are to be buried, plus one; 0 is none
	calls    [slots]call
	arms     [slots]stage // where the next call in the slot is held
	boards   [boardCount]board
	fetch    fetch
}

// What a process holds of a board.
const (
	none uint8 = iota
	claiming
	reading
	active
	releasing
)

type board struct {
	phase  uint8
	epoch  uint32
	seq    uint32        // as far as it has applied
	acted  time.Duration // when it last did something: once a unit
	learnt int8          // who owns it, as the store said
	wanted bool          // somebody asks for it here
	drain  bool          // it is to be released
	doubt  bool          // the outcome of its last append is not known: it answers, and recovers before it goes on
	op     int8          // of the client, in the next append
	parked int8          // of the client, until it is the owner: a flaw
}

// fetch is what a node that is not the owner of board 0 does for its readers.
type fetch struct {
	stage   stage
	held    bool
	target  int8
	seq     uint32
	sent    time.Duration
	came    time.Duration // the last reader
	floor   uint32        // what the readers of this fetch must see, and those of the next
	waiting uint32
}

// client is somebody at node b who syncs to board 0 and then leaves it.
type client struct {
	done     int8 // acknowledged: 1 the sync, 2 the leaving
	stage    stage
	target   int8
	sent     time.Duration
	misroute int8 // where the next request goes by mistake; nobody
}

// The slots of the statements of a process.
const (
	slotBeat = iota
	slotBury
	slotLeave
	slotBoard
	slotStray = slotBoard + boardCount // no longer waited for
	slots     = slotStray + 2
)

// newWorld is a cluster some time after its start, in the middle of its work.
func newWorld(s *scope) *world {
	w := &world{scope: s, left: s.faults, client: client{done: 2}}
	for b := range w.heads {
		w.heads[b].owner = nobody
	}
	for n := range w.procs {
		if !s.unborn || n != 2 {
			w.birth(n)
		}
	}
	for w.now < 30 {
		w.idle()
	}
	w.client = client{sent: w.now - 1, misroute: nobody}
	return w
}

func (w *world) birth(n int) {
	w.rows[n] = row{state: competition.NodeLive, beats: w.now}
	p := proc{state: running, member: *newMember(nodeIDs[n], ttl, w.now), faultyAt: w.now}
	for b := range p.boards {
		p.boards[b] = board{learnt: nobody, acted: w.now - 1}
	}
	p.fetch.came = w.now - 1
	w.procs[n] = p
}

// end is the end of a process: of itself, or by a crash. What it has sent goes on.
func (w *world) end(n int) {
	p := &w.procs[n]
	p.state = over
	for i := range p.calls {
		if p.calls[i].stage == done {
			p.calls[i] = call{}
		}
	}
	p.boards, p.fetch, p.suspects = [boardCount]board{}, fetch{}, [nodeCount]uint64{}
}

// has reports whether there is a board.
func (w *world) has(b int) bool { return b < 1 || !w.single }

// leased reports whether a process may answer from memory, as it believes.
func (w *world) leased(n int) bool {
	until := w.procs[n].member.lease
	if w.longLease && until > 0 {
		until += ttl / 5
	}
	return w.now < until
}

// answers reports whether a process answers from memory, were its lease valid.
func (w *world) answers(n, b int) bool {
	p := &w.procs[n]
	return p.state == running && (p.boards[b].phase == active || p.boards[b].doubt || w.answersWhileReleasing && p.boards[b].phase == releasing)
}

// home is the node that a board belongs to if nobody owns it, as a node sees it.
func (w *world) home(n, b int) int {
	var living [nodeCount]int
	count := 0
	for i := range w.procs[n].member.nodes {
		x := &w.procs[n].member.nodes[i]
		if id := int(x.ID[0] - 'a'); x.State == competition.NodeLive && (id != n || !w.procs[n].leaving) {
			living[count] = id
			count++
		}
	}
	if count == 0 {
		return nobody
	}
	return living[(b+1)%count]
}

// route is where a request about a board goes from a node.
func (w *world) route(n, b int) int {
	if x := w.learnt(n, b); x != nobody {
		return x
	}
	return w.home(n, b)
}

// learnt is the owner of a board as far as a node has been told, unless that is dead.
func (w *world) learnt(n, b int) int {
	p := &w.procs[n]
	if x := p.boards[b].learnt; x != nobody && find(p.member.nodes, nodeIDs[x]) >= 0 {
		return int(x)
	}
	return nobody
}

// send makes a call; it is held where it was ordered to be.
func (w *world) send(n, slot int, c call) {
	p := &w.procs[n]
	c.stage, c.sent, c.due = sent, w.now, w.now
	c.hold, p.arms[slot] = p.arms[slot], 0
	if slot == slotBeat && c.hold != 0 {
		p.faultyAt = w.now
	}
	p.calls[slot] = c
}

// beat is the turn of a process's machine.
func (w *world) beat(n int) {
	e := w.procs[n].member.tick(w.now)
	w.send(n, slotBeat, call{what: stBeat, number: e.beat})
}

// answered gives a process's machine the answer to its beat.
func (w *world) answered(n int, c *call) {
	p := &w.procs[n]
	a := beatAnswer{beat: c.number, sent: c.sent, arrived: w.now}
	switch {
	case w.observesFromSending:
		a.arrived = c.sent
	case w.leaseFromAnswer:
		a.sent = w.now
	}
	for i, r := range c.rows {
		if r.state != 0 && r.state != competition.NodeDead {
			a.nodes = append(a.nodes, competition.Node{ID: nodeIDs[i], Beat: r.beat, State: r.state})
		}
	}
	p.member.seen, p.member.buried = slices.Clone(p.member.seen), slices.Clone(p.member.buried) // other worlds have them, too
	if w.noNewStart {
		p.member.answered = a.arrived
	}
	e := p.member.answer(a)
	if e.exit != nil {
		w.end(n)
		return
	}
	p.suspects = [nodeCount]uint64{}
	for _, s := range e.bury {
		p.suspects[s.id[0]-'a'] = s.beat + 1
	}
	w.forget(n, e.gone)
}

// forget is what a process does when others are gone: requests that wait look again.
func (w *world) forget(n int, gone []string) {
	for _, id := range gone {
		for b := range w.procs[n].boards {
			x := &w.procs[n].boards[b]
			if x.acted = w.now - 1; x.learnt == int8(id[0]-'a') {
				x.learnt = nobody
			}
		}
	}
}

// bury is the turn of a process's worker for burials.
func (w *world) bury(n int) {
	p := &w.procs[n]
	for x, seen := range p.suspects {
		if seen > 0 {
			p.suspects[x] = 0
			w.send(n, slotBury, call{what: stBury, target: int8(x), seen: seen - 1})
			return
		}
	}
}

// due reports whether it is a process's turn to do something about a board.
func (w *world) due(n, b int) bool {
	p := &w.procs[n]
	x := &p.boards[b]
	if p.calls[slotBoard+b].stage != 0 || x.acted == w.now || !w.has(b) {
		return false
	}
	switch x.phase {
	case active:
		return true
	case none:
		return !p.leaving && (x.wanted || w.route(n, b) == n) || w.learnt(n, b) != nobody || x.doubt && (!p.leaving || p.left)
	default:
		return false
	}
}

// act is the turn of a process to do something about a board: to claim it if it is
// asked for it, to append if it owns it, or to release it.
func (w *world) act(n, b int) {
	p := &w.procs[n]
	x := &p.boards[b]
	x.acted = w.now
	switch {
	case x.phase == active && (x.drain || p.left):
		x.phase, x.drain = releasing, false
		w.send(n, slotBoard+b, call{what: stRelease, board: int8(b), epoch: x.epoch})
	case x.phase == active:
		w.send(n, slotBoard+b, call{what: stAppend, board: int8(b), epoch: x.epoch, seq: x.seq + 1, op: x.op})
		x.op = 0
	case !p.leaving && (x.wanted || x.doubt || w.route(n, b) == n):
		x.phase, x.wanted = claiming, false
		w.send(n, slotBoard+b, call{what: stClaim, board: int8(b)})
	case x.doubt && p.left:
		x.drop()
	case x.doubt: // it can neither release it yet nor go on
	default: // its requests go to the owner, which may not know that it is
		switch owner := &w.procs[x.learnt]; {
		case owner.state == running && owner.boards[b].phase == none && !owner.leaving:
			owner.boards[b].wanted = true
		case owner.state == running && owner.boards[b].phase != active:
			x.learnt = nobody
		}
	}
}

// drop ends what a process holds of a board.
func (x *board) drop() {
	*x = board{learnt: x.learnt, acted: x.acted, parked: x.parked, wanted: x.wanted}
}

// deliver gives a process the answer to a statement.
func (w *world) deliver(n, slot int) {
	p := &w.procs[n]
	c := p.calls[slot]
	p.calls[slot] = call{}
	x := &p.boards[c.board]
	switch c.what {
	case stBeat:
		w.answered(n, &c)
	case stBury:
		if c.ok {
			p.member.seen, p.member.buried = slices.Clone(p.member.seen), slices.Clone(p.member.buried)
			w.forget(n, p.member.dead(nodeIDs[c.target]).gone)
		}
	case stLeave:
		p.left = true
	case stRetire:
		w.end(n)
	case stClaim:
		if c.ok {
			x.phase, x.learnt = reading, nobody
			w.send(n, slot, call{what: stRead, board: c.board, epoch: c.epoch})
			if w.recoversInClaim {
				p.calls[slot] = call{}
				x.phase, x.epoch, x.seq, x.doubt = active, c.epoch, c.before.seq, false
			}
		} else {
			x.drop()
			x.learnt = c.owner
		}
	case stRead:
		if x.drop(); c.ok {
			x.phase, x.epoch, x.seq, x.learnt, x.acted = active, c.epoch, c.seq, nobody, w.now-1
			x.op, x.parked = x.parked, 0
		}
	case stAppend:
		if !c.ok {
			x.drop()
			break
		}
		x.seq = c.seq
		w.acked[c.board] = max(w.acked[c.board], c.seq)
		if c.op != 0 {
			w.acknowledge(c.op)
		}
	case stRelease:
		x.drop()
	}
}

// callLimit is how long a process waits for a statement.
func callLimit(slot int) time.Duration {
	if slot == slotBury {
		return ttl
	}
	return callWithin(ttl)
}

// expire is the end of a process's patience with a statement: its outcome is unknown,
// and it may still be carried out.
func (w *world) expire(n, slot int) {
	p := &w.procs[n]
	c := p.calls[slot]
	p.calls[slot] = call{}
	switch {
	case slot == slotBeat:
		p.member.failed(c.number)
	case slot >= slotBoard && slot < slotStray:
		x := &p.boards[c.board]
		kept, doubt := x.seq, x.doubt || c.what == stAppend
		if x.drop(); doubt {
			x.seq, x.doubt = kept, true
		}
	}
	if c.hold != 0 && c.stage != done {
		for i := slotStray; i < slots; i++ {
			if p.calls[i].stage == 0 {
				p.calls[i] = c
				return
			}
		}
	}
}

func (w *world) String() string {
	text := fmt.Sprintf("at %d, acknowledged %v, heads %v, rows %v", w.now, w.acked, w.heads, w.rows)
	for n := range w.procs {
		p := &w.procs[n]
		text += fmt.Sprintf("\n  %s: state %d cut %v leaving %v lease %d boards %+v", nodeIDs[n], p.state, p.cut, p.leaving, p.member.lease, p.boards)
	}
	return text
}
