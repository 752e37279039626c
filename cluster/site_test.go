package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/worker"
)

// A site is a store and some processes with real nodes, in a synctest bubble, where
// time goes on only when nobody has anything to do.
type site struct {
	t      *testing.T
	random *rand.Rand // of the test's own goroutine
	table  *table
	leases bool // answers look at the lease

	mu     sync.Mutex
	boards [siteBoards]owned
	procs  map[string]*process
	bad    string // the first broken invariant
	reads  int
	begun  int // processes
}

// owned is a board in the store.
type owned struct {
	owner        string
	epoch, seq   uint64
	acknowledged uint64
}

const siteBoards = 4

// process is a process of the site: a node, one worker a board and one for readers.
type process struct {
	site    *site
	way     *way
	node    *Node
	cluster *Cluster
	leaving atomic.Bool
	boards  [siteBoards]held
	loops   []*worker.Loop
}

// held is what a process has of a board.
type held struct {
	answers atomic.Bool   // from memory
	seq     atomic.Uint64 // as far as it has applied
	wanted  atomic.Bool   // somebody was sent here
}

// way is how a process reaches the store.
type way struct {
	cut     atomic.Bool
	slow    atomic.Int64                  // the longest delay of a statement, and of its answer
	stopped atomic.Pointer[chan struct{}] // closed when the process goes on
}

// gate waits while the process is stopped.
func (w *way) gate() {
	if c := w.stopped.Load(); c != nil {
		<-*c
	}
}

// carry carries a statement out after a while, whether or not somebody still waits.
func carry[T any](ctx context.Context, w *way, do func() T) (answer T, err error) {
	defer w.gate()
	delay := func() time.Duration { return time.Millisecond + rand.N(time.Duration(w.slow.Load())+1) }
	if w.cut.Load() {
		<-ctx.Done()
		return answer, competition.ErrUnavailable
	}
	done := make(chan T, 1)
	time.AfterFunc(delay(), func() {
		answer := do()
		time.AfterFunc(delay(), func() {
			if !w.cut.Load() {
				done <- answer
			}
		})
	})
	select {
	case answer = <-done:
		return answer, nil
	case <-ctx.Done():
		return answer, competition.ErrUnavailable
	}
}

// remote is the table of nodes at the end of a way.
type remote struct {
	*table
	way *way
}

type beaten struct {
	alive []competition.Node
	now   calendar.Millis
}

func (r remote) Beat(ctx context.Context, id string) ([]competition.Node, calendar.Millis, error) {
	b, err := carry(ctx, r.way, func() beaten {
		alive, now, _ := r.table.Beat(context.Background(), id)
		return beaten{alive, now}
	})
	return b.alive, b.now, err
}

func (r remote) Bury(ctx context.Context, id string, seen uint64) (bool, error) {
	return carry(ctx, r.way, func() bool { ok, _ := r.table.Bury(context.Background(), id, seen); return ok })
}

func (r remote) Leave(ctx context.Context, id string) error {
	_, err := carry(ctx, r.way, func() bool { return r.table.Leave(context.Background(), id) == nil })
	return err
}

func (r remote) Lives(ctx context.Context, id string) (bool, error) {
	return carry(ctx, r.way, func() bool { ok, _ := r.table.Lives(context.Background(), id); return ok })
}

func (r remote) Retire(ctx context.Context, id string) error {
	_, err := carry(ctx, r.way, func() bool { return r.table.Retire(context.Background(), id) == nil })
	return err
}

