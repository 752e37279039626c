package actors

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// recover brings the competition into memory. It blocks the actor, and so holds
// requests back until there is a state to answer from. If the store refuses, it is
// tried again; damage is permanent.
func (a *competitionActor) recover() {
	if a.handle.elsewhere.Load() != nil { // the activation before this restart was ending
		return
	}
	ctx, cancel := context.WithTimeout(a.env.recovering, a.env.options.RecoveryTimeout)
	defer cancel()
	core, records, err := a.read(ctx)
	switch {
	case errors.Is(err, competition.ErrCorrupt):
		a.damaged(err)
	case errors.Is(err, competition.ErrNotOwner):
		a.disowned(err)
	case err != nil && a.env.recovering.Err() != nil: // shutting down
	case err != nil:
		a.failed(severity(err), "recovery failed and will be tried again", err)
	default:
		a.core, a.stalled, a.locked, a.failures, a.events = core, false, false, 0, records
		a.handle.damage.Store(nil)
		a.handle.version.Store(core.Version())
		a.handle.bytes.Store(core.MemoryBytes())
		a.trackAnew()
		a.publish()
		a.scheduleFanOut()
		core.Tick(a.now()) // before the clock hears when the next one is due
		a.publishSummary()
		a.gather()
	}
}

// read claims the competition and rebuilds the state from the store, once the writer is
// done with the batches of earlier incarnations; records is how many there are since
// the snapshot.
func (a *competitionActor) read(ctx context.Context) (core *competition.Competition, records int, err error) {
	select {
	case a.env.recoveries <- struct{}{}:
		defer func() { <-a.env.recoveries }()
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	if err := a.env.writer.fence(ctx); err != nil {
		return nil, 0, err
	}
	store := a.env.options.Store
	if a.epoch, err = store.Claim(ctx, a.handle.id); err != nil {
		return nil, 0, err
	}
	began := time.Now()
	var rows int
	progress := func(r, n int) {
		rows, records = r, n
		a.env.options.Progress(a.handle.id, rows, records, time.Since(began), false)
	}
	core, err = competition.Recover(ctx, a.handle.id, store, a.env.options.newKey, progress)
	if errors.Is(err, competition.ErrCorrupt) {
		// Between the reading of the snapshot and that of the journal after it, a newer
		// snapshot may have been stored and the records that only this one needed removed.
		// What is damaged is damaged at the second attempt, too.
		a.logger.WarnContext(ctx, "a recovery failed and begins again from the snapshot", "error", err)
		core, err = competition.Recover(ctx, a.handle.id, store, a.env.options.newKey, progress)
	}
	if errors.Is(err, competition.ErrCorrupt) {
		if owned := store.Owns(ctx, a.handle.id, a.epoch); owned != nil { // another process writes what is read here
			err = owned
		}
	}
	if err == nil && core.Exists() {
		err = store.Owns(ctx, a.handle.id, a.epoch) // or another process may have written what was read
	}
	if err == nil {
		var events int
		events, err = a.continueJournal(ctx, core)
		records += events
	}
	if err == nil {
		a.env.options.Progress(a.handle.id, rows, records, time.Since(began), true)
	}
	return core, records, err
}

// damaged takes the competition out of service: its records cannot be trusted, and
// guessing would be worse. Every request is told so.
func (a *competitionActor) damaged(err error) {
	var damage *competition.CorruptError
	if !errors.As(err, &damage) {
		damage = &competition.CorruptError{CompetitionID: a.handle.id, Reason: err.Error()}
	}
	a.logger.Error("THE COMPETITION IS OUT OF SERVICE: its records are damaged; restore the data folder from a backup, or keep it and ask for help",
		"seq", damage.Seq, "reason", damage.Reason)
	a.handle.damage.Store(damage)
	a.forgetState()
	a.refuseWaiters(damage)
}

// disowned ends the activation of a competition that another process owns: what is in
// memory may be old. Of what the waiters wait for nothing was stored, so each may be
// asked again of the owner.
func (a *competitionActor) disowned(err error) {
	elsewhere := &competition.ElsewhereError{}
	_ = errors.As(err, &elsewhere) // else it is not known which
	a.logger.Debug("another node owns the competition", "node", elsewhere.Node)
	a.handle.elsewhere.Store(elsewhere)
	a.forgetState()
	a.refuseWaiters(elsewhere)
	a.moveSubscribers()
	a.stop()
}

// severity is the level at which a failure of the store is logged. That somebody had a row
// locked is expected: another node that takes its turn, or an operator.
func severity(err error) slog.Level {
	if errors.Is(err, competition.ErrRowLocked) {
		return slog.LevelWarn
	}
	return slog.LevelError
}

var retryBackoff = worker.Backoff{First: 20 * time.Millisecond, Max: time.Second}

// retryLater sends a retry after a pause, which it returns.
func (a *competitionActor) retryLater() time.Duration {
	a.failures++
	pause := retryBackoff.After(a.failures)
	self, root, message := a.self, a.env.root, &retry{incarnation: a.incarnation}
	a.retrying = time.AfterFunc(pause, func() { root.Send(self, message) })
	return pause
}

// failed tries again later. The log has the first failure in a row, and then one a minute:
// all competitions may fail at once, for as long as the store does.
func (a *competitionActor) failed(level slog.Level, what string, err error) {
	pause := a.retryLater()
	if a.failures == 1 {
		a.pace.Reset()
	}
	if _, due := a.pace.Due(time.Now()); due {
		a.logger.Log(a.env.life, level, what, "error", err, "failures", a.failures, "retry_in", pause) //nolint:sloglint // a constant of the caller
	}
}

// retry recovers, or catches up with the journal after an append of unknown
// outcome. Reads are served meanwhile.
func (a *competitionActor) retry() {
	switch {
	case a.stopping:
	case a.core == nil:
		a.recover()
	case a.stalled:
		ctx, cancel := context.WithTimeout(a.env.life, a.catchUpTimeout)
		defer cancel()
		err := a.catchUp(ctx)
		switch {
		case err == nil:
			a.catchUpTimeout = a.env.options.StoreTimeout
			return
		case errors.Is(err, competition.ErrCorrupt): // or the journal lost its end: a recovery tells
			a.forgetState()
			a.recover()
			return
		case ctx.Err() != nil: // there may be much to read
			a.catchUpTimeout = min(2*a.catchUpTimeout, a.env.options.RecoveryTimeout)
		}
		a.locked = false
		a.failed(slog.LevelWarn, "the journal cannot be reached yet", err)
	}
}

func (a *competitionActor) catchUp(ctx context.Context) error {
	if err := a.env.monitor.ready(); err != nil {
		return err
	}
	if err := a.env.writer.fence(ctx); err != nil {
		return err
	}
	before := a.core.Seq()
	err := a.core.CatchUp(ctx, a.env.options.Store)
	if a.core.Seq() != before { // even if it failed halfway
		a.trackAnew()
	}
	if err != nil {
		return err
	}
	if err := a.env.options.Store.Owns(ctx, a.handle.id, a.epoch); err != nil {
		if errors.Is(err, competition.ErrNotOwner) {
			a.disowned(err) //nolint:contextcheck // subscribers that move outlive the catching up
			return nil
		}
		return err
	}
	a.stalled, a.locked = false, false
	a.events += int(a.core.Seq() - before)
	a.publishSummary()
	a.handle.version.Store(a.core.Version())
	a.scheduleFanOut()
	a.logger.InfoContext(ctx, "the journal is reachable again", "seq", a.core.Seq())
	a.core.Tick(a.now())
	a.gather()
	return nil
}

// recheck has a retry that waits for the store be made now, since the store is back.
// Otherwise it reads the journal's end again. A competition that nobody writes would
// otherwise go on showing what was lost.
func (a *competitionActor) recheck() {
	if a.retrying != nil && a.retrying.Stop() {
		a.retry()
		return
	}
	if a.core == nil || a.stalled || a.stopping || !a.core.Exists() || !a.isIdle() {
		return // it hears of it otherwise
	}
	ctx, cancel := context.WithTimeout(a.env.life, a.env.options.StoreTimeout)
	defer cancel()
	switch err := a.env.options.Store.Read(ctx, a.handle.id, a.core.Seq(), func([]byte) error { return errEnough }); {
	case err == nil:
	case errors.Is(err, errEnough), errors.Is(err, competition.ErrCorrupt):
		a.forgetState()
		a.recover()
	default:
		a.stalled = true
		a.retryLater()
	}
}

// A panic discards what was decided and not sent to the writer. The waiters for that
// have lost nothing but time, so the next incarnation decides it again: otherwise one
// client that repeats a request which panics would keep everyone else's batches from
// ever being sent. Once is enough: a request that was there in two panics may be
// their cause.

// carryOver leaves the waiters for what was never sent to the next incarnation.
func (a *competitionActor) carryOver() {
	for _, w := range a.gathering {
		if !w.again {
			a.handle.carriedOver = append(a.handle.carriedOver, waiter{envelope: w.envelope, item: w.item, again: true})
		}
	}
	a.gathering = slices.DeleteFunc(a.gathering, func(w waiter) bool { return !w.again })
}

// resume decides for the waiters that were carried over, and sends their batch at
// once: the next message may panic again.
func (a *competitionActor) resume() {
	for len(a.handle.carriedOver) > 0 {
		w := a.handle.carriedOver[0]
		a.handle.carriedOver[0] = waiter{}
		a.handle.carriedOver = a.handle.carriedOver[1:]
		switch {
		case a.core == nil, a.stopping:
			w.err = a.whyNot()
		case w.envelope.Late():
			w.err = errLate
		default:
			a.decide(w)
			continue
		}
		w.answer(nil)
	}
	a.handle.carriedOver = nil
	a.send()
}
