package cluster

import (
	"time"

	"github.com/paceboard/paceboard/competition"
)

// row is a node in the table of nodes.
type row struct {
	state competition.NodeState // 0: there is none
	beat  uint64
	beats time.Duration // when it last was raised
}

// head is a board in the store.
type head struct {
	owner int8
	epoch uint32
	seq   uint32
}

// statement is a kind of statement.
type statement uint8

const (
	stBeat statement = iota + 1
	stBury
	stLeave
	stRetire
	stClaim
	stRead
	stAppend
	stRelease
)

// stage is how far a call, or a message to another node, has come.
type stage uint8

const (
	sent  stage = iota + 1 // on its way, or waiting for its turn
	begun                  // the statement has its snapshot, and waits for a row's lock
	done                   // carried out; the answer is on its way
)

// call is one statement of a process.
type call struct {
	what   statement
	stage  stage
	hold   stage // it gets no further than this until it is let go; 0 is not held
	board  int8
	target int8
	op     int8
	ok     bool // the answer: it was done
	owner  int8 // the answer: who else owns it
	epoch  uint32
	seq    uint32
	number uint64 // of a beat
	seen   uint64 // the beat with which the target is to be buried
	sent   time.Duration
	due    time.Duration // when the answer may arrive

	states [nodeCount]competition.NodeState // of the nodes, when it began
	before head                             // the board, when it began
	rows   [nodeCount]row                   // the answer to a beat
}

// begin gives a statement its snapshot, and carries it out unless it must wait. As in
// PostgreSQL under READ COMMITTED, a statement that waited for the lock of a row sees
// that row as it is, and everything else as it was when it began.
func (w *world) begin(n, slot int) {
	c := &w.procs[n].calls[slot]
	for i := range w.rows {
		c.states[i] = w.rows[i].state
	}
	c.before, c.stage = w.heads[c.board], begun
	if c.hold != begun {
		w.finish(n, slot)
	}
}

// finish carries out a statement that has begun.
func (w *world) finish(n, slot int) {
	c := &w.procs[n].calls[slot]
	h, me := &w.heads[c.board], int8(n)
	mine := h.owner == me && h.epoch == c.epoch
	switch c.what {
	case stBeat:
		if r := &w.rows[n]; r.state != competition.NodeDead {
			r.beat, r.beats = r.beat+1, w.now
		}
		c.rows = w.rows
	case stBury:
		r := &w.rows[c.target]
		if c.ok = r.state != competition.NodeDead && (r.beat == c.seen || w.blindBurial); c.ok {
			w.checkBurial(int(c.target))
			r.state = competition.NodeDead
		}
	case stLeave:
		if r := &w.rows[n]; r.state == competition.NodeLive || w.leavingOverDead {
			r.state = competition.NodeLeaving
		}
	case stRetire:
		w.rows[n].state = competition.NodeDead
	case stClaim:
		if c.ok = w.claimable(c, h, me); c.ok {
			h.owner = me
			h.epoch++
			c.epoch = h.epoch
		} else {
			c.owner = h.owner
		}
	case stRead:
		c.ok, c.seq = mine, h.seq
	case stAppend:
		fence := mine
		switch {
		case w.appendByAnyone:
			fence = true
		case w.ownerInSubquery:
			fence = c.before.owner == me && c.before.epoch == c.epoch
		}
		if c.ok = fence && c.seq == h.seq+1; c.ok {
			w.checkAppend(n, c, mine)
			h.seq++
		}
	case stRelease:
		if mine || w.noEpoch && h.owner == me {
			h.owner = nobody
		}
	}
	c.stage, c.due = done, w.now
	if c.what >= stClaim {
		c.due += w.latency
	}
	if slot >= slotStray || w.procs[n].state == over {
		*c = call{} // nobody waits for the answer
	}
}

// claimable is the WHERE of a claim (rule O1).
func (w *world) claimable(c *call, h *head, me int8) bool {
	if c.states[me] != competition.NodeLive {
		return false
	}
	if h.owner == nobody || h.owner == me {
		return true
	}
	state := c.states[h.owner]
	return state == competition.NodeDead || w.claimFromUnlisted && state == 0
}
