package mailbox

import (
	"sync"
	"sync/atomic"
)

// Workers run mailboxes. A goroutine that has run one waits for the next, since its
// stack has grown by then, and that of a new one would have to: with many
// competitions, nearly every message wakes one.
type Workers struct {
	next    chan func() // to a waiting worker
	waiting atomic.Int32
	ended   chan struct{}
	all     sync.WaitGroup
}

// maxWaiting is how many workers may wait.
const maxWaiting = 64

// throughput is after how many messages of one actor the others get a turn.
const throughput = 300

// NewWorkers returns none yet; they start as they are needed.
func NewWorkers() *Workers { return &Workers{next: make(chan func()), ended: make(chan struct{})} }

// Schedule implements actor.Dispatcher.
func (w *Workers) Schedule(run func()) {
	select {
	case w.next <- run:
	default:
		w.all.Add(1)
		go w.work(run)
	}
}

// Throughput implements actor.Dispatcher.
func (*Workers) Throughput() int { return throughput }

func (w *Workers) work(run func()) {
	defer w.all.Done()
	for {
		run()
		if w.waiting.Add(1) > maxWaiting {
			w.waiting.Add(-1)
			return
		}
		select {
		case run = <-w.next:
			w.waiting.Add(-1)
		case <-w.ended:
			return
		}
	}
}

// Close ends the workers, once no actor is left.
func (w *Workers) Close() {
	close(w.ended)
	w.all.Wait()
}
