package main

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// settings describe a cell and what happens to it. Times count from the start of
// the simulation.
type settings struct {
	Seed                     uint64
	Nodes, Cores             int
	Databases, DatabaseCores int
	Boards, Largest          int
	Rate                     float64 // syncs a second
	Watching                 float64 // live connections a participant
	HotShare                 float64 // of the syncs, that go to the largest board on top of its own
	HotSubscribers           int     // of the largest board
	Warm, Length             time.Duration

	Kill       time.Duration // one node ends; 0: none
	LoseDB     time.Duration // the primary of the first database ends
	Cold       bool          // no board is in memory at the start
	PatientFor time.Duration // a client that waits for longer gets 503 and comes again
}

// mostInFlight is how many syncs a node takes before it refuses more.
const mostInFlight = 4096

// cell is a cluster of nodes on their databases. Boards belong to one node and one
// database each. Invariants, which the tests hold:
//
//	C1  every sync that was offered is acknowledged once, or still on its way at the end
//	C2  what is acknowledged was durable before
//	C3  a board has at most one batch under way
type cell struct {
	settings
	*engine
	crowds   *crowds
	nodes    []*node
	dbs      []*database
	boards   []*board
	parked   map[*board][]visit // that wait at the edge for a new owner
	patience []deadline
	result
}

// clientSync is one sync of a client, until it is acknowledged.
type clientSync struct {
	arrived  time.Duration
	board    *board
	edge     *node // that the client talks to
	attempt  int   // which, from 0; an answer to an earlier one reaches nobody
	admitted bool  // and counted in the edge's inFlight
	durable  bool
	done     bool
}

// visit is a request in one attempt.
type visit struct {
	*clientSync
	attempt int
}

type node struct {
	cpu      processors
	dead     bool
	inFlight int
	writers  []writer // one for each database
	fan      fanOut
}

// writer commits the batches of all boards of a node together, in one database.
type writer struct {
	pending []batch
	busy    bool
}

type batch struct {
	board  *board
	visits []visit
}

type board struct {
	owner     *node
	db        int
	size      int
	loaded    bool
	loading   bool
	waiting   []visit // for the load
	gathering []visit
	inFlight  bool
	underWay  int // the same, counted, for C3
	live      audience
}

// result is what a simulation found.
type result struct {
	Offered, Acknowledged, Refused, Unfinished int
	RefusedElsewhere                           int // of boards that are not in the first database
	NotDurable                                 int // acknowledged, against C2
	Commits, Events, Batches                   int
	Frames                                     int
	MostUnderWay                               int // batches of one board
	MostBatch                                  int
	NodeUse, BusiestNode, DatabaseUse          float64
	latencies, rounds                          *hdrhistogram.Histogram
	timeline                                   []int // acknowledged in each tenth of a second
	Loaded                                     int
}

func newCell(s settings) *cell {
	c := &cell{settings: s, engine: newEngine(s.Seed), parked: map[*board][]visit{}}
	c.latencies, c.rounds = hdrhistogram.New(1, 600e6, 3), hdrhistogram.New(1, 600e6, 3)
	c.timeline = make([]int, (s.Warm+s.Length)/ms(100)+1)
	c.crowds = newCrowds(c.rng, s.Boards, s.Largest)
	for range s.Nodes {
		n := &node{cpu: newProcessors(c.engine, s.Cores), writers: make([]writer, s.Databases)}
		n.fan.node = n
		c.nodes = append(c.nodes, n)
	}
	for range s.Databases {
		c.dbs = append(c.dbs, &database{engine: c.engine, cores: newProcessors(c.engine, s.DatabaseCores)})
	}
	for i, size := range c.crowds.size {
		b := &board{owner: c.nodes[c.rng.IntN(s.Nodes)], db: c.rng.IntN(s.Databases), size: size, loaded: !s.Cold}
		b.live.subscribers = int(float64(size)*s.Watching + c.rng.Float64())
		if i == 0 && s.HotSubscribers > 0 {
			b.live.subscribers = s.HotSubscribers
		}
		c.boards = append(c.boards, b)
	}
	return c
}

// simulate runs a cell and says what happened after the warm-up.
func simulate(s settings) *result {
	c := newCell(s)
	c.begin()
	c.run(s.Warm + s.Length)
	c.Unfinished = c.Offered - c.Acknowledged
	living := 0
	for _, n := range c.nodes {
		if n.dead {
			continue
		}
		living++
		use := n.cpu.use(s.Length)
		c.NodeUse += use
		c.BusiestNode = max(c.BusiestNode, use)
	}
	c.NodeUse /= float64(living)
	for _, d := range c.dbs {
		c.DatabaseUse = max(c.DatabaseUse, d.cores.use(s.Length))
	}
	return &c.result
}

// begin plans what comes from outside.
func (c *cell) begin() {
	s := c.settings
	c.arrivals()
	if s.PatientFor > 0 {
		c.watch()
	}
	c.after(s.Warm, func() {
		for _, n := range c.nodes {
			n.cpu.busy = 0
		}
		for _, d := range c.dbs {
			d.cores.busy = 0
		}
	})
	if s.Kill > 0 {
		c.after(s.Kill, func() { c.kill(c.nodes[0]) })
	}
	if s.LoseDB > 0 {
		c.after(s.LoseDB, func() { c.dbs[0].backAt = c.now + time.Duration(promotionTime*float64(time.Second)) })
	}
}

