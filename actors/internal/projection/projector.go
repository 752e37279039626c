// Package projection brings stored snapshots into the lifetime statistics, one
// competition after another ([Projector]). It knows what of a competition is still
// to be projected, and in which parts the store takes it; it never asks a
// competition's actor, and never decides what a day is worth. Reading starts at
// [Start].
package projection

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// Options of a Projector. All are needed, except Rows.
type Options struct {
	Life            context.Context // of the calls of the store
	Store           Store
	Logger          *slog.Logger
	Timeout         time.Duration // of one call of the store
	RecoveryTimeout time.Duration // of the look at the start, and between two parts of a stored snapshot
	// Ours reports whether it is up to this process to complete a competition's statistics
	// at the start; nil: always.
	Ours func(competitionID string) bool
	Rows int // that go to the store at a time; default 1024: half a megabyte
}

// Store is what a projector needs of a store.
type Store interface {
	competition.Snapshots
	competition.LifetimeStore
}

// Projector brings stored snapshots into the lifetime statistics. It works a fifth of
// its time at most, and no caller waits for it. If it cannot store a change, or the
// process ends first, it reads the competition's whole snapshot again, if need be
// after the next start. Its methods are safe for concurrent use.
//
// Invariant:
//
//	P1  each competition whose checkpoint is below its snapshot's seq is waiting,
//	    or being projected, or was given up with an error in the log; those left
//	    when the projector ends are found by the next start
type Projector struct {
	options  Options
	queue    *queue
	failures atomic.Uint64 // since the start
	loop     *worker.Loop

	// The loop's own.
	failed     int       // in a row
	completing bool      // something that was found at the start is not done
	told       time.Time // of the progress
}

// rest is how many times as long as it worked the projector rests.
const rest = 4

var (
	retries    = worker.Backoff{First: 50 * time.Millisecond, Max: 5 * time.Second}
	errStopped = errors.New("the projector ends")
)

// Start starts a projector, which first looks for what the statistics lack: after a
// crash, or when they are new. Close ends it.
func Start(o Options) *Projector {
	if o.Rows == 0 {
		o.Rows = 1024
	}
	p := &Projector{options: o, queue: newQueue()}
	p.loop = worker.Start(context.Background(), p.run)
	return p
}

// Add takes a snapshot that was stored; it never blocks. Nobody may change the
// snapshot afterwards.
func (p *Projector) Add(s *competition.Snapshot) {
	p.queue.put(s.CompetitionID, &job{snapshots: []*competition.Snapshot{s}, rows: len(s.Rows), since: time.Now()})
}

// AddAll projects all of a competition's stored snapshot; it never blocks.
func (p *Projector) AddAll(id string) { p.queue.put(id, &job{all: true, since: time.Now()}) }

// State is how far the statistics lag.
func (p *Projector) State() competition.Projecting {
	n, lag := p.queue.state()
	return competition.Projecting{Lagging: n, Lag: lag, Failures: p.failures.Load()}
}

// Close projects the snapshots that wait and ends the projector. Whole
// competitions are left to the next start.
func (p *Projector) Close() { p.loop.Stop() }

func (p *Projector) run(stop context.Context) {
	for stop.Err() == nil {
		err := p.list()
		if err == nil {
			break
		}
		pause := p.fail()
		p.options.Logger.WarnContext(stop, "it is not known yet what the lifetime statistics lack", "error", err, "retry_in", pause)
		worker.Pause(stop, pause)
	}
	p.failed = 0
	left := 0 // to the next start
	p.queue.wake.Drain(stop, func() bool {
		id, j := p.queue.take()
		if j == nil {
			if p.completing && stop.Err() == nil {
				p.completing = false
				p.options.Logger.InfoContext(stop, "the lifetime statistics are complete")
			}
			return false
		}
		err := p.project(stop, id, j)
		p.queue.done()
		switch {
		case err == nil:
			p.failed = 0
		case errors.Is(err, competition.ErrConflict):
			// The statistics lack what came before: the process ended in between, or
			// another one stored a snapshot.
			p.queue.put(id, &job{all: true, since: j.since})
		case errors.Is(err, competition.ErrCorrupt):
			p.failures.Add(1)
			p.options.Logger.ErrorContext(stop, "a competition's days could not be brought into the lifetime statistics, which are without them until its next snapshot or start",
				"competition", id, "error", err)
		case stop.Err() != nil:
			left++
		default:
			pause := p.fail()
			p.options.Logger.WarnContext(stop, "a competition's days could not be brought into the lifetime statistics yet",
				"competition", id, "error", err, "retry_in", pause)
			p.queue.put(id, j)
			worker.Pause(stop, pause)
		}
		return true
	})
	if left > 0 {
		p.options.Logger.InfoContext(stop, "the lifetime statistics will be completed at the next start", "competitions", left)
	}
}

