package cluster

import (
	"reflect"
	"runtime"
	"strings"

	"github.com/paceboard/paceboard/competition"
)

// A turn is one thing that happens by itself, a fault one that somebody decides on.
type turn struct {
	what       func(w *world, node, slot int)
	node, slot int
}

// turns yields everything that happens now by itself, in the order of a world in which
// nothing is late. Time goes on when there is nothing.
func (w *world) turns(yield func(turn) bool) {
	for n := range w.procs {
		p := &w.procs[n]
		up, reach := p.state == running, !p.cut && !w.outage
		for i := range p.calls {
			c := &p.calls[i]
			if c.stage == 0 {
				continue
			}
			if c.stage == sent && c.hold != sent && reach && !yield(turn{(*world).begin, n, i}) {
				return
			}
			if up && c.stage == done && c.hold != done && reach && w.now >= c.due && !yield(turn{(*world).deliver, n, i}) {
				return
			}
			if up && i < slotStray && w.now-c.sent >= callLimit(i) && !yield(turn{(*world).expire, n, i}) {
				return
			}
		}
		if !up {
			continue
		}
		if at, ok := p.member.wake(); ok && w.now >= at && !yield(turn{turnBeat, n, 0}) {
			return
		}
		if p.calls[slotBury].stage == 0 && p.suspects != [nodeCount]uint64{} && !yield(turn{turnBury, n, 0}) {
			return
		}
		if p.leaving && p.calls[slotLeave].stage == 0 && (!p.left || p.empty()) && !yield(turn{turnLeave, n, 0}) {
			return
		}
		for b := range p.boards {
			if w.due(n, b) && !yield(turn{(*world).act, n, b}) {
				return
			}
		}
	}
	if w.reads {
		for n := range w.procs {
			if t, ok := w.fetchTurn(n); ok && !yield(t) {
				return
			}
		}
	}
	if w.ops {
		if t, ok := w.clientTurn(); ok {
			yield(t)
		}
	}
}

func turnBeat(w *world, n, _ int) { w.beat(n) }
func turnBury(w *world, n, _ int) { w.bury(n) }

func turnLeave(w *world, n, _ int) {
	if w.procs[n].left {
		w.procs[n].member.retire() // nothing is served
		w.send(n, slotLeave, call{what: stRetire})
		return
	}
	w.send(n, slotLeave, call{what: stLeave})
}

// empty reports whether a process holds nothing of any board.
func (p *proc) empty() bool {
	for b := range p.boards {
		if p.boards[b].phase != none || p.calls[slotBoard+b].stage != 0 {
			return false
		}
	}
	return true
}

// idle lets everything happen that does by itself, and time go on by a unit.
func (w *world) idle() {
	for w.bad == "" {
		next, some := turn{}, false
		for next = range w.turns {
			some = true
			break
		}
		if !some {
			break
		}
		next.what(w, next.node, next.slot)
		w.check()
	}
	w.tick()
}

// tick lets time go on.
func (w *world) tick() {
	w.now++
	w.check()
}

// ends yields the ends of faults; they cost nothing.
func (w *world) ends(yield func(turn) bool) {
	for n := range w.procs {
		p := &w.procs[n]
		for i := range p.calls {
			if c := &p.calls[i]; c.hold != 0 && c.stage == c.hold && !yield(turn{(*world).letGo, n, i}) {
				return
			}
		}
		if p.state == stopped && !yield(turn{resume, n, 0}) || p.cut && !yield(turn{heal, n, 0}) || p.fetch.held && !yield(turn{letFetch, n, 0}) {
			return
		}
	}
	if w.outage {
		yield(turn{restore, 0, 0})
	}
}

// letGo lets a call go on that was held. Its node may have been cut off since it was
// sent, or have ended.
func (w *world) letGo(n, slot int) {
	p := &w.procs[n]
	c := &p.calls[slot]
	held := c.hold != 0 && c.hold == c.stage
	c.hold = 0
	if slot == slotBeat {
		p.faultyAt = w.now
	}
	switch {
	case held && c.stage == sent:
		w.begin(n, slot)
	case held && c.stage == begun:
		w.finish(n, slot)
	}
}

