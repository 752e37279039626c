package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// Options of a node. All fields without a stated default are required.
type Options struct {
	Nodes  competition.Nodes // the table of nodes that they share
	ID     string            // new for each start of a process
	Logger *slog.Logger

	Address     string // where other nodes reach this one, host:port
	WireVersion int
	Level       int

	// TTL is how long the others wait for this node if it goes silent. Nodes may have
	// different ones.
	TTL time.Duration

	// Now is the time that the process goes by, for State.ClockOffset alone; default
	// time.Now.
	Now func() time.Time
}

// Node is this process as a member of the cluster: it beats, buries the nodes that
// have gone silent, and keeps the lease. Safe for concurrent use.
type Node struct {
	options Options
	began   time.Time // what the machine's times count from
	lease   *Lease
	routes  *routes

	mu      sync.Mutex
	member  *member
	reach   *reach
	outlook *outlook // nil before the first look at links
	warned  worker.Pace
	leaving bool
	suspect []suspect // to be buried
	figures State
	changed chan struct{} // closed when nodes come, go or begin to leave

	beats    *worker.Loop
	burials  *worker.Loop
	burial   worker.Signal
	confirms *worker.Loop

	confirmations *confirmations

	done     chan struct{} // closed at the end; reason is set before
	reason   error
	finished sync.Once
}

// Join registers a node and begins to beat. If the node cannot be registered, or it is
// not known whether it was, the error says so, and another attempt needs another id;
// the nodes that live bury what was left.
func Join(ctx context.Context, o Options) (*Node, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	self := competition.Node{ID: o.ID, Address: o.Address, WireVersion: o.WireVersion, Level: o.Level, TTL: o.TTL, State: competition.NodeLive}
	if err := o.Nodes.Register(ctx, self); err != nil {
		return nil, fmt.Errorf("register node %q: %w", o.ID, err)
	}
	n := &Node{
		options: o, began: time.Now(), lease: newLease(), routes: newRoutes(o.ID), member: newMember(o.ID, o.TTL, 0),
		reach:   newReach(o.ID, o.TTL),
		changed: make(chan struct{}), burial: worker.NewSignal(), done: make(chan struct{}),
	}
	n.confirmations = &confirmations{ask: n.confirm, wake: worker.NewSignal(), ended: n.done}
	life := context.WithoutCancel(ctx)
	n.confirms = worker.Start(life, n.confirmations.run)
	n.burials = worker.Start(life, n.buryAll)
	n.beats = worker.Start(life, n.beatAll)
	return n, nil
}

// ID returns the node's id.
func (n *Node) ID() string { return n.options.ID }

// Lease returns the lease under which this node may answer from memory.
func (n *Node) Lease() *Lease { return n.lease }

// Alive returns the nodes that are not dead, as the last beat showed them, in the order
// of their ids. The caller must not change it.
func (n *Node) Alive() []competition.Node { return n.routes.view.Load().alive }

// Changed returns a channel that is closed when a node comes, goes or begins to leave
// next, or competitions are placed elsewhere.
func (n *Node) Changed() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.changed
}

// Done is closed when this node has ended, of itself or because the others count it as
// dead. Nothing may be answered or written any more; see [Node.Err].
func (n *Node) Done() <-chan struct{} { return n.done }

// Err returns why the node ended: ErrBuried or ErrSameID, after which the process must
// exit with ExitCode, or ErrRetired. It is nil before the end.
func (n *Node) Err() error {
	select {
	case <-n.done:
		return n.reason
	default:
		return nil
	}
}

// State returns the present state.
func (n *Node) State() State {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.figures
	s.Nodes, s.Leaving, s.Beats, s.LeaseLeft = n.member.nodes, n.leaving, n.member.sent, n.lease.left(time.Now())
	s.Confirmations = n.confirmations.count()
	if o := n.outlook; o != nil {
		s.Unreached, s.Withdrawn, s.CutOff = o.lost, o.withdrawn, o.cutOff()
	}
	return s
}

// Confirm returns nil once the store has said, asked after Confirm was called, that this
// node is not dead, so that no other node can have been given what it owns. It asks again
// if the store does not answer. Error: competition.ErrUnavailable at the deadline, and as
// soon as it is known that the node has ended. It costs the store one commit for all that
// wait.
func (n *Node) Confirm(deadline time.Time) error { return n.confirmations.await(deadline) }

// confirm asks the store once.
func (n *Node) confirm() error {
	ctx, cancel := context.WithTimeout(context.Background(), callWithin(n.options.TTL))
	defer cancel()
	lives, err := n.options.Nodes.Lives(ctx, n.options.ID)
	if err == nil && !lives {
		return errNotAlive
	}
	return err
}

