package actors

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/competition"
)

// mirror keeps the boards in a competition.Mirror. It pulls: an actor says that
// something changed, once, and is asked when the mirror has time. So nothing
// queues up while the mirror is slow or away, and no actor ever waits for it.
//
// Invariants:
//
//	M1  only applied states are pulled, so only durable ones are mirrored
//	M2  view.mark is what the mirror bore after the last write, or empty; every
//	    write rests on it, so that a mirror which lost something is never added to
//	M3  a competition is in behind, or in the sweep, until its mirror bears the
//	    mark of its state
type mirror struct {
	engine *Engine
	to     competition.Mirror
	behind *behind
	sweep  *sweepList

	token      string        // of this process, for names that are nobody else's
	names      atomic.Int64  // given so far
	generation atomic.Uint64 // counts losses; see lost
	last       atomic.Pointer[checked]

	ctx      context.Context // of the calls of the worker
	stop     context.CancelFunc
	sweeping context.Context // of those of the sweep
	endSweep context.CancelFunc
	closing  chan struct{}
	parts    sync.WaitGroup
	failed   bool // something in the worker's round
	failures int  // rounds and calls of the worker, in a row
}

// view is what the mirror's worker knows of one activation.
type view struct {
	generation uint64
	mark       string // that the mirror bears; empty: to be looked up
	draft      *draft // the board is being rewritten
}

// draft is a board being rewritten from an actor's state.
type draft struct {
	name, mark string
	over       string // what stands there; see competition.MirrorShow
	base       string // of the actor, all the while
	after      uint32
	entries    int
	began      time.Time
}

const (
	mirrorAtOnce = 16                     // competitions in one round trip
	mirrorPause  = 10 * time.Millisecond  // after a round that left nothing to do, to let changes gather
	mirrorPulse  = 2 * time.Second        // between signs of life
	pullTimeout  = 250 * time.Millisecond // for an actor to answer; it may be recovering
	lastWrites   = time.Second            // for what is left at the end

	firstMirrorBackoff = 50 * time.Millisecond
	maxMirrorBackoff   = 2 * time.Second
)

func startMirror(e *Engine) *mirror {
	token := make([]byte, 8)
	rand.Read(token) // never fails, see crypto/rand
	m := &mirror{
		engine: e, to: e.Mirror, behind: newBehind(), sweep: newSweepList(), token: hex.EncodeToString(token), closing: make(chan struct{}),
	}
	m.last.Store(&checked{})
	m.ctx, m.stop = context.WithCancel(e.life)
	m.sweeping, m.endSweep = context.WithCancel(m.ctx)
	m.parts.Go(m.run)
	m.parts.Go(m.runSweep)
	m.sweep.addAll() // whatever the mirror has is older than this process
	return m
}

// close writes what is left, if that goes fast, and ends the mirror. The rest is
// found by the sweep of the next start.
func (m *mirror) close() {
	m.endSweep()
	close(m.closing)
	limit := time.AfterFunc(lastWrites, m.stop)
	m.parts.Wait()
	limit.Stop()
	m.stop()
}

// name is one that nobody has used.
func (m *mirror) name() string {
	return "~" + m.token + "-" + strconv.FormatInt(m.names.Add(1), 10)
}

// run is the worker: rounds, as long as there is something to do.
func (m *mirror) run() {
	pulse := time.NewTicker(mirrorPulse)
	defer pulse.Stop()
	for m.ctx.Err() == nil {
		m.failed = false
		steps := m.round()
		switch {
		case m.failed && m.isClosing():
			return // it has had its chance
		case m.failed:
			m.failures++
			m.pause(backoff(m.failures))
		case len(steps) == 0 && m.isClosing():
			return
		case len(steps) == 0:
			select {
			case <-m.behind.wake:
			case <-pulse.C:
				m.write(nil)
			case <-m.closing:
			}
		case !again(steps) && !m.isClosing():
			m.pause(mirrorPause)
		}
	}
}

// await waits until the mirror shows all of some competitions, for so long at most.
func (m *mirror) await(ids []string, most time.Duration) {
	limit := time.After(most)
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for m.behind.has(ids) {
		select {
		case <-poll.C:
		case <-limit:
			return
		}
	}
}

