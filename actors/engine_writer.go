package actors

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// writer makes batches durable. While as many commits are under way as may be,
// the next one gathers: an idle system has the latency of one commit, a busy one
// the throughput of large ones. Its queue is bounded by the number of
// competitions, each of which has as many batches here at most.
//
// One commit at a time is best where the journal is a disk of ours, since all
// that there is to wait for is the disk. A journal that is a competition.Pipeline
// gets the next commit before it has answered the last.
type writer struct {
	env    writerEnv
	append func(ctx context.Context, batches []*competition.Batch, answered func([]error))
	mu     sync.Mutex
	queue  []job
	wake   worker.Signal
	loop   *worker.Loop

	places chan struct{} // one for each commit under way
	spares chan *commit  // as many as may be under way
	number uint64        // of the last commit

	events  atomic.Int64 // waiting or under way
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
// that is worked on, and one that waits for that.
const pipelined = 2

// job is a batch and who wants to know. One without a batch is a fence.
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
	w.places, w.spares = make(chan struct{}, atOnce), make(chan *commit, atOnce)
	for range atOnce {
		w.spares <- newCommit(w)
	}
	w.loop = worker.Start(context.Background(), w.run)
	return w
}

// atOnce is how many batches of a competition may be with the writer.
func (w *writer) atOnce() int { return cap(w.places) }

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
		w.places <- struct{}{}
		if c := w.take(); c != nil {
			c.begin()
			return true
		}
		<-w.places
		return false
	})
	w.await()
}

// await returns when no commit is under way.
func (w *writer) await() {
	for range cap(w.places) {
		w.places <- struct{}{}
	}
	for range cap(w.places) {
		<-w.places
	}
}

// take makes a commit of what is queued; nil if nothing is. A commit has one
// batch of a competition at most, so a second one stays, and so does a fence
// after it.
func (w *writer) take() *commit {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		return nil
	}
	c := <-w.spares
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
	return c
}
