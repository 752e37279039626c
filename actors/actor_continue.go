package actors

import (
	"context"
	"errors"
	"fmt"

	"github.com/paceboard/paceboard/competition"
)

// A store may lose the end of a journal without knowing it: a standby is promoted that
// had not received everything, or a backup is restored while the process runs. What is
// left is sound, and the seqs, and so the versions of the board, would be used again for
// something else. But this process knows what it has applied, which was acknowledged
// and shown, and what owners elsewhere have shown. A recovery that does not find it has
// the board go on under a new epoch, before anything is answered. A store that was
// restored while no process ran says so itself; see competition.Restored.

// continueJournal has the board go on under a new epoch if the store lost events; it
// returns how many it has appended.
func (a *competitionActor) continueJournal(ctx context.Context, core *competition.Competition) (events int, err error) {
	shown, lost, err := a.lost(ctx, core)
	if err != nil {
		return 0, err
	}
	restored, err := a.restored(ctx, core)
	if err != nil || !lost && !restored {
		return 0, err
	}
	left := core.Seq()
	if core.Exists() { // else whoever creates it again draws an epoch
		if err := a.beginEpoch(ctx, core, shown); err != nil {
			return 0, fmt.Errorf("continue a journal whose events after seq %d are lost: %w", left, err)
		}
		events = int(core.Seq() - left)
	}
	a.env.losses.ends.Set(a.handle.id, journalEnd{core.JournalEnd(), core.Version()})
	if !lost {
		a.env.losses.continued.Inc()
		a.logger.WarnContext(ctx, "the store was restored from a backup, and the board goes on under a new epoch", "journal_to_seq", left, "version", core.Version())
		return events, nil
	}
	a.env.losses.note(a.handle.id)
	a.logger.ErrorContext(ctx, "THE STORE HAS LOST EVENTS THAT WERE ACKNOWLEDGED, and the board goes on without them; "+
		"was a standby promoted, or a backup restored? Send what was lost again: syncs may be repeated",
		"journal_to_seq", left, "version_shown", shown, "version", core.Version())
	return events, nil
}

// lost reports whether the recovered journal lacks events that this process knows of,
// and which version of the board clients may have.
func (a *competitionActor) lost(ctx context.Context, core *competition.Competition) (shown uint64, lost bool, err error) {
	if known, ok := a.env.losses.ends.GetIfPresent(a.handle.id); ok {
		shown = known.version
		if lost, err = a.lacks(ctx, core.JournalEnd(), known.chain); err != nil {
			return 0, false, err
		}
	}
	now := core.BoardVersion()
	if seen, ok := a.env.losses.elsewhere.GetIfPresent(a.handle.id); ok && seen.Epoch == now.Epoch {
		shown, lost = max(shown, seen.Version), lost || seen.Version > now.Version
	}
	return shown, lost, nil
}

// restored reports whether the journal was restored from a backup, and has not gone on
// since.
func (a *competitionActor) restored(ctx context.Context, core *competition.Competition) (bool, error) {
	store, ok := a.env.options.Store.(competition.Restored)
	if !ok || !core.Exists() {
		return false, nil
	}
	seq, err := store.RestoredTo(ctx, a.handle.id)
	return err == nil && seq == core.Seq(), err
}

// lacks reports whether a journal, which ends there, does not contain another end.
func (a *competitionActor) lacks(ctx context.Context, end, known competition.Chain) (bool, error) {
	if end.Seq <= known.Seq {
		return end != known, nil
	}
	// Another process went on, after the same events or after others.
	there := known
	err := a.env.options.Store.Read(ctx, a.handle.id, known.Seq, func(records []byte) (err error) {
		if there, err = competition.ChainBefore(a.handle.id, records); err != nil {
			return err
		}
		return errEnough
	})
	switch {
	case errors.Is(err, errEnough):
		return there != known, nil
	case errors.Is(err, competition.ErrCorrupt): // the records are older than JOURNAL_RETENTION
		return false, nil
	default:
		return false, err
	}
}

// beginEpoch appends the event of a new epoch, and applies it.
func (a *competitionActor) beginEpoch(ctx context.Context, core *competition.Competition, shown uint64) error {
	if err := a.env.options.raiseLevel(ctx); err != nil { // one is seldom needed, so the level need not be known
		return err
	}
	core.SetLevel(a.env.options.level())
	if _, err := core.Continue(a.now(), competition.NewBoardEpoch(a.env.options.newKey()), shown); err != nil {
		return err
	}
	b := core.Take(competition.Batch{})
	b.Epoch = a.epoch
	ctx, cancel := context.WithTimeout(ctx, a.env.options.StoreTimeout)
	defer cancel()
	if errs := a.env.options.Store.Append(ctx, []*competition.Batch{&b}); errs != nil {
		return errs[0]
	}
	for i := range b.Events {
		if _, err := core.Apply(&b.Events[i]); err != nil {
			panic(err) // the same state decided it: a bug
		}
	}
	core.Applied(&b)
	return nil
}