// start begins a process with a new node id.
func (s *site) start() *process {
	p := &process{site: s, way: &way{}}
	p.way.slow.Store(int64(10 * time.Millisecond))
	s.mu.Lock()
	s.begun++
	id := fmt.Sprintf("node-%d", s.begun)
	s.mu.Unlock()
	node, err := Join(s.t.Context(), Options{Nodes: remote{s.table, p.way}, ID: id, Address: id, TTL: nodeTTL, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(s.t, err)
	p.node, p.cluster = node, New(node, nil)
	s.mu.Lock()
	s.procs[id] = p
	s.mu.Unlock()
	for b := range p.boards {
		p.loops = append(p.loops, worker.Start(s.t.Context(), func(ctx context.Context) { p.own(ctx, b) }))
	}
	p.loops = append(p.loops, worker.Start(s.t.Context(), p.read))
	return p
}

// end is the end of a process, as sudden as a crash.
func (p *process) end() {
	p.resume()
	for _, l := range p.loops {
		l.Stop()
	}
	p.node.Close()
	p.site.mu.Lock()
	delete(p.site.procs, p.node.ID())
	p.site.mu.Unlock()
}

func (p *process) resume() {
	if c := p.way.stopped.Swap(nil); c != nil {
		close(*c)
	}
}

// own claims a board that belongs here, appends to it, and gives it up.
func (p *process) own(ctx context.Context, b int) {
	x, epoch := &p.boards[b], uint64(0) // 0: it does not know that it is the owner
	for worker.Pause(ctx, 5*time.Millisecond+rand.N(20*time.Millisecond)) {
		p.way.gate()
		if p.node.Err() != nil {
			x.answers.Store(false)
			continue
		}
		within, cancel := context.WithTimeout(ctx, time.Second)
		mine := epoch // in statements, which may be late
		switch {
		case p.leaving.Load():
			x.answers.Store(false) // first of all
			if epoch > 0 {
				_, _ = carry(within, p.way, func() bool { return p.site.release(b, p.node.ID(), mine) })
				epoch = 0
			}
		case epoch == 0 && (x.answers.Load() || x.wanted.Swap(false) || p.cluster.Home(fmt.Sprint(b))):
			epoch = p.recover(within, b)
		case epoch > 0:
			seq := x.seq.Load() + 1
			switch ok, err := carry(within, p.way, func() bool { return p.site.append(b, p.node.ID(), mine, seq) }); {
			case err != nil:
				epoch = 0 // in doubt: it answers, but recovers before it goes on
			case !ok:
				epoch = 0
				x.answers.Store(false)
			default:
				x.seq.Store(seq)
				p.site.acknowledge(b, seq)
			}
		}
		cancel()
	}
}

// recover claims a board and reads it; it returns 0 if that fails.
func (p *process) recover(ctx context.Context, b int) (epoch uint64) {
	x := &p.boards[b]
	claimed, err := carry(ctx, p.way, func() owned { return p.site.claim(b, p.node.ID()) })
	if err != nil {
		return 0
	}
	if claimed.owner != p.node.ID() {
		x.answers.Store(false)
		p.site.want(b, claimed.owner)
		return 0
	}
	read, err := carry(ctx, p.way, func() owned { p.site.mu.Lock(); defer p.site.mu.Unlock(); return p.site.boards[b] })
	if err != nil {
		return 0
	}
	if read.owner != p.node.ID() || read.epoch != claimed.epoch {
		x.answers.Store(false)
		return 0
	}
	x.seq.Store(read.seq)
	x.answers.Store(true)
	return read.epoch
}

// read answers readers from memory, some of whom wait for the lease.
func (p *process) read(ctx context.Context) {
	for worker.Pause(ctx, 3*time.Millisecond+rand.N(8*time.Millisecond)) {
		p.way.gate()
		for b := range p.boards {
			floor := p.site.acknowledged(b) // the reader comes
			x := &p.boards[b]
			if !x.answers.Load() {
				continue
			}
			seq := x.seq.Load()
			if !p.site.leases || p.node.Lease().Valid() || rand.N(8) == 0 && p.node.Lease().Await(time.Now().Add(500*time.Millisecond)) == nil {
				p.site.answered(p.node.ID(), b, seq, floor)
			}
		}
	}
}

// leave is a graceful stop.
func (p *process) leave(ctx context.Context) {
	_ = p.node.Leave(ctx)
	p.leaving.Store(true)
	worker.Pause(ctx, time.Second)
	for _, l := range p.loops {
		l.Stop()
	}
	_ = p.node.Retire(ctx)
	p.site.mu.Lock()
	delete(p.site.procs, p.node.ID())
	p.site.mu.Unlock()
}

func (s *site) claim(b int, me string) owned {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := &s.boards[b]
	if s.table.state(me) == competition.NodeLive && (x.owner == "" || x.owner == me || s.table.state(x.owner) == competition.NodeDead) {
		x.owner = me
		x.epoch++
	}
	return *x
}

func (s *site) append(b int, me string, epoch, seq uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := &s.boards[b]
	if x.owner != me || x.epoch != epoch || x.seq+1 != seq {
		return false
	}
	x.seq = seq
	return true
}

func (s *site) release(b int, me string, epoch uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := &s.boards[b]; x.owner == me && x.epoch == epoch {
		x.owner = ""
	}
	return true
}

func (s *site) want(b int, owner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.procs[owner]; p != nil {
		p.boards[b].wanted.Store(true)
	}
}

func (s *site) acknowledge(b int, seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.boards[b].acknowledged = max(s.boards[b].acknowledged, seq)
}

func (s *site) acknowledged(b int) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.boards[b].acknowledged
}

func (s *site) answered(node string, b int, seq, floor uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reads++; seq < floor && s.bad == "" {
		s.bad = fmt.Sprintf("I3: %s answers with seq %d of board %d; the reader came after %d was acknowledged", node, seq, b, floor)
	}
}
