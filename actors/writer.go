package actors

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/competition"
)

// writer makes batches durable. While one commit is under way the next one
// gathers: an idle system has the latency of one commit, a busy one the
// throughput of large ones. Its queue is bounded by the number of competitions,
// each of which has one batch here at most.
type writer struct {
	engine *Engine
	mu     sync.Mutex
	queue  []job
	wake   chan struct{} // capacity 1
	stop   chan struct{}
	done   chan struct{}

	events  atomic.Int64 // waiting or under way
	commits commits
}

// job is a batch and who wants to know. One without a batch is a fence.
type job struct {
	to     *actor.PID
	batch  *competition.Batch
	result *appended
	fence  chan<- struct{}
}

func startWriter(e *Engine) *writer {
	w := &writer{
		engine: e, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}), commits: newCommits(e.Metrics),
	}
	go w.run()
	return w
}

// append queues a job; it never blocks. The batch is the writer's until the
// result is sent.
func (w *writer) append(j job) {
	if j.batch != nil {
		w.events.Add(int64(len(j.batch.Events)))
	}
	w.mu.Lock()
	w.queue = append(w.queue, j)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// fence returns when all that was queued before is done.
func (w *writer) fence(ctx context.Context) error {
	reached := make(chan struct{})
	w.append(job{fence: reached})
	select {
	case <-reached:
		return nil
	case <-w.done:
		return errStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close finishes what is queued and ends the writer.
func (w *writer) close() {
	close(w.stop)
	<-w.done
}

func (w *writer) run() {
	defer close(w.done)
	var jobs []job
	var batches []*competition.Batch
	for stopping := false; ; {
		w.mu.Lock()
		jobs, w.queue = w.queue, jobs[:0]
		w.mu.Unlock()
		if len(jobs) == 0 {
			if stopping {
				return
			}
			select {
			case <-w.wake:
			case <-w.stop:
				stopping = true
			}
			continue
		}
		batches = w.commit(jobs, batches[:0])
		clear(jobs)
		clear(batches)
	}
}

// commit appends the batches of the jobs and tells everybody.
func (w *writer) commit(jobs []job, batches []*competition.Batch) []*competition.Batch {
	events := 0
	for _, j := range jobs {
		if j.batch != nil {
			batches = append(batches, j.batch)
			events += len(j.batch.Events)
		}
	}
	var errs []error
	if len(batches) > 0 {
		ctx, cancel := w.engine.appendContext(batches)
		began := time.Now()
		errs = w.engine.Store.Append(ctx, batches)
		w.commits.observe(events, len(batches), time.Since(began))
		cancel()
	}
	w.events.Add(-int64(events))
	next := 0
	for _, j := range jobs {
		if j.batch == nil {
			close(j.fence)
			continue
		}
		if errs != nil {
			j.result.err = errs[next]
		}
		next++
		w.engine.system.Root.Send(j.to, j.result)
	}
	return batches
}
