package actors

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/internal/worker"
)

// writer makes batches durable. While it may begin no further commit, the next one
// gathers: an idle system has the latency of one commit, a busy one the throughput of
// large ones. Its queue is bounded by the number of
// competitions, each of which has as many batches here at most.
//
// One commit at a time is best if the journal is a local disk, because the disk is all
// there is to wait for. A journal that is a competition.Pipeline gets the next commit
// before it has answered the last.
type writer struct {
	env    writerEnv
	append func(ctx context.Context, batches []*competition.Batch, answered func([]error))
	mu     sync.Mutex
	queue  []job
	wake   worker.Signal
	loop   *worker.Loop

	spares chan *commit // those that are not under way
	number uint64       // of the last commit

	events  atomic.Int64 // waiting or under way
	took    atomic.Int64 // nanoseconds of the last commit that succeeded; 0 before the first
	metrics commitMetrics
}

// writerEnv is what a writer needs.
type writerEnv struct {
	life    context.Context // of its calls of the journal
	journal competition.Journal
	timeout time.Duration      // of a commit of a few rows
	root    *actor.RootContext // sends the answers
	metrics prometheus.Registerer
}

// pipelined is how many commits may be under way in a competition.Pipeline: one
// being carried out, and one waiting.
const pipelined = 2

// job is a batch and the actor that is told the result. A job without a batch is a
// fence.
type job struct {
	to     *actor.PID
	batch  *competition.Batch
	result *appended
	last   *uint64 // the writer's: number of the last commit with a batch of this competition
	fence  chan<- struct{}
}

func startWriter(env writerEnv) *writer {
	w := &writer{env: env, wake: worker.NewSignal(), metrics: newCommitMetrics(env.metrics)}
	atOnce := 1
	if pipeline, ok := env.journal.(competition.Pipeline); ok {
		atOnce, w.append = pipelined, pipeline.AppendNext
	} else {
		w.append = func(ctx context.Context, batches []*competition.Batch, answered func([]error)) {
			answered(env.journal.Append(ctx, batches))
		}
	}
	w.spares = make(chan *commit, atOnce)
	for range atOnce {
		c := &commit{writer: w}
		c.end = c.finish
		w.spares <- c
	}
	w.loop = worker.Start(context.Background(), w.run)
	return w
}

// atOnce is how many batches of a competition may be with the writer.
func (w *writer) atOnce() int { return cap(w.spares) }

// add queues a job; it never blocks. The batch is the writer's until the result
// is sent.
func (w *writer) add(j job) {
	if j.batch != nil {
		w.events.Add(int64(len(j.batch.Events)))
	}
	w.mu.Lock()
	w.queue = append(w.queue, j)
	w.mu.Unlock()
	w.wake.Set()
}

// fence returns when all that was queued before is done.
func (w *writer) fence(ctx context.Context) error {
	reached := make(chan struct{})
	w.add(job{fence: reached})
	select {
	case <-reached:
		return nil
	case <-w.loop.Done():
		return errStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close finishes what is queued and ends the writer.
func (w *writer) close() { w.loop.Stop() }

func (w *writer) run(ctx context.Context) {
	w.wake.Drain(ctx, func() bool {
		c := <-w.spares
		if !w.fill(c) {
			w.spares <- c
			return false
		}
		c.begin()
		return true
	})
	w.await(w.atOnce())
}

// await returns when n commits are not under way.
func (w *writer) await(n int) {
	var free [pipelined]*commit
	for i := range n {
		free[i] = <-w.spares
	}
	for _, c := range free[:n] {
		w.spares <- c
	}
}

// fill makes a commit of what is queued, and reports whether anything is. A commit
// has one batch of a competition at most, so a second one stays, and so does a fence
// after it.
func (w *writer) fill(c *commit) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		return false
	}
	w.number++
	left := w.queue[:0]
	for _, j := range w.queue {
		if j.batch == nil && len(left) > 0 || j.batch != nil && *j.last == w.number {
			left = append(left, j)
			continue
		}
		c.add(j, w.number)
	}
	clear(w.queue[len(left):])
	w.queue = left
	return true
}

