package actors

import (
	"sync"
	"sync/atomic"
)

// workers run the mailboxes of competitions. A goroutine that has run one waits
// for the next, since its stack has the size by then that a new one would have to
// grow to: with many competitions, nearly every message wakes one.
type workers struct {
	next    chan func() // to a worker that waits
	waiting atomic.Int32
	ended   chan struct{}
	all     sync.WaitGroup
}

// maxWaiting is how many workers may wait.
const maxWaiting = 64

// throughput is after how many messages of one actor others get their turn.
const throughput = 300

func newWorkers() *workers { return &workers{next: make(chan func()), ended: make(chan struct{})} }

// Schedule implements actor.Dispatcher.
func (w *workers) Schedule(run func()) {
	select {
	case w.next <- run:
	default:
		w.all.Add(1)
		go w.work(run)
	}
}

// Throughput implements actor.Dispatcher.
func (*workers) Throughput() int { return throughput }

func (w *workers) work(run func()) {
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

// close ends the workers, once no actor is left.
func (w *workers) close() {
	close(w.ended)
	w.all.Wait()
}
