package actors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
)

// A store may lose the end of a journal without knowing it: a standby is promoted that
// had not received everything, or a backup is restored while the process runs. What is
// left is sound, and the seqs, and so the versions of the board, would be used again for
// something else. But this process knows what it has applied, which was acknowledged
// and shown, and what owners elsewhere have shown. A recovery that does not find it has
// the board go on under a new epoch, before anything is answered.

// journalEnd is where a journal ended when this process last knew.
type journalEnd struct {
	chain   competition.Chain
	version uint64 // of the board
}

// maxRemembered is how many are remembered; each is some 200 bytes.
const maxRemembered = 100_000

// losses knows what journals must contain, and which of them lost events. Safe for
// concurrent use.
type losses struct {
	ends      *otter.Cache[string, journalEnd]
	elsewhere *otter.Cache[string, competition.BoardVersion] // of boards that other nodes have shown
	continued prometheus.Counter

	mu  sync.Mutex
	ids []string // of competitions that lost events since the start, at most maxLosses
}

// maxLosses is how many competitions health names.
const maxLosses = 1_000

func newLosses(metrics prometheus.Registerer) *losses {
	l := &losses{
		ends:      otter.Must(&otter.Options[string, journalEnd]{MaximumSize: maxRemembered}),
		elsewhere: otter.Must(&otter.Options[string, competition.BoardVersion]{MaximumSize: maxRemembered}),
		continued: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "paceboard_journals_continued_total", Help: "Journals that went on after the store had lost acknowledged events.",
		}),
	}
	metrics.MustRegister(l.continued)
	return l
}

// saw notes a board that its owner elsewhere has shown, and so had durably.
func (l *losses) saw(b *competition.Board) {
	l.elsewhere.Set(b.CompetitionID, competition.BoardVersion{Version: b.Version, Epoch: b.Epoch})
}

func (l *losses) note(id string) {
	l.continued.Inc()
	l.mu.Lock()
	defer l.mu.Unlock()
	if place, there := slices.BinarySearch(l.ids, id); !there && len(l.ids) < maxLosses {
		l.ids = slices.Insert(l.ids, place, id)
	}
}

// named returns the ids of competitions that lost events, in order.
func (l *losses) named() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.ids)
}

// rememberEnd notes where the journal ended, before the state is dropped. While a batch
// is being applied the state has no end, and what was known before must do.
func (a *competitionActor) rememberEnd() {
	if a.core != nil && a.core.Exists() && a.finishing == nil {
		a.env.losses.ends.Set(a.handle.id, journalEnd{a.core.JournalEnd(), a.core.Version()})
	}
}

// continueJournal has the board go on under a new epoch if the store lost events; it
// returns how many it has appended.
func (a *competitionActor) continueJournal(ctx context.Context, core *competition.Competition) (events int, err error) {
	shown, lost, err := a.lost(ctx, core)
	if err != nil || !lost {
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

// errEnough ends a reading.
var errEnough = errors.New("what is wanted was read")

// beginEpoch appends the event of a new epoch, and applies it.
func (a *competitionActor) beginEpoch(ctx context.Context, core *competition.Competition, shown uint64) error {
	core.Continue(a.now(), competition.NewBoardEpoch(a.env.options.newKey()), shown)
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

// recheck says that the store was away, and may have come back as another one.
type recheck struct{ mailbox.NoDeadLetters }

// recheck reads the journal's end again. A competition that nobody writes would
// otherwise go on showing what was lost.
func (a *competitionActor) recheck() {
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