// arrivals are a Poisson process: nobody waits for anybody else before syncing.
func (c *cell) arrivals() {
	c.after(c.exponential(time.Duration(float64(time.Second)/c.Rate)), func() {
		if c.Rate == 0 {
			return
		}
		which := 0
		if c.HotShare == 0 || c.rng.Float64() >= c.HotShare {
			which = c.crowds.pick(c.rng)
		}
		c.Offered++
		c.send(&clientSync{arrived: c.now, board: c.boards[which]})
		c.arrivals()
	})
}

// send is a client's request, at a living node that the load balancer chooses.
func (c *cell) send(r *clientSync) {
	for {
		r.edge = c.nodes[c.rng.IntN(len(c.nodes))]
		if !r.edge.dead {
			break
		}
	}
	if r.edge.inFlight >= mostInFlight {
		c.refuse(r)
		return
	}
	r.edge.inFlight++
	r.admitted = true
	v := visit{r, r.attempt}
	if c.PatientFor > 0 {
		c.patience = append(c.patience, deadline{c.now + c.PatientFor, v})
	}
	if r.board.owner == r.edge {
		c.work(r.edge, syncCost, v, func() { c.receive(v) })
		return
	}
	c.work(r.edge, edgeCost, v, func() { c.forward(v) })
}

// current reports whether somebody still waits for this attempt.
func (v visit) current() bool { return !v.done && v.clientSync.attempt == v.attempt }

func (c *cell) leave(r *clientSync) {
	if r.admitted {
		r.edge.inFlight--
		r.admitted = false
	}
}

// work is done by a node that is alive when it ends.
func (c *cell) work(n *node, cost float64, v visit, f func()) {
	n.cpu.do(us(cost), func() {
		if n.dead {
			c.lost(v)
			return
		}
		f()
	})
}

// forward carries a request from its edge to the owner.
func (c *cell) forward(v visit) {
	c.after(ms(networkDelay), func() {
		owner := v.board.owner
		if owner.dead {
			c.lost(v)
			return
		}
		c.work(owner, ownerCost, v, func() { c.receive(v) })
	})
}

// receive is the owner's actor, which loads its board first.
func (c *cell) receive(v visit) {
	b := v.board
	if b.owner.dead {
		c.lost(v)
		return
	}
	if !b.loaded {
		b.waiting = append(b.waiting, v)
		if !b.loading {
			b.loading = true
			c.load(b, b.owner)
		}
		return
	}
	b.gathering = append(b.gathering, v)
	c.offer(b)
}

func (c *cell) load(b *board, owner *node) {
	d := c.dbs[b.db]
	d.commit(us(recoveryCost+rowCost*float64(b.size)), func() {
		if b.owner != owner || owner.dead {
			return // the next owner loads it again
		}
		c.Loaded++
		b.loaded, b.loading = true, false
		b.gathering = append(b.gathering, b.waiting...)
		b.waiting = nil
		c.offer(b)
	})
}

// offer gives the writer what has gathered, unless a batch of the board is under
// way: batches form by themselves.
func (c *cell) offer(b *board) {
	if b.inFlight || len(b.gathering) == 0 {
		return
	}
	b.inFlight = true
	b.underWay++
	c.MostUnderWay = max(c.MostUnderWay, b.underWay)
	w := &b.owner.writers[b.db]
	w.pending = append(w.pending, batch{b, b.gathering})
	c.Batches++
	c.MostBatch = max(c.MostBatch, len(b.gathering))
	b.gathering = nil
	c.write(b.owner, b.db)
}

// write commits all that is pending, one commit after another.
func (c *cell) write(n *node, db int) {
	w := &n.writers[db]
	if w.busy || len(w.pending) == 0 {
		return
	}
	batches := w.pending
	w.busy, w.pending = true, nil
	events := 0
	for _, b := range batches {
		events += len(b.visits)
	}
	c.Commits++
	c.Events += events
	work := us(commitCost + boardCost*float64(len(batches)) + eventCost*float64(events))
	c.after(ms(networkDelay), func() {
		c.dbs[db].commit(work, func() {
			c.after(ms(networkDelay), func() { c.committed(n, db, batches) })
		})
	})
}

func (c *cell) committed(n *node, db int, batches []batch) {
	for _, b := range batches {
		for _, v := range b.visits {
			v.durable = true
			if n.dead { // durable, but nobody says so: asked again, it changes nothing
				c.lost(v)
			} else {
				c.answer(v, n)
			}
		}
		if n.dead {
			continue
		}
		b.board.inFlight = false
		b.board.underWay--
		c.offer(b.board)
		c.changed(b.board)
	}
	if !n.dead {
		n.writers[db].busy = false
		c.write(n, db)
	}
}

func (c *cell) answer(v visit, owner *node) {
	var way time.Duration
	if v.edge != owner {
		way = ms(networkDelay)
	}
	c.after(way, func() {
		switch {
		case !v.current():
			return
		case v.edge.dead:
			c.lost(v)
			return
		case !v.durable:
			c.NotDurable++
		}
		v.done = true
		c.leave(v.clientSync)
		c.Acknowledged++
		if tenth := int(c.now / ms(100)); tenth < len(c.timeline) {
			c.timeline[tenth]++
		}
		if v.arrived >= c.Warm {
			_ = c.latencies.RecordValue(max(1, (c.now - v.arrived).Microseconds())) // within its range, ten minutes
		}
	})
}
