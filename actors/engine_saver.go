package actors

import (
	"errors"
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/competition"
)

// saver stores snapshots, one after another. Its queue is bounded by the number
// of competitions, each of which has one snapshot here at most.
type saver struct {
	engine *Engine
	mu     sync.Mutex
	queue  []saveJob
	wake   chan struct{} // capacity 1
	stop   chan struct{}
	done   chan struct{}
}

type saveJob struct {
	to     *actor.PID
	result *saved
}

func startSaver(e *Engine) *saver {
	s := &saver{engine: e, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	go s.run()
	return s
}

// save queues a snapshot; it never blocks.
func (s *saver) save(j saveJob) {
	s.mu.Lock()
	s.queue = append(s.queue, j)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// close finishes what is queued and ends the saver.
func (s *saver) close() {
	close(s.stop)
	<-s.done
}

func (s *saver) run() {
	defer close(s.done)
	for stopping := false; ; {
		s.mu.Lock()
		jobs := s.queue
		s.queue = nil
		s.mu.Unlock()
		for _, j := range jobs {
			ctx, cancel := s.engine.storeContext()
			j.result.err = s.engine.Store.Save(ctx, &j.result.snapshot)
			cancel()
			s.project(j.result)
			s.engine.system.Root.Send(j.to, j.result)
		}
		switch {
		case len(jobs) > 0:
		case stopping:
			return
		default:
			select {
			case <-s.wake:
			case <-s.stop:
				stopping = true
			}
		}
	}
}

// project has the lifetime statistics follow the snapshot, or the one that was
// there already: this one, if its last attempt was stored and nobody heard.
func (s *saver) project(result *saved) {
	switch {
	case result.err == nil:
		s.engine.projector.add(&result.snapshot)
	case errors.Is(result.err, competition.ErrConflict):
		s.engine.projector.addAll(result.snapshot.CompetitionID)
	}
}