// beatAll sends a beat whenever one is due, one at a time.
func (n *Node) beatAll(ctx context.Context) {
	for ctx.Err() == nil && n.Err() == nil {
		n.mu.Lock()
		beat := n.member.tick(time.Since(n.began)).beat
		next, _ := n.member.wake()
		n.mu.Unlock()
		if beat == 0 {
			worker.Pause(ctx, next-time.Since(n.began))
			continue
		}
		n.beat(ctx, beat)
	}
}

// beat sends one beat and takes the answer.
func (n *Node) beat(ctx context.Context, beat uint64) {
	ctx, cancel := context.WithTimeout(ctx, callWithin(n.options.TTL))
	defer cancel()
	sent := time.Now() // before anything else: the lease counts from here
	nodes, store, err := n.options.Nodes.Beat(ctx, n.options.ID)
	arrived, used := time.Now(), n.options.Now()

	n.mu.Lock()
	defer n.mu.Unlock()
	n.noteBeat(ctx, err)
	if err != nil {
		n.figures.BeatErrors++
		n.member.failed(beat)
		return
	}
	n.figures.LastBeat = arrived
	n.figures.ClockOffset = store.Time().Sub(used.Add(-arrived.Sub(sent) / 2).Round(0))
	at := sent.Sub(n.began)
	e := n.member.answer(beatAnswer{beat: beat, sent: at, arrived: arrived.Sub(n.began), nodes: nodes})
	if e.lease > 0 {
		n.lease.extend(sent.Add(e.lease - at))
	}
	n.apply(&e)
}

// noteBeat tells operators when beats begin to fail, and when they succeed again.
func (n *Node) noteBeat(ctx context.Context, err error) {
	switch before := n.figures.BeatError; {
	case err != nil && before == nil && !errors.Is(err, context.Canceled):
		n.options.Logger.WarnContext(ctx, "cluster: a beat failed; answers from memory wait when the lease ends",
			"error", err, "lease_left", n.lease.left(time.Now()))
	case err == nil && before != nil:
		n.options.Logger.InfoContext(ctx, "cluster: beats succeed again", "without", time.Since(n.figures.LastBeat).Round(time.Millisecond))
	}
	n.figures.BeatError = err
}

// apply carries out what the machine asks for; n.mu is held.
func (n *Node) apply(e *effects) {
	if e.exit != nil {
		n.options.Logger.Error("cluster: this process must end", "reason", e.exit, "node", n.options.ID)
		n.end(e.exit)
		return
	}
	n.suspect = e.bury
	if len(e.bury) > 0 {
		n.burial.Set()
	}
	n.update(e.gone, e.changed)
}

// update publishes which nodes are not dead; n.mu is held.
func (n *Node) update(gone []string, changed bool) {
	n.routes.update(n.member.nodes, n.leaving, n.outlook, gone)
	if changed {
		close(n.changed)
		n.changed = make(chan struct{})
	}
}

// buryAll buries the nodes that have gone silent. It is not done between beats: a
// burial ends sessions and may wait.
func (n *Node) buryAll(ctx context.Context) {
	n.burial.Drain(ctx, func() (did bool) {
		n.mu.Lock()
		list := slices.Clone(n.suspect)
		n.suspect = nil
		n.mu.Unlock()
		for _, s := range list {
			if ctx.Err() == nil {
				n.bury(ctx, s)
			}
		}
		return len(list) > 0
	})
}

// bury makes one node dead, unless it has beaten meanwhile. After a failure the next
// answer shows the node again.
func (n *Node) bury(ctx context.Context, s suspect) {
	ctx, cancel := context.WithTimeout(ctx, n.options.TTL)
	defer cancel()
	buried, err := n.options.Nodes.Bury(ctx, s.id, s.beat)
	log := n.options.Logger.With("dead", s.id, "beat", s.beat)
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case err != nil:
		n.figures.BurialErrors++
		log.WarnContext(ctx, "cluster: a node has gone silent, and cannot be declared dead yet", "error", err)
	case buried:
		n.figures.Burials++
		log.WarnContext(ctx, "cluster: declared a node dead that had gone silent; others take its boards when they are asked for them")
		e := n.member.dead(s.id)
		n.update(e.gone, e.changed)
	}
}

// end refuses everything at once, for good; n.mu is held.
func (n *Node) end(reason error) {
	n.finished.Do(func() {
		n.lease.end()
		n.reason = reason
		close(n.done)
	})
}