func (m *mirror) isClosing() bool {
	select {
	case <-m.closing:
		return true
	default:
		return false
	}
}

// pause waits, but not past closing.
func (m *mirror) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-m.closing:
	}
}

// backoff doubles with each failure and is never the same twice: several servers
// shall not come back to a Redis at once.
func backoff(failures int) time.Duration {
	d := min(firstMirrorBackoff<<min(failures-1, 10), maxMirrorBackoff)
	var random [1]byte
	rand.Read(random[:])
	return d/2 + d*time.Duration(random[0])/256
}

// step is the work on one competition in one round.
type step struct {
	id     string
	handle *handle // nil when it left memory
	pid    *actor.PID
	pull   pull
	answer chan pulled
	pulled pulled
	write  competition.MirrorWrite
	writes bool
	again  bool // something is left to do
}

func again(steps []*step) bool {
	for _, s := range steps {
		if s.again {
			return true
		}
	}
	return false
}

// round takes some competitions one step on, in one round trip or two.
func (m *mirror) round() (steps []*step) {
	if steps = m.behind.take(mirrorAtOnce); len(steps) == 0 {
		return nil
	}
	m.pull(steps)
	m.look(steps)
	m.writeAll(steps)
	for _, s := range steps {
		m.behind.done(s.id, s.again)
	}
	return steps
}

// pull asks the actors what the mirror lacks.
func (m *mirror) pull(steps []*step) {
	for _, s := range steps {
		select {
		case <-s.handle.gone:
			m.sweep.add(s.id) // what it left behind is in the store
			s.handle = nil
			continue
		default:
		}
		v := &s.handle.view
		if generation := m.generation.Load(); v.generation != generation {
			*v = view{generation: generation}
		}
		s.answer = make(chan pulled, 1)
		s.pull = pull{base: v.mark, next: m.name(), answer: s.answer}
		if d := v.draft; d != nil {
			s.pull.base, s.pull.scan, s.pull.after = d.base, true, d.after
		}
		m.engine.system.Root.Send(s.pid, &s.pull)
	}
	timeout := time.NewTimer(pullTimeout)
	defer timeout.Stop()
	late := false
	for _, s := range steps {
		if s.handle == nil {
			continue
		}
		if late {
			m.received(s, m.isThere(s))
			continue
		}
		select {
		case s.pulled = <-s.answer:
			m.received(s, true)
		case <-s.handle.gone:
			m.received(s, m.isThere(s))
		case <-timeout.C:
			late = true
			m.received(s, m.isThere(s))
		}
	}
}

// isThere takes an answer that has come.
func (m *mirror) isThere(s *step) bool {
	select {
	case s.pulled = <-s.answer:
		return true
	default:
		return false
	}
}

// received decides what an actor's answer means.
func (m *mirror) received(s *step, answered bool) {
	v := &s.handle.view
	switch {
	case !answered: // what it may still answer is lost, and it comes again as another base
		s.again = true
		s.handle.view = view{generation: v.generation}
	case s.pulled.absent: // it tells when there is something
	case s.pulled.base != s.pull.base:
		s.again = true
		s.handle.view = view{generation: v.generation}
	case s.pull.scan:
		d := v.draft
		s.again, s.writes = s.pulled.again, true
		s.write = competition.MirrorWrite{CompetitionID: s.id, Draft: d.name, Before: d.mark, After: m.name(), Entries: s.pulled.entries}
		if !s.pulled.more {
			s.write.Show = &competition.MirrorShow{Over: d.over, Mark: s.pulled.mark}
		}
	default:
		s.again = s.pulled.again
		s.writes = len(s.pulled.entries) > 0 || s.pulled.mark != v.mark
		s.write = competition.MirrorWrite{
			CompetitionID: s.id, Before: v.mark, After: s.pulled.mark, Entries: s.pulled.entries,
			Status: s.pulled.status, StatusAt: s.pulled.since,
		}
	}
}