func resume(w *world, n, _ int)   { w.procs[n].state, w.procs[n].faultyAt = running, w.now }
func heal(w *world, n, _ int)     { w.procs[n].cut, w.procs[n].faultyAt = false, w.now }
func letFetch(w *world, n, _ int) { w.procs[n].fetch.held = false }
func restore(w *world, _, _ int)  { w.outage = false }

// The kinds of faults, and of decisions that the protocol leaves to anybody.
const (
	aBirth uint16 = 1 << iota
	aStop
	aCrash
	aCut
	anOutage
	aLeaving
	aDrain       // of a board by its owner
	aClaim       // by a node that the board does not belong to
	aLateBeat    // a call is held: on its way, waiting for a lock, or its answer
	aLateBurial  //
	aLateLeaving //
	aLateCall    // about a board
	aLateFetch
	aMisroute
	anything uint16 = 1<<iota - 1
)

// lateIn is what a late call in a slot is.
func lateIn(slot int) uint16 {
	return [slotStray]uint16{aLateBeat, aLateBurial, aLateLeaving, aLateCall, aLateCall}[slot]
}

// faults yields what may be done to the world, each at the cost of one.
func (w *world) faults(yield func(turn) bool) {
	if w.left == 0 {
		return
	}
	may := func(kind uint16, when bool, do func(*world, int, int), n, arg int) bool {
		return w.kinds&kind == 0 || !when || yield(turn{do, n, arg})
	}
	for n := range w.procs {
		p := &w.procs[n]
		if !may(aBirth, p.state == absent, (*world).birthNow, n, 0) {
			return
		}
		if p.state != running {
			continue
		}
		if !may(aStop, true, stop, n, 0) || !may(aCrash, true, crash, n, 0) || !may(aCut, !p.cut, cut, n, 0) || !may(aLeaving, !p.leaving, leave, n, 0) {
			return
		}
		for b := range p.boards {
			x := &p.boards[b]
			if !may(aDrain, x.phase == active && !x.drain, drain, n, b) || !may(aClaim, x.phase == none && !x.wanted && !p.leaving && w.has(b), want, n, b) {
				return
			}
		}
		for slot := range slotStray {
			for s := sent; s <= done; s++ {
				if !may(lateIn(slot), p.arms[slot] == 0 && w.has(slot-slotBoard), arm, n, slot<<8|int(s)) {
					return
				}
			}
		}
		if !may(aLateFetch, p.fetch.stage != 0 && !p.fetch.held, holdFetch, n, 0) || !may(aMisroute, w.ops && w.client.misroute == nobody, misroute, n, 0) {
			return
		}
	}
	may(anOutage, !w.outage, lose, 0, 0)
}

func (w *world) birthNow(n, _ int) { w.left--; w.birth(n) }
func stop(w *world, n, _ int)      { w.left--; w.procs[n].state, w.procs[n].faultyAt = stopped, w.now }
func cut(w *world, n, _ int)       { w.left--; w.procs[n].cut, w.procs[n].faultyAt = true, w.now }
func crash(w *world, n, _ int)     { w.left--; w.end(n) }
func leave(w *world, n, _ int)     { w.left--; w.procs[n].leaving = true }
func drain(w *world, n, b int)     { w.left--; w.procs[n].boards[b].drain = true }
func want(w *world, n, b int)      { w.left--; w.procs[n].boards[b].wanted = true }
func arm(w *world, n, slot int)    { w.left--; w.procs[n].arms[slot>>8] = stage(slot & 255) }
func holdFetch(w *world, n, _ int) { w.left--; w.procs[n].fetch.held = true }
func misroute(w *world, n, _ int)  { w.left--; w.client.misroute = int8(n) }
func lose(w *world, _, _ int)      { w.left--; w.outage = true }

