package link

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/internal/worker"
)

// tick is how exactly deadlines of asks are kept: one clock for all costs less than a timer each.
const tick = 20 * time.Millisecond

// Dialer asks other nodes. Safe for concurrent use.
type Dialer struct {
	o       Options
	ctx     context.Context //nolint:containedctx // Of the connections, which outlive the ask that made them.
	cancel  context.CancelFunc
	clock   *worker.Loop
	streams atomic.Uint64

	mu     sync.Mutex // held to change peers
	peers  atomic.Pointer[map[string]*peer]
	alive  []string       // as Keep said last; nil before that
	ending []*worker.Loop // connections that were given up and have not ended yet
	closed bool
}

// NewDialer makes a dialer, which connects to nobody yet.
func NewDialer(o Options) *Dialer {
	d := &Dialer{o: o.withDefaults()}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.peers.Store(&map[string]*peer{})
	d.clock = worker.Every(d.ctx, worker.Interval{Then: tick}, func(context.Context) {
		now := time.Now()
		for _, p := range *d.peers.Load() {
			p.expire(now)
		}
	})
	return d
}

// Ask sends a request to a node and waits for the answer until the deadline, at most tick longer. It connects
// first if it must, unless Keep did not name the node: one that has just died is not connected to. An answer
// is the caller's, and may share memory with others of its frame. An error is an [ErrNotSent] or an [ErrLost],
// and comes at once when the connection breaks or the node is no longer kept.
func (d *Dialer) Ask(to Node, m Message, deadline time.Time) ([]byte, error) {
	if len(m.Body) > messageLimit {
		return nil, ErrTooLarge
	}
	p, err := d.peer(to)
	if err != nil {
		return nil, err
	}
	return p.ask(&m, deadline)
}

// Keep connects to these nodes, itself excepted, and ends the connections to all others:
// what waits for an answer of another fails at once. It connects to no more than
// Options.MaxConns, which is what a server of the same options takes; the rest are
// connected to when they are asked.
func (d *Dialer) Keep(alive []Node) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.alive = make([]string, 0, len(alive))
	for _, n := range alive {
		d.alive = append(d.alive, n.ID)
	}
	d.change(func(peers map[string]*peer) {
		for id, p := range peers {
			if !slices.Contains(d.alive, id) {
				d.give(p)
				delete(peers, id)
			}
		}
		for _, n := range alive {
			if p := peers[n.ID]; p != nil {
				p.leaving.Store(n.Leaving)
			}
			if len(peers) < d.o.MaxConns && !d.closed && n.ID != d.o.Self && peers[n.ID] == nil && validID(n.ID) {
				peers[n.ID] = d.start(n)
			}
		}
	})
}

func (d *Dialer) start(n Node) *peer {
	return newPeer(d.ctx, n, d.o, func() uint64 { return d.streams.Add(1) })
}

// validID reports whether a frame can name the node.
func validID(id string) bool { return len(id) > 0 && len(id) <= 255 }

// Close ends all connections and waits until they have.
func (d *Dialer) Close() {
	d.Keep(nil)
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.Keep(nil) // what an ask made in between
	d.cancel()
	d.clock.Stop()
	for _, loop := range d.ending {
		loop.Stop()
	}
}

func (d *Dialer) peer(to Node) (*peer, error) {
	if p := (*d.peers.Load())[to.ID]; p != nil && p.node.Address == to.Address {
		return p, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, ErrClosed
	}
	p := (*d.peers.Load())[to.ID]
	if p != nil && p.node.Address == to.Address {
		return p, nil
	}
	if d.alive != nil && !slices.Contains(d.alive, to.ID) {
		return nil, ErrClosed
	}
	if p != nil {
		d.give(p)
	}
	if !validID(to.ID) {
		return nil, errDown
	}
	p = d.start(to)
	d.change(func(peers map[string]*peer) { peers[to.ID] = p })
	return p, nil
}

// change replaces the map, which asks read without a lock.
func (d *Dialer) change(how func(map[string]*peer)) {
	peers := maps.Clone(*d.peers.Load())
	how(peers)
	d.peers.Store(&peers)
}

// give gives a connection up.
func (d *Dialer) give(p *peer) {
	p.end()
	d.ending = append(slices.DeleteFunc(d.ending, func(l *worker.Loop) bool {
		select {
		case <-l.Done():
			return true
		default:
			return false
		}
	}), p.loop)
}

// Peers returns the connections, in the order of the nodes' ids.
func (d *Dialer) Peers() []PeerStatus {
	peers := *d.peers.Load()
	all := make([]PeerStatus, 0, len(peers))
	for _, id := range slices.Sorted(maps.Keys(peers)) {
		all = append(all, peers[id].status())
	}
	return all
}