// commit is a group of batches that become durable together; the writer has a
// few, and uses them again.
type commit struct {
	writer  *writer
	jobs    []job
	batches []*competition.Batch // of those jobs that have one, in their order
	events  int
	fenced  bool
	began   time.Time
	cancel  context.CancelFunc
	end     func(errs []error) // c.finish, made once
}

func (c *commit) add(j job, number uint64) {
	c.jobs = append(c.jobs, j)
	if j.batch == nil {
		c.fenced = true
		return
	}
	*j.last = number
	c.batches = append(c.batches, j.batch)
	c.events += len(j.batch.Events)
}

// begin has the batches appended.
func (c *commit) begin() {
	w := c.writer
	if c.fenced { // those before must be done, too
		w.await(w.atOnce() - 1)
	}
	if len(c.batches) == 0 {
		c.end(nil)
		return
	}
	var ctx context.Context
	ctx, c.cancel = context.WithTimeout(w.env.life, w.env.timeout+c.extra())
	c.began = time.Now()
	w.append(ctx, c.batches, c.end)
}

// extra is the time for more than a few rows: a batch that pays very many prizes, or
// refunds very many fees, gets the time that it takes.
func (c *commit) extra() time.Duration {
	rows := 0
	for _, b := range c.batches {
		rows += len(b.Transactions) + len(b.Prizes)
	}
	const perRow = 200 * time.Microsecond
	return time.Duration(rows) * perRow
}

// finish tells all actors the results.
func (c *commit) finish(errs []error) {
	w := c.writer
	if len(c.batches) > 0 {
		w.observe(c, errs)
		c.cancel()
		w.events.Add(-int64(c.events))
	}
	next := 0
	for _, j := range c.jobs {
		if j.batch == nil {
			close(j.fence)
			continue
		}
		if errs != nil {
			j.result.err = errs[next]
		}
		next++
		w.env.root.Send(j.to, j.result)
	}
	clear(c.jobs)
	clear(c.batches)
	c.jobs, c.batches, c.events, c.fenced = c.jobs[:0], c.batches[:0], 0, false
	w.spares <- c
}

// commitMetrics are what the writer counts: how large commits get, and how long the
// store takes for one, tell an operator whether it is the disk or the load.
type commitMetrics struct {
	events, competitions, took prometheus.Histogram
	prizes                     [ledger.FailedPrize + 1]prometheus.Counter
}

func newCommitMetrics(registry prometheus.Registerer) commitMetrics {
	powers := prometheus.ExponentialBuckets(1, 2, 14)
	c := commitMetrics{
		events: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "paceboard_commit_events", Help: "Events in a commit of the journal.", Buckets: powers,
		}),
		competitions: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "paceboard_commit_competitions", Help: "Competitions in a commit of the journal.", Buckets: powers,
		}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "paceboard_commit_seconds", Help: "Time that the store took for a commit of the journal, failures included.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0015, .0025, .005, .0075, .01, .025, .05, .1, .25, 1, 5},
		}),
	}
	prizes := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "paceboard_prizes_total", Help: "Prizes that came into a state since the start, by the state."}, []string{"status"})
	for status := ledger.PendingPrize; status.Known(); status++ {
		c.prizes[status] = prizes.WithLabelValues(status.String())
	}
	registry.MustRegister(c.events, c.competitions, c.took, prizes)
	return c
}

// observe counts a commit that has ended, with the errors of its batches, if any.
func (w *writer) observe(c *commit, errs []error) {
	took := time.Since(c.began)
	w.metrics.events.Observe(float64(c.events))
	w.metrics.competitions.Observe(float64(len(c.batches)))
	w.metrics.took.Observe(took.Seconds())
	for i, b := range c.batches {
		if errs != nil && errs[i] != nil {
			continue
		}
		w.took.Store(int64(took))
		for p := range b.Prizes {
			if status := b.Prizes[p].Status; status.Known() {
				w.metrics.prizes[status].Inc()
			}
		}
	}
}
