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
// and shown, and a recovery that does not find it has the board go on under a new epoch,
// before anything is answered.

// journalEnd is where a journal ended when this process last knew.
type journalEnd struct {
	chain   competition.Chain
	version uint64 // of the board
}

// maxJournalEnds is how many are remembered; each is some 200 bytes.
const maxJournalEnds = 100_000

// losses knows where journals ended, and which of them lost events. Safe for concurrent
// use.
type losses struct {
	ends      *otter.Cache[string, journalEnd]
	continued prometheus.Counter

	mu  sync.Mutex
	ids []string // of competitions that lost events since the start, at most maxLosses
}

// maxLosses is how many competitions health names.
const maxLosses = 1_000

func newLosses(metrics prometheus.Registerer) *losses {
	l := &losses{
		ends: otter.Must(&otter.Options[string, journalEnd]{MaximumSize: maxJournalEnds}),
		continued: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "paceboard_journals_continued_total", Help: "Journals that went on after the store had lost acknowledged events.",
		}),
	}
	metrics.MustRegister(l.continued)
	return l
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
	known, lost, err := a.lost(ctx, core)
	if err != nil || !lost {
		return 0, err
	}
	left := core.Seq()
	if core.Exists() { // else whoever creates it again draws an epoch
		if err := a.beginEpoch(ctx, core, known.version); err != nil {
			return 0, fmt.Errorf("continue a journal whose events from seq %d are lost: %w", left+1, err)
		}
		events = int(core.Seq() - left)
	}
	a.env.losses.ends.Set(a.handle.id, journalEnd{core.JournalEnd(), core.Version()})
	a.env.losses.note(a.handle.id)
	a.logger.ErrorContext(ctx, "THE STORE HAS LOST EVENTS THAT WERE ACKNOWLEDGED, and the board goes on without them; "+
		"was a standby promoted, or a backup restored? Send what was lost again: syncs may be repeated",
		"acknowledged_to_seq", known.chain.Seq, "journal_to_seq", left, "version_shown", known.version, "version", core.Version())
	return events, nil
}

// lost reports whether the recovered journal lacks events that this process has applied.
func (a *competitionActor) lost(ctx context.Context, core *competition.Competition) (known journalEnd, lost bool, err error) {
	known, ok := a.env.losses.ends.GetIfPresent(a.handle.id)
	end := core.JournalEnd()
	switch {
	case !ok:
		return known, false, nil
	case end.Seq <= known.chain.Seq:
		return known, end != known.chain, nil
	}
	// Another process went on, after the same events or after others.
	store, there := a.env.options.Store, known.chain
	err = store.Read(ctx, a.handle.id, known.chain.Seq, func(records []byte) error {
		if there, err = competition.ChainBefore(a.handle.id, records); err != nil {
			return err
		}
		return errEnough
	})
	switch {
	case errors.Is(err, errEnough):
		return known, there != known.chain, nil
	case errors.Is(err, competition.ErrCorrupt): // the records are older than JOURNAL_RETENTION
		return known, false, nil
	default:
		return known, false, err
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