// fetchTurn is what happens next for the readers of board 0 at a node that is not its
// owner (rule R2).
func (w *world) fetchTurn(n int) (turn, bool) {
	p := &w.procs[n]
	f := &p.fetch
	switch {
	case p.state != running || p.boards[0].phase == active:
		return turn{}, false
	case f.came != w.now:
		return turn{reader, n, 0}, true
	case f.stage == sent && !f.held && w.procs[f.target].state == running:
		return turn{serve, n, 0}, true
	case f.stage == done && !f.held && w.now > f.sent:
		return turn{fetched, n, 0}, true
	case f.stage != 0 && w.now-f.sent >= callWithin(ttl):
		return turn{fetchLost, n, 0}, true
	default:
		return turn{}, false
	}
}

// reader comes and joins the next fetch; with the flaw, the one in flight.
func reader(w *world, n, _ int) {
	f := &w.procs[n].fetch
	f.came = w.now
	if f.stage != 0 && w.joinsFetch {
		f.floor = max(f.floor, w.acked[0])
		return
	}
	f.waiting = max(f.waiting, w.acked[0])
	if owner := w.route(n, 0); f.stage == 0 && owner != nobody && owner != n {
		f.stage, f.target, f.sent = sent, int8(owner), w.now
		f.floor, f.waiting = f.waiting, 0
	}
}

// serve answers a fetch at the node that was asked.
func serve(w *world, n, _ int) {
	f := &w.procs[n].fetch
	x := int(f.target)
	if !w.answers(x, 0) || !w.leased(x) && !w.noLeaseCheck {
		fetchLost(w, n, 0)
		return
	}
	f.stage, f.seq = done, w.procs[x].boards[0].seq
}

// fetched answers the readers.
func fetched(w *world, n, _ int) {
	f := &w.procs[n].fetch
	if f.seq < f.floor {
		w.broken("I3", "node %s answers readers with seq %d of board 0; they came after %d was acknowledged", nodeIDs[n], f.seq, f.floor)
	}
	f.stage, f.floor = 0, 0
}

// fetchLost leaves the readers to the next fetch.
func fetchLost(w *world, n, _ int) {
	f := &w.procs[n].fetch
	f.stage, f.held, f.waiting, f.floor = 0, false, max(f.waiting, f.floor), 0
}

// clientTurn is what happens next for the client at node b: a request goes to the owner
// as far as the node knows (rule F1). A request on its way arrives while the edge waits
// for it, or not at all: a new stream ends the old one.
func (w *world) clientTurn() (turn, bool) {
	c := &w.client
	switch {
	case c.done == 2 || w.procs[1].state != running:
		return turn{}, false
	case c.stage == 0 && c.sent != w.now:
		return turn{ask, 1, 0}, true
	case c.stage == sent && w.procs[c.target].state == running:
		return turn{arrive, 1, 0}, true
	case c.stage != 0 && w.now-c.sent >= callWithin(ttl):
		return turn{giveUp, 1, 0}, true
	default:
		return turn{}, false
	}
}

func ask(w *world, n, _ int) {
	c := &w.client
	target := w.route(n, 0)
	if h := w.heads[0].owner; h != nobody && w.rows[h].state != competition.NodeDead {
		target = int(h) // as the last node that was asked said
	}
	if c.misroute != nobody {
		target, c.misroute = int(c.misroute), nobody
	}
	if c.sent = w.now; target != nobody {
		c.stage, c.target = sent, int8(target)
	}
}

func arrive(w *world, _, _ int) {
	c := &w.client
	x := &w.procs[c.target].boards[0]
	switch {
	case x.phase == active && x.op == 0:
		x.op, c.stage = c.done+1, done
	case x.phase != active && w.hopParks:
		x.parked, c.stage = c.done+1, done
	default:
		c.stage = 0 // elsewhere
	}
}

func giveUp(w *world, _, _ int) { w.client.stage = 0 }

// acknowledge tells the client that its sync, or its leaving, is stored.
func (w *world) acknowledge(op int8) {
	if c := &w.client; op == c.done+1 {
		c.done, c.stage = op, 0
	}
}

// name is what a counterexample calls a turn.
func (t turn) name() string {
	name := runtime.FuncForPC(reflect.ValueOf(t.what).Pointer()).Name()
	return name[strings.LastIndexByte(name, '.')+1:]
}
