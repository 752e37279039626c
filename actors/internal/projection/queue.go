package projection

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// queue is the competitions that wait to be projected.
type queue struct {
	wake    worker.Signal // something waits
	mu      sync.Mutex
	jobs    map[string]*job
	order   []string // of jobs, the one that waits longest first
	working *job     // nil when none is
}

// job is what is to be projected of a competition: all of the stored snapshot, or
// the snapshots that were stored since the last time.
type job struct {
	all       bool
	snapshots []*competition.Snapshot
	rows      int // of snapshots
	since     time.Time
}

// backlog is how many rows wait in memory for a competition; beyond that it is
// cheaper to read them again.
const backlog = 65_536

func newQueue() *queue { return &queue{wake: worker.NewSignal(), jobs: map[string]*job{}} }

// put lets a competition wait, together with what is waiting of it already.
func (q *queue) put(id string, j *job) {
	q.mu.Lock()
	if known := q.jobs[id]; known != nil {
		known.join(j)
		j = known
	} else {
		q.order = append(q.order, id)
	}
	if j.all || j.rows > backlog {
		j.all, j.snapshots, j.rows = true, nil, 0
	}
	q.jobs[id] = j
	q.mu.Unlock()
	q.wake.Set()
}

// join adds the snapshots of o. Their order does not matter to the statistics,
// but a later one counts only on top of those before it.
func (j *job) join(o *job) {
	j.all = j.all || o.all
	j.snapshots = append(j.snapshots, o.snapshots...)
	slices.SortStableFunc(j.snapshots, func(a, b *competition.Snapshot) int { return cmp.Compare(a.Seq, b.Seq) })
	j.rows += o.rows
	if o.since.Before(j.since) {
		j.since = o.since
	}
}

// take returns what waits longest; nil when nothing does. Each job needs a done.
func (q *queue) take() (id string, j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.order) == 0 {
		return "", nil
	}
	id, q.order = q.order[0], q.order[1:]
	j = q.jobs[id]
	delete(q.jobs, id)
	q.working = j
	return id, j
}

func (q *queue) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.working = nil
}

// state is how many competitions wait or are being projected, and for how long the
// one that came first has waited.
func (q *queue) state() (n int, lag time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n = len(q.jobs)
	for _, j := range q.jobs {
		lag = max(lag, time.Since(j.since))
	}
	if q.working != nil {
		n++
		lag = max(lag, time.Since(q.working.since))
	}
	return n, lag
}