// fail counts a failure and returns the pause after it.
func (p *Projector) fail() time.Duration {
	p.failures.Add(1)
	p.failed++
	return retries.After(p.failed)
}

// list queues the competitions whose snapshots are not yet fully in the statistics.
func (p *Projector) list() error {
	ctx, cancel := context.WithTimeout(p.options.Life, p.options.RecoveryTimeout)
	defer cancel()
	var ids []string
	if err := p.options.Store.Unprojected(ctx, func(id string) {
		if p.options.Ours == nil || p.options.Ours(id) {
			ids = append(ids, id)
		}
	}); err != nil {
		return err
	}
	if p.completing = len(ids) > 0; p.completing {
		p.options.Logger.InfoContext(ctx, "the lifetime statistics are being completed; until then they are slower", "competitions", len(ids))
		p.told = time.Now()
	}
	for _, id := range ids {
		p.AddAll(id)
	}
	return nil
}

func (p *Projector) project(stop context.Context, id string, j *job) error {
	if j.all {
		return p.projectAll(stop, id)
	}
	for _, s := range j.snapshots {
		if err := p.projectSnapshot(stop, s); err != nil {
			return err
		}
	}
	return nil
}

// projectSnapshot projects what one snapshot changed.
func (p *Projector) projectSnapshot(stop context.Context, s *competition.Snapshot) error {
	_, sources, err := competition.SnapshotSources(s.CompetitionID, s.Header)
	if err != nil {
		return err
	}
	part := competition.Projection{CompetitionID: s.CompetitionID, Sources: sources, From: s.Since}
	rows := s.Rows
	for ; len(rows) > p.options.Rows; rows = rows[p.options.Rows:] {
		part.Rows = rows[:p.options.Rows]
		if err := p.send(stop, &part); err != nil {
			return err
		}
	}
	part.Rows, part.To = rows, s.Seq
	return p.send(stop, &part)
}

func (p *Projector) projectAll(stop context.Context, id string) error {
	if stop.Err() != nil {
		return errStopped
	}
	ctx, cancel := context.WithCancel(p.options.Life)
	defer cancel()
	// It may take long, but not without rows.
	watchdog := time.AfterFunc(p.options.RecoveryTimeout, cancel)
	defer watchdog.Stop()
	var seq uint64
	count := 0
	part := competition.Projection{CompetitionID: id}
	flush := func() error {
		if stop.Err() != nil {
			return errStopped
		}
		watchdog.Reset(p.options.RecoveryTimeout)
		count += len(part.Rows)
		p.tell(id, count)
		err := p.send(stop, &part)
		part.Rows = part.Rows[:0]
		return err
	}
	err := p.options.Store.Load(ctx, id, func(header []byte) (err error) {
		seq, part.Sources, err = competition.SnapshotSources(id, header)
		return err
	}, func(row competition.Row) error {
		row.Days = slices.Clone(row.Days)
		if part.Rows = append(part.Rows, row); len(part.Rows) < p.options.Rows {
			return nil
		}
		return flush()
	})
	if err != nil || seq == 0 {
		return err
	}
	part.To = seq
	return flush()
}

// tell logs the progress now and then.
func (p *Projector) tell(id string, participants int) {
	const every = 5 * time.Second
	if time.Since(p.told) < every {
		return
	}
	p.told = time.Now()
	p.options.Logger.Info("competitions are being brought into the lifetime statistics",
		"competition", id, "participants", participants, "competitions_to_do", p.State().Lagging)
}

// send gives a part to the store, and rests.
func (p *Projector) send(stop context.Context, part *competition.Projection) error {
	ctx, cancel := context.WithTimeout(p.options.Life, p.options.Timeout)
	defer cancel()
	began := time.Now()
	err := p.options.Store.Project(ctx, part)
	if err == nil {
		worker.Pause(stop, rest*time.Since(began))
	}
	return err
}
