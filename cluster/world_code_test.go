package cluster

import "time"

// code appends what tells a world from others that go on differently. Times count from
// now and end where nothing depends on them any more; beats and epochs are the present
// ones or not, since they only grow; seqs count from the store's. So what is reached
// again after the faults have ended is the same as before.
func (w *world) code(to []byte) []byte {
	to = append(to, byte(w.left), bit(w.outage))
	for i := range w.rows {
		to = append(to, byte(w.rows[i].state), w.age(w.rows[i].beats, ttl))
	}
	for b := range w.heads {
		to = append(to, byte(w.heads[b].owner), w.lag(b, w.acked[b]))
	}
	for n := range w.procs {
		to = w.codeProc(to, n)
	}
	if w.ops {
		c := &w.client
		to = append(to, byte(c.done), byte(c.stage), byte(c.target), w.age(c.sent, callWithin(ttl)), byte(c.misroute))
	}
	return to
}

func (w *world) codeProc(to []byte, n int) []byte {
	p := &w.procs[n]
	to = append(to, p.state)
	if p.state == absent {
		return to
	}
	if p.state != over {
		m := &p.member
		to = append(to, bit(p.cut)|bit(p.leaving)<<1|bit(p.left)<<2|bit(m.waiting)<<3|bit(m.newest > 0)<<4|bit(m.over != nil)<<5,
			byte(max(0, m.lease-w.now)), byte(max(0, m.next-w.now)), w.age(m.answered, maxGap*beatEvery(ttl)+1), byte(len(m.nodes)))
		if w.kinds&anOutage != 0 {
			to = append(to, w.age(p.faultyAt, 2*ttl+1))
		}
		for i := range m.nodes {
			x, s := &m.nodes[i], &m.seen[i]
			to = append(to, x.ID[0], byte(x.State), w.age(s.since, ttl), byte(s.polls), w.same(int(x.ID[0]-'a'), s.beat))
		}
		for x, beat := range p.suspects {
			to = append(to, bit(beat > 0)+w.same(x, beat-1))
		}
		for i := range p.arms {
			to = append(to, byte(p.arms[i]))
		}
		for b := range p.boards {
			x := &p.boards[b]
			to = append(to, x.phase, bit(x.epoch == w.heads[b].epoch), w.lag(b, x.seq), byte(x.learnt),
				bit(x.acted == w.now)|bit(x.wanted)<<1|bit(x.drain)<<2|bit(x.doubt)<<3, byte(x.op)<<4|byte(x.parked))
		}
		if w.reads {
			f := &p.fetch
			to = append(to, byte(f.stage)<<1|bit(f.held), byte(f.target), w.lag(0, f.seq), w.age(f.sent, callWithin(ttl)), bit(f.came == w.now), w.lag(0, f.floor), w.lag(0, f.waiting))
		}
	}
	for i := range p.calls {
		to = w.codeCall(to, p, &p.calls[i])
	}
	return to
}

func (w *world) codeCall(to []byte, p *proc, c *call) []byte {
	if c.stage == 0 {
		return append(to, 0)
	}
	to = append(to, byte(c.what), byte(c.stage)<<2|byte(c.hold), byte(c.board), byte(c.target), byte(c.op)<<1|bit(c.ok), byte(c.owner),
		bit(c.epoch == w.heads[c.board].epoch), w.lag(int(c.board), c.seq), w.same(int(c.target), c.seen), w.age(c.sent, ttl), byte(max(0, c.due-w.now)))
	if c.stage == begun {
		for _, s := range c.states {
			to = append(to, byte(s))
		}
		to = append(to, byte(c.before.owner), bit(c.before.epoch == c.epoch))
	}
	if w.recoversInClaim {
		to = append(to, w.lag(int(c.board), c.before.seq))
	}
	if c.what == stBeat && c.stage == done {
		for i := range c.rows {
			known := byte(0)
			if at := find(p.member.nodes, nodeIDs[i]); at >= 0 {
				known = bit(p.member.seen[at].beat == c.rows[i].beat)
			}
			to = append(to, byte(c.rows[i].state), w.same(i, c.rows[i].beat), known)
		}
	}
	return to
}

// age is how long ago something was, up to where it no longer matters.
func (w *world) age(at, most time.Duration) byte { return byte(min(w.now-at, most)) }

// lag is by how much a seq lags the store's.
func (w *world) lag(b int, seq uint32) byte {
	return byte(min(int(w.heads[b].seq)-int(seq), 7))
}

// same is whether a node's beat is still this one.
func (w *world) same(x int, beat uint64) byte { return bit(w.rows[x].beat == beat) }

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
