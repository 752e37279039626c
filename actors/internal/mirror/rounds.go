package mirror

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// rounds pulls changes from the actors and writes them, some competitions at a time,
// as long as there are any.
type rounds struct {
	options *Options
	target  *target
	queue   *queue
	sweep   *sweepList

	failed   bool      // a call of this round
	failures int       // of rounds and calls, in a row
	beat     time.Time // when the next sign of life is due
}

const (
	atOnce      = 16                     // competitions in one round trip
	gather      = 10 * time.Millisecond  // after a round that left nothing to do, to let changes gather
	pulse       = 2 * time.Second        // between signs of life
	pullTimeout = 250 * time.Millisecond // for the actors' answers; they may be recovering
)

// run ends with its calls, or after closing, when what was left is written or has
// failed.
func (r *rounds) run(closing context.Context) {
	r.beat = time.Now().Add(pulse)
	for r.target.calls.Err() == nil {
		ends := closing.Err() != nil
		r.failed = false
		steps := r.round(closing)
		switch {
		case r.failed && closing.Err() != nil:
			return
		case r.failed:
			r.failures++
			worker.Pause(closing, retries.After(r.failures))
		case len(steps) == 0 && ends:
			return
		case len(steps) == 0:
			r.idle(closing)
		case !slices.ContainsFunc(steps, func(s *step) bool { return s.again }):
			worker.Pause(closing, gather)
		}
	}
}

// idle waits for something to do, and gives signs of life.
func (r *rounds) idle(closing context.Context) {
	r.queue.wake.Wait(closing, time.Until(r.queue.due(r.beat)))
	if now := time.Now(); !now.Before(r.beat) && closing.Err() == nil {
		r.beat = now.Add(pulse)
		r.write(closing, nil)
	}
}

// step is the work on one competition in a round.
type step struct {
	told // whose Activation is nil if it has left memory

	id      string
	pull    Pull
	answer  chan pulled
	pulled  pulled
	write   competition.MirrorWrite
	writes  bool
	again   bool // something is left to do
	refused bool // by the mirror, for this board alone perhaps
}

// round does one step for some competitions, in at most two round trips.
func (r *rounds) round(closing context.Context) (steps []*step) {
	for _, t := range r.queue.take(atOnce) {
		steps = append(steps, &step{told: t, id: t.ID})
	}
	if len(steps) == 0 {
		return nil
	}
	r.pull(steps)
	r.look(steps)
	r.writeAll(closing, steps)
	for _, s := range steps {
		if s.refused {
			r.queue.postpone(s.id)
			continue
		}
		if !s.again && s.Activation != nil {
			r.target.refusals.remove(s.id) // the mirror has it, whoever wrote it
		}
		r.queue.done(s.id, s.again)
	}
	return steps
}

// pull asks the actors for what the mirror lacks.
func (r *rounds) pull(steps []*step) {
	for _, s := range steps {
		select {
		case <-s.Gone:
			r.sweep.add(s.id) // its changes are in the store
			s.Activation = nil
			continue
		default:
		}
		v := &s.view
		if losses := r.target.losses.Load(); v.losses != losses {
			*v = view{losses: losses}
		}
		if s.check && v.draft == nil {
			v.mark = "" // look it up
		}
		s.answer = make(chan pulled, 1)
		s.pull = Pull{base: v.mark, next: r.target.name(), answer: s.answer}
		if d := v.draft; d != nil {
			s.pull.base, s.pull.scan, s.pull.after = d.base, true, d.after
		}
		r.options.Root.Send(s.pid, &s.pull)
	}
	timeout, cancel := context.WithTimeout(context.Background(), pullTimeout)
	defer cancel()
	for _, s := range steps {
		if s.Activation != nil {
			r.received(s, s.await(timeout))
		}
	}
}

// await takes the actor's answer, and reports whether it came in time.
func (s *step) await(timeout context.Context) bool {
	select {
	case s.pulled = <-s.answer:
		return true
	case <-s.Gone:
	case <-timeout.Done():
	}
	select {
	case s.pulled = <-s.answer:
		return true
	default:
		return false
	}
}

// forget has the mirror looked up again.
func (s *step) forget() { s.view = view{losses: s.view.losses} }

// received decides what an actor's answer means.
func (r *rounds) received(s *step, answered bool) {
	v := &s.view
	switch {
	case !answered: // a late answer is dropped, and then the bases differ
		s.again = true
		s.forget()
	case s.pulled.absent: // its actor tells when there is something
	case s.pulled.base != s.pull.base:
		s.again = true
		s.forget()
	case s.pull.scan:
		d := v.draft
		s.again, s.writes = s.pulled.again, true
		s.write = competition.MirrorWrite{CompetitionID: s.id, Draft: d.name, Before: d.mark, After: r.target.name(), Entries: s.pulled.entries}
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

// look finds out what the mirror has of the boards of which nothing is known. One
// that does not show the state that the actor's changes rest on is rewritten.
func (r *rounds) look(steps []*step) {
	var ids []string
	var unknown []*step
	for _, s := range steps {
		if s.again && !s.writes && s.pulled.base != "" && s.view.mark == "" {
			ids, unknown = append(ids, s.id), append(unknown, s)
		}
	}
	if len(ids) == 0 {
		return
	}
	found, err := r.target.Look(r.target.calls, ids)
	if err != nil {
		r.failed = true
		return
	}
	if r.options.Current != nil && !r.options.Current() {
		r.failed = true // another process may have the boards, and show them as they are now
		return
	}
	for i, s := range unknown {
		if found[i].Err != nil {
			s.refused = true
			continue
		}
		if found[i].Mark == s.pulled.base {
			s.view.mark = found[i].Mark
			continue
		}
		s.view.draft = &draft{name: r.target.name(), over: found[i].Stored, base: s.pulled.base, began: time.Now()}
	}
}

// writeAll writes what was pulled, and notes what the mirror shows then.
func (r *rounds) writeAll(closing context.Context, steps []*step) {
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
	errs := r.write(closing, writes)
	for i, s := range writers {
		if errs == nil { // the process ends
			s.again, r.failed = true, true
			continue
		}
		r.wrote(s, errs[i])
	}
	// Those that are refused wait for themselves. Where that are as many as a round has,
	// it is the mirror, and not those boards.
	if len(writers) == atOnce && !slices.ContainsFunc(writers, func(s *step) bool { return !s.refused }) {
		r.failed = true
	}
}

func (r *rounds) wrote(s *step, err error) {
	if err != nil {
		s.again = true
		s.forget()
		s.refused = !errors.Is(err, competition.ErrMirrorDiffers)
		return
	}
	r.failures = 0
	v := &s.view
	d := v.draft
	if d == nil {
		v.mark = s.write.After
		return
	}
	d.mark, d.after, d.entries = s.write.After, s.pulled.after, d.entries+len(s.pulled.entries)
	if s.write.Show != nil {
		v.mark, v.draft = s.write.Show.Mark, nil
		r.options.Logger.Info(redrawn, "competition", s.id, "participants", d.entries, "took", time.Since(d.began))
	}
}

// write repeats the writes until the mirror has answered, with pauses; nil if the
// process ends first.
func (r *rounds) write(closing context.Context, writes []competition.MirrorWrite) []error {
	for {
		written, err := r.target.Write(r.target.calls, writes)
		if err == nil {
			return written.Errs
		}
		r.failures++
		if closing.Err() != nil {
			return nil
		}
		worker.Pause(closing, retries.After(r.failures))
	}
}
