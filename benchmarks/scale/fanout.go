package main

import "time"

const (
	roundEvery = 100 * time.Millisecond // at most ten updates of a board a second
	together   = 64                     // frames that are sent before others get the processor
)

// audience are the subscribers of a board.
type audience struct {
	subscribers int
	began       time.Duration // the last round
	nodesLeft   int           // that still send it
	changed     bool          // since it began
	planned     bool
}

// fanOut sends the frames of a node, one board after another.
type fanOut struct {
	node *node
	work []share
	busy bool
}

// share is what one node sends of a round.
type share struct {
	board  *board
	frames int
}

// changed starts a round, or marks the one under way as out of date: subscribers
// who are late get the newest state, not every one.
func (c *cell) changed(b *board) {
	a := &b.live
	if a.subscribers == 0 {
		return
	}
	a.changed = true
	if a.nodesLeft > 0 || a.planned {
		return
	}
	a.planned = true
	c.after(max(0, a.began+roundEvery-c.now), func() { c.round(b) })
}

func (c *cell) round(b *board) {
	a := &b.live
	a.planned, a.changed, a.began = false, false, c.now
	for i, n := range c.nodes {
		frames := a.subscribers / len(c.nodes)
		if i < a.subscribers%len(c.nodes) {
			frames++
		}
		if frames == 0 || n.dead {
			continue
		}
		a.nodesLeft++
		n.fan.work = append(n.fan.work, share{b, frames})
		c.fanOut(n)
	}
}

// fanOut sends some frames, then waits for its turn with everybody else.
func (c *cell) fanOut(n *node) {
	f := &n.fan
	if f.busy || len(f.work) == 0 {
		return
	}
	f.busy = true
	now := &f.work[0]
	count := min(together, now.frames)
	n.cpu.do(us(frameCost*float64(count)), func() {
		f.busy = false
		if !n.dead {
			c.Frames += count
		}
		now := &f.work[0]
		now.frames -= count
		if now.frames == 0 {
			b := now.board
			f.work = f.work[1:]
			c.sent(b)
		}
		c.fanOut(n)
	})
}

// sent notes that a node has sent its share of a round.
func (c *cell) sent(b *board) {
	a := &b.live
	a.nodesLeft--
	if a.nodesLeft > 0 {
		return
	}
	if a.began >= c.Warm {
		_ = c.rounds.RecordValue(max(1, (c.now - a.began).Microseconds())) // within its range
	}
	if a.changed {
		c.changed(b)
	}
}
