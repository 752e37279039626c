package main

import "time"

// deadline is when a client, or the node for it, gives an attempt up.
type deadline struct {
	at time.Duration
	visit
}

// watch ends the attempts that have taken too long. They stand in order.
func (c *cell) watch() {
	for len(c.patience) > 0 && c.patience[0].at <= c.now {
		if v := c.patience[0].visit; v.current() {
			c.refuse(v.clientSync)
		}
		c.patience = c.patience[1:]
	}
	c.after(10*time.Millisecond, c.watch)
}

// refuse is a 503, or a broken connection; the client comes again after a pause
// that grows with each attempt, and is different for each client.
func (c *cell) refuse(r *clientSync) {
	c.Refused++
	if r.board.db != 0 {
		c.RefusedElsewhere++
	}
	c.leave(r)
	r.attempt++
	longest := min(time.Second<<min(r.attempt, 5), 30*time.Second)
	c.after(c.between(longest/4, longest), func() { c.send(r) })
}

// lost is what happened to a request at a node that died: its edge asks the next
// owner once there is one; if the edge itself died, the client comes again.
func (c *cell) lost(v visit) {
	switch {
	case !v.current():
	case v.edge.dead:
		c.refuse(v.clientSync)
	case v.board.owner.dead:
		c.parked[v.board] = append(c.parked[v.board], v)
	default:
		c.forward(v)
	}
}

// kill ends a node. The others bury it when its beat has stood still for the
// lease, and its boards go to them.
func (c *cell) kill(n *node) {
	n.dead = true
	for i := range n.writers {
		for _, b := range n.writers[i].pending {
			for _, v := range b.visits {
				c.lost(v)
			}
		}
	}
	var mine []*board
	for _, b := range c.boards {
		if b.owner != n {
			continue
		}
		mine = append(mine, b)
		for _, v := range append(b.gathering, b.waiting...) {
			c.lost(v)
		}
		b.gathering, b.waiting, b.inFlight, b.underWay, b.loaded, b.loading = nil, nil, false, 0, false, false
	}
	wait := time.Duration(lease * float64(time.Second))
	c.after(c.between(wait, wait*6/5), func() { c.takeOver(mine) })
}

func (c *cell) takeOver(boards []*board) {
	for _, b := range boards {
		for b.owner.dead {
			b.owner = c.nodes[c.rng.IntN(len(c.nodes))]
		}
		for _, v := range c.parked[b] {
			c.lost(v)
		}
		delete(c.parked, b)
	}
}
