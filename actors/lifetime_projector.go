package actors

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// projector brings stored snapshots into the lifetime statistics, one
// competition after another, behind everything else: it takes a fifth of its time
// at most, and nobody waits for it. What it does not get to, or cannot store, it
// has the competitions' whole snapshots read for, once more after the next start
// if need be.
//
// Invariant:
//
//	P1  the competitions whose checkpoint is below their snapshot's seq are
//	    waiting, or being projected, or were given up with an error in the log;
//	    when the projector has ended, the next start finds them
type projector struct {
	engine *Engine
	mu     sync.Mutex
	queue  map[string]*projecting
	order  []string // of the queue, who waits longest first

	wake chan struct{} // capacity 1
	stop chan struct{}
	done chan struct{}

	since    atomic.Int64 // when the one being projected came, Unix nanoseconds; 0 when none is
	failures atomic.Uint64

	completing bool      // what was found at the start is not all done
	told       time.Time // of the progress
}

// projecting is what is to be projected of a competition: all of the stored
// snapshot, or the snapshots that were stored since the last time.
type projecting struct {
	all       bool
	snapshots []*competition.Snapshot
	rows      int // of snapshots
	since     time.Time
}

// projectBacklog is how many rows wait in memory for a competition; beyond that
// it is cheaper to read them again.
const projectBacklog = 65_536

func startProjector(e *Engine) *projector {
	p := &projector{
		engine: e, queue: map[string]*projecting{},
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go p.run()
	return p
}

// add takes a snapshot that was stored; it never blocks. Nobody may change it
// afterwards.
func (p *projector) add(s *competition.Snapshot) {
	p.put(s.CompetitionID, &projecting{snapshots: []*competition.Snapshot{s}, rows: len(s.Rows), since: time.Now()})
}

// addAll takes it that some snapshot of a competition was stored.
func (p *projector) addAll(id string) {
	p.put(id, &projecting{all: true, since: time.Now()})
}

// put lets a competition wait, together with what is waiting of it already.
func (p *projector) put(id string, j *projecting) {
	p.mu.Lock()
	known := p.queue[id]
	if known == nil {
		p.order = append(p.order, id)
		known = j
	} else {
		known.join(j)
	}
	if known.all || known.rows > projectBacklog {
		known.all, known.snapshots, known.rows = true, nil, 0
	}
	p.queue[id] = known
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// join adds the snapshots of o. Their order does not matter to the statistics,
// but a later one counts only on top of those before it.
func (j *projecting) join(o *projecting) {
	j.all = j.all || o.all
	j.snapshots = append(j.snapshots, o.snapshots...)
	slices.SortStableFunc(j.snapshots, func(a, b *competition.Snapshot) int { return int(int64(a.Seq) - int64(b.Seq)) })
	j.rows += o.rows
	if o.since.Before(j.since) {
		j.since = o.since
	}
}

// take is who waits longest; nil when nobody does.
func (p *projector) take() (id string, j *projecting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.order) == 0 {
		return "", nil
	}
	id, p.order = p.order[0], p.order[1:]
	j = p.queue[id]
	delete(p.queue, id)
	p.since.Store(j.since.UnixNano())
	return id, j
}

// state is how far the statistics are behind.
func (p *projector) state() competition.Projecting {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := competition.Projecting{Behind: len(p.order), Failures: p.failures.Load()}
	oldest := time.Now()
	for _, j := range p.queue {
		if j.since.Before(oldest) {
			oldest = j.since
		}
	}
	if since := p.since.Load(); since != 0 {
		s.Behind++
		if at := time.Unix(0, since); at.Before(oldest) {
			oldest = at
		}
	}
	if s.Behind > 0 {
		s.Lag = time.Since(oldest)
	}
	return s
}

// close projects the snapshots that wait and ends the projector. Whole
// competitions are left to the next start.
func (p *projector) close() {
	close(p.stop)
	<-p.done
}

func (p *projector) stopping() bool {
	select {
	case <-p.stop:
		return true
	default:
		return false
	}
}

// pause waits, but not when the engine stops.
func (p *projector) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.stop:
	}
}

func (p *projector) run() {
	defer close(p.done)
	const shortest, longest = 50 * time.Millisecond, 5 * time.Second
	backoff := shortest
	retry := func() {
		p.failures.Add(1)
		p.pause(backoff)
		backoff = min(2*backoff, longest)
	}
	for !p.stopping() {
		err := p.list()
		if err == nil {
			break
		}
		p.engine.Logger.Warn("it cannot be found out yet what the lifetime statistics lack", "error", err, "retry_in", backoff)
		retry()
	}
	backoff = shortest
	left := 0 // to the next start
	for {
		id, j := p.take()
		if j == nil {
			if p.stopping() {
				if left > 0 {
					p.engine.Logger.Info("the lifetime statistics will be completed at the next start", "competitions", left)
				}
				return
			}
			if p.completing {
				p.completing = false
				p.engine.Logger.Info("the lifetime statistics are complete")
			}
			select {
			case <-p.wake:
			case <-p.stop:
			}
			continue
		}
		err := p.project(id, j)
		p.since.Store(0)
		switch {
		case err == nil:
			backoff = shortest
		case errors.Is(err, competition.ErrConflict):
			// What came before these snapshots is not there: the process ended in
			// between, or another one stored a snapshot.
			p.put(id, &projecting{all: true, since: j.since})
		case errors.Is(err, competition.ErrCorrupt):
			p.failures.Add(1)
			p.engine.Logger.Error("a competition's days could not be brought into the lifetime statistics, which are without them until its next snapshot or start",
				"competition", id, "error", err)
		case p.stopping():
			left++
		default:
			p.engine.Logger.Warn("a competition's days could not be brought into the lifetime statistics yet",
				"competition", id, "error", err, "retry_in", backoff)
			p.put(id, j)
			retry()
		}
	}
}

// list has every competition wait whose snapshot the statistics lack something
// of: after a crash, or when they are new.
func (p *projector) list() error {
	ctx, cancel := context.WithTimeout(p.engine.life, p.engine.RecoveryTimeout)
	defer cancel()
	var ids []string
	if err := p.engine.Store.Unprojected(ctx, func(id string) { ids = append(ids, id) }); err != nil {
		return err
	}
	if p.completing = len(ids) > 0; p.completing {
		p.engine.Logger.Info("the lifetime statistics are being completed; until then they are slower", "competitions", len(ids))
		p.told = time.Now()
	}
	for _, id := range ids {
		p.addAll(id)
	}
	return nil
}
