package cluster

import "fmt"

// The invariants of the protocol:
//
//	I1  a process that appends to a board owns it at that moment
//	I2  nothing acknowledged is lost
//	I3  no answer from memory is older than an acknowledgement before its request; one
//	    under the lease, at the owner or fetched from it, or a sign of life
//	I4  a node whose beats get through is not buried, after an outage neither
//	I5  no request is carried out after its client was acknowledged a later one
//	I6  after the faults have ended, every board takes writes within 2 TTL
//
// I6 is checked by recovers.

func (w *world) broken(invariant, format string, args ...any) {
	if w.bad == "" {
		w.bad = invariant + ": " + fmt.Sprintf(format, args...)
	}
}

// check holds the present moment against what is true at every moment. That a request
// comes, the state and the lease are looked at, all at this moment, is the hardest case:
// what was acknowledged before an earlier request is less.
func (w *world) check() {
	for b := range w.heads {
		if w.acked[b] > w.heads[b].seq {
			w.broken("I2", "seq %d of board %d was acknowledged, and is not there", w.acked[b], b)
		}
	}
	for n := range w.procs {
		for b := range w.heads {
			if !w.answers(n, b) || w.procs[n].boards[b].seq >= w.acked[b] {
				continue
			}
			switch leased := w.leased(n); {
			case leased:
				w.broken("I3", "node %s answers from memory, and lacks an acknowledged event of board %d", nodeIDs[n], b)
			case w.noLeaseCheck:
				w.broken("I3", "node %s answers without a lease, and lacks an acknowledged event of board %d", nodeIDs[n], b)
			case w.signsWithoutLease:
				w.broken("I3", "node %s sends a sign of life for a page of board %d that lacks an acknowledged event", nodeIDs[n], b)
			}
		}
	}
}

func (w *world) checkAppend(n int, c *call, mine bool) {
	if !mine {
		w.broken("I1", "node %s appends to board %d, which is %v", nodeIDs[n], c.board, w.heads[c.board])
	}
	if c.op == 1 && w.client.done == 2 {
		w.broken("I5", "a sync is stored by node %s after its user left", nodeIDs[n])
	}
}

func (w *world) checkBurial(x int) {
	if p := &w.procs[x]; p.state == running && !p.cut && w.now-p.faultyAt > 2*ttl {
		w.broken("I4", "node %s is buried without a fault of its own", nodeIDs[x])
	}
	if w.now-w.rows[x].beats < ttl && !w.blindBurial && !w.observesFromSending {
		w.broken("I4", "node %s is buried, and has beaten %d ago", nodeIDs[x], w.now-w.rows[x].beats)
	}
}

// recovers ends all faults, and reports whether every board then takes writes within
// 2 TTL, if there is a node left that would.
func (w world) recovers() (ok bool, after *world) {
	w.outage, w.left = false, 0
	able := false
	for n := range w.procs {
		p := &w.procs[n]
		p.cut, p.arms, p.fetch.held = false, [slots]stage{}, false
		if p.state == stopped {
			p.state = running
		}
		for i := range p.calls {
			w.letGo(n, i)
		}
	}
	began, until := w.acked, w.now+2*ttl
	for b := range began {
		began[b] = max(began[b], w.heads[b].seq) + 1 // not what is on its way
	}
	for w.now <= until && w.bad == "" {
		w.idle()
	}
	for n := range w.procs {
		able = able || w.procs[n].state == running && !w.procs[n].leaving
	}
	for b := range began {
		if able && w.acked[b] < began[b] && w.has(b) {
			w.broken("I6", "board %d takes no writes", b)
		}
	}
	return w.bad == "", &w
}
