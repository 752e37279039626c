package actors

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/actors/internal/projection"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// saver stores snapshots and releases competitions, one after another. Its queue is
// bounded by the number of competitions, each of which has one thing here at most.
type saver struct {
	env   saverEnv
	mu    sync.Mutex
	queue []saveJob
	wake  worker.Signal
	loop  *worker.Loop
}

// saverEnv is what a saver needs.
type saverEnv struct {
	life      context.Context // of its calls of the store
	store     snapshotStore
	timeout   time.Duration         // of one call
	root      *actor.RootContext    // sends the answers
	projector *projection.Projector // is given what was stored
}

// snapshotStore is what a saver needs of a store.
type snapshotStore interface {
	competition.Snapshots
	Release(ctx context.Context, competitionID string, epoch uint64) error
}

// saveJob is a snapshot to store, or a competition to release, and who is told.
type saveJob struct {
	to      *actor.PID
	result  *saved
	release *released // if there is no result
}

func startSaver(env saverEnv) *saver {
	s := &saver{env: env, wake: worker.NewSignal()}
	s.loop = worker.Start(context.Background(), func(ctx context.Context) { s.wake.Drain(ctx, s.saveAll) })
	return s
}

// save queues a snapshot; it never blocks.
func (s *saver) save(j saveJob) {
	s.mu.Lock()
	s.queue = append(s.queue, j)
	s.mu.Unlock()
	s.wake.Set()
}

// close finishes what is queued and ends the saver.
func (s *saver) close() { s.loop.Stop() }

// saveAll stores what is queued, and reports whether anything was.
func (s *saver) saveAll() bool {
	s.mu.Lock()
	jobs := s.queue
	s.queue = nil
	s.mu.Unlock()
	for _, j := range jobs {
		if j.release != nil {
			s.release(j)
			continue
		}
		ctx, cancel := context.WithTimeout(s.env.life, s.env.timeout)
		j.result.err = s.env.store.Save(ctx, &j.result.snapshot)
		cancel()
		s.project(j.result)
		s.env.root.Send(j.to, j.result)
	}
	return len(jobs) > 0
}

func (s *saver) release(j saveJob) {
	ctx, cancel := context.WithTimeout(s.env.life, s.env.timeout)
	defer cancel()
	j.release.err = s.env.store.Release(ctx, j.release.id, j.release.epoch)
	s.env.root.Send(j.to, j.release)
}

// project has the lifetime statistics follow the snapshot. On a conflict there is one
// already, perhaps this one, if an earlier attempt was stored and its answer lost.
func (s *saver) project(result *saved) {
	switch {
	case result.err == nil:
		s.env.projector.Add(&result.snapshot)
	case errors.Is(result.err, competition.ErrConflict):
		s.env.projector.AddAll(result.snapshot.CompetitionID)
	}
}