// look finds out what the mirror has of those of whom nothing is known: the
// state that the actor's changes rest on, or else the board is rewritten.
func (m *mirror) look(steps []*step) {
	var ids []string
	var unknown []*step
	for _, s := range steps {
		if s.again && !s.writes && s.pulled.base != "" && s.handle.view.mark == "" {
			ids, unknown = append(ids, s.id), append(unknown, s)
		}
	}
	if len(ids) == 0 {
		return
	}
	began := time.Now()
	found, err := m.to.Look(m.ctx, ids)
	m.note(err, time.Since(began))
	if err != nil {
		m.failed = true
		return
	}
	for i, s := range unknown {
		v := &s.handle.view
		if found[i].Mark == s.pulled.base {
			v.mark = found[i].Mark
			continue
		}
		v.draft = &draft{name: m.name(), over: found[i].Stored, base: s.pulled.base, began: time.Now()}
	}
}

// writeAll writes, and notes what the mirror bears then.
func (m *mirror) writeAll(steps []*step) {
	var writes []competition.MirrorWrite
	var writers []*step
	for _, s := range steps {
		if s.writes {
			writes, writers = append(writes, s.write), append(writers, s)
		}
	}
	if len(writes) == 0 {
		return
	}
	errs := m.write(writes)
	for i, s := range writers {
		if errs == nil { // the process ends
			s.again, m.failed = true, true
			continue
		}
		m.wrote(s, errs[i])
	}
}

func (m *mirror) wrote(s *step, err error) {
	v := &s.handle.view
	switch {
	case err != nil:
		s.again = true
		s.handle.view = view{generation: v.generation}
		m.failed = m.failed || !errors.Is(err, competition.ErrMirrorDiffers)
	case v.draft == nil:
		v.mark = s.write.After
		m.failures = 0
	default:
		m.failures = 0
		d := v.draft
		d.mark, d.after, d.entries = s.write.After, s.pulled.after, d.entries+len(s.pulled.entries)
		if s.write.Show != nil {
			v.mark, v.draft = s.write.Show.Mark, nil
			m.engine.Logger.Info("a board was mirrored anew", "competition", s.id, "participants", d.entries, "took", time.Since(d.began))
		}
	}
}

// write writes until the mirror has answered, with pauses; nil means that the
// process ends first. It holds one round's writes in memory.
func (m *mirror) write(writes []competition.MirrorWrite) []error {
	for {
		written, err := m.tryWrite(m.ctx, writes)
		if err == nil {
			return written.Errs
		}
		m.failures++
		if m.isClosing() {
			return nil
		}
		m.pause(backoff(m.failures))
	}
}

// tryWrite is one call, with its outcome noted.
func (m *mirror) tryWrite(ctx context.Context, writes []competition.MirrorWrite) (competition.Written, error) {
	began := time.Now()
	written, err := m.to.Write(ctx, writes)
	refused := err
	for _, e := range written.Errs {
		if e != nil && !errors.Is(e, competition.ErrMirrorDiffers) {
			refused = e
		}
	}
	m.note(refused, time.Since(began))
	if err == nil && written.Lost {
		m.engine.Logger.WarnContext(ctx, "the mirror has lost what was written: every board is looked at")
		m.generation.Add(1)
		m.sweep.addAll()
	}
	return written, err
}

// note keeps how the mirror is, and logs when that changes.
func (m *mirror) note(err error, took time.Duration) {
	if err != nil && m.ctx.Err() != nil {
		return // it was cut short
	}
	before := m.last.Swap(&checked{err: err, took: took})
	switch {
	case err != nil && before.err == nil:
		m.engine.Logger.Warn("the mirror cannot be written; boards and syncs go on without it", "error", err)
	case err == nil && before.err != nil:
		m.engine.Logger.Info("the mirror can be written again")
	}
}

// health is the mirror as a dependency.
func (m *mirror) health() competition.Dependency {
	last := m.last.Load()
	now := time.Now()
	d := competition.NewDependency("redis", last.took, last.err)
	d.Follows, d.Lag = true, max(m.behind.lag(now), m.sweep.lag(now))
	return d
}
