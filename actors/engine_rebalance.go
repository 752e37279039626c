package actors

import (
	"cmp"
	"context"
	"slices"
	"time"
)

const (
	// rebalanceEvery is how often boards move to the nodes that they belong to.
	rebalanceEvery = 10 * time.Second
	// movedAtOnce is how many move at a time: each is recovered at its next owner, and its
	// requests wait for that.
	movedAtOnce = 8
)

// rebalanceAll gives boards to the nodes that they belong to: some every rebalanceEvery,
// and all of them as soon as this node has withdrawn, since what it owns cannot be reached
// through the others.
func (e *Engine) rebalanceAll(ctx context.Context) {
	timer := time.NewTimer(rebalanceEvery)
	defer timer.Stop()
	for {
		changed := e.options.Peers.Changed()
		if e.options.Peers.Withdrawn() {
			moving, cancel := context.WithTimeout(ctx, rebalanceEvery)
			e.MoveAway(moving)
			cancel()
		}
		select {
		case <-changed:
		case <-timer.C:
			e.rebalance()
			timer.Reset(rebalanceEvery)
		case <-ctx.Done():
			return
		}
	}
}

// rebalance gives up some boards that belong to other nodes: those nodes have come, or
// come back, since this one claimed the boards.
func (e *Engine) rebalance() {
	away := e.away()
	for _, h := range away[:min(len(away), movedAtOnce)] {
		e.tell(h, &shutDown{})
	}
}

// away returns the activations of boards that belong to other nodes, those in least use
// first.
func (e *Engine) away() []*handle {
	return slices.DeleteFunc(e.inMemory(), func(h *handle) bool { return h.damage.Load() != nil || e.options.Peers.Home(h.id) })
}

// MoveAway gives all boards to the nodes that they belong to. It is for a node that is
// leaving or has withdrawn, to which none belongs as long as others live. It returns when
// they are gone, or at the end of ctx. Requests are served throughout.
func (e *Engine) MoveAway(ctx context.Context) {
	for away := e.away(); len(away) > 0 && ctx.Err() == nil; away = e.away() {
		e.giveUp(ctx, away)
	}
}

// giveUp has activations end, some at a time, so that the requests of each wait for
// little more than its own snapshot and recovery. It returns when they have, or at the
// end of ctx.
func (e *Engine) giveUp(ctx context.Context, all []*handle) {
	for some := range slices.Chunk(all, movedAtOnce) {
		for _, h := range some {
			e.tell(h, &shutDown{})
		}
		for _, h := range some {
			select {
			case <-h.gone:
			case <-ctx.Done():
				return
			}
		}
	}
}

// inMemory returns the activations that are not ending, those in least use first.
func (e *Engine) inMemory() []*handle {
	all := e.actors.registry.all()
	leases := make(map[*handle]int64, len(all))
	for _, h := range all {
		leases[h] = h.leases.Load()
	}
	all = slices.DeleteFunc(all, func(h *handle) bool { return leases[h] < 0 })
	slices.SortFunc(all, func(a, b *handle) int { return cmp.Compare(leases[a], leases[b]) })
	return all
}

// handOver gives all boards up. Nothing is claimed any more.
func (e *Engine) handOver() {
	for all := e.inMemory(); len(all) > 0 && e.life.Err() == nil; all = e.inMemory() {
		e.giveUp(e.life, all)
	}
}
