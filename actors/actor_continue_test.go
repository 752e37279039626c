package actors

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// lossy is an engine on a store that has lost acknowledged syncs of ann and bob, in a
// way that the engine finds out.
type lossy struct {
	*Engine

	t      *testing.T
	store  *memoryStore
	shown  competition.Board // with what was lost
	viewer watcher
}

// lose plays a competition until the store goes back, and calls away with how it does.
func lose(t *testing.T, change func(*Options), away func(l *lossy, goBack func())) *lossy {
	t.Helper()
	l := &lossy{t: t, store: newMemoryStore()}
	l.Engine = startEngine(t, l.store, change)
	create(t, l.Engine, running("spring"))
	submit(t, l.Engine, "spring", steps("ann", 1))
	synctest.Wait()
	before := l.store.moment()
	l.viewer = watchAs(t, l.Engine, "spring", "vera")
	t.Cleanup(func() { l.Unsubscribe(l.viewer.Subscription) })
	for n := int64(2); n < 6; n++ {
		submit(t, l.Engine, "spring", steps("ann", n))
		submit(t, l.Engine, "spring", steps("bob", 10*n))
	}
	pass(time.Second)
	l.shown = l.page(t)
	require.Equal(t, l.shown.Version, l.viewer.Latest().Version)
	away(l, func() { l.store.goBack(before) })
	return l
}

func (l *lossy) page(t *testing.T) competition.Board {
	t.Helper()
	b, err := l.Page("spring", operator, 0, 10, nil)
	require.NoError(t, err)
	return b
}

// TestALostFutureIsNeverTakenForThePresent: however a process finds out that the store
// lost what it had acknowledged, the board goes on under a new epoch and from a version
// that nobody has seen, before anything is answered; and those who watch get it whole.
func TestALostFutureIsNeverTakenForThePresent(t *testing.T) {
	unavailable := func() { pass(2 * time.Second) }
	cases := map[string]func(l *lossy, goBack func()){
		"by an append": func(l *lossy, goBack func()) {
			goBack()
			_, err := l.SubmitSync("spring", steps("cleo", 3))
			require.ErrorIs(l.t, err, competition.ErrUnavailable)
			unavailable()
		},
		"by an append of unknown outcome": func(l *lossy, goBack func()) {
			l.store.set(func() { l.store.beforeAppend = newGate(competition.ErrUnavailable, false).failing })
			_, err := l.SubmitSync("spring", steps("cleo", 3))
			require.ErrorIs(l.t, err, competition.ErrUnavailable)
			goBack()
			l.store.set(func() { l.store.beforeAppend = nil })
			unavailable()
		},
		"when the store is back, by no request": func(l *lossy, goBack func()) {
			l.store.set(func() { l.store.checkErr = competition.ErrUnavailable })
			unavailable()
			goBack()
			l.store.set(func() { l.store.checkErr = nil })
			unavailable()
		},
		"when the store is back, and then away again": func(l *lossy, goBack func()) {
			l.store.set(func() { l.store.checkErr = competition.ErrUnavailable })
			unavailable()
			goBack()
			reads := 0
			l.store.set(func() {
				l.store.checkErr = nil
				l.store.before = func(_ context.Context, call string) error {
					if reads++; call == "Read" && reads < 3 {
						return competition.ErrUnavailable
					}
					return nil
				}
			})
			unavailable()
			require.Greater(l.t, reads, 2)
		},
		"by a restart of the actor": func(l *lossy, goBack func()) {
			goBack()
			_, err := l.Run("spring", unknownCommand{})
			require.ErrorIs(l.t, err, competition.ErrInternal)
			unavailable()
		},
		"and another one has gone on": func(l *lossy, goBack func()) {
			goBack()
			other, err := competition.Recover(l.t.Context(), "spring", l.store, newKey, nil)
			require.NoError(l.t, err)
			for n := range int64(20) {
				_, err = other.SubmitSync(calendar.MillisOf(time.Now()), steps("dan", n+1))
				require.NoError(l.t, err)
				theirs := other.Take(competition.Batch{})
				require.Nil(l.t, l.store.Append(l.t.Context(), []*competition.Batch{&theirs}))
				for i := range theirs.Events {
					_, err := other.Apply(&theirs.Events[i])
					require.NoError(l.t, err)
				}
				other.Applied(&theirs)
			}
			_, err = l.SubmitSync("spring", steps("cleo", 3))
			require.ErrorIs(l.t, err, competition.ErrUnavailable)
			unavailable()
		},
		"and then cannot be written at first": func(l *lossy, goBack func()) {
			goBack()
			l.store.set(func() { l.store.beforeAppend = newGate(competition.ErrUnavailable, true).failing })
			_, err := l.SubmitSync("spring", steps("cleo", 3))
			require.ErrorIs(l.t, err, competition.ErrUnavailable)
			unavailable()
			_, err = l.Page("spring", operator, 0, 10, nil)
			require.ErrorIs(l.t, err, competition.ErrUnavailable, "before the epoch is durable")
			l.store.set(func() { l.store.beforeAppend = nil })
			unavailable()
		},
	}
	for name, away := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := lose(t, nil, away)
				now := l.page(t)
				require.NotEqual(t, l.shown.Epoch, now.Epoch)
				require.True(t, now.Continued)
				require.Greater(t, now.Version, l.shown.Version, "no version is used twice")
				require.EqualValues(t, 1, scores(t, l.Engine, "spring")["ann"])
				require.NotContains(t, scores(t, l.Engine, "spring"), "bob")
				require.Equal(t, []string{"spring"}, l.Health().LostEvents)

				update := l.viewer.Latest()
				require.Equal(t, now.Epoch, update.Epoch)
				require.Equal(t, now.Version, update.Version)
				for _, has := range []competition.BoardVersion{{Version: l.shown.Version, Epoch: l.shown.Epoch}, {Version: l.shown.Version}} {
					require.Zero(t, has.Of(&now))
				}
				_, ok := update.Since(l.shown.Version, 10)
				require.False(t, ok)

				submit(t, l.Engine, "spring", steps("ann", 5)) // again
				submit(t, l.Engine, "spring", steps("bob", 50))
				later := l.page(t)
				require.Equal(t, now.Epoch, later.Epoch)
				require.Greater(t, later.Version, now.Version)
				closeEngine(t, l.Engine)
				c, err := competition.Recover(t.Context(), "spring", l.store.bare(), newKey, nil)
				require.NoError(t, err)
				require.Equal(t, later, c.Page(nil, 0, 10))
			})
		})
	}
}

// unknownCommand makes the actor panic.
type unknownCommand struct{}

func (unknownCommand) Decide(*competition.Competition, calendar.Millis) (competition.Decision, error) {
	panic("a bug")
}
func (unknownCommand) Payer() string { return "" }

func (unknownCommand) Answer(*competition.Competition, competition.Decision) any { return nil }

// TestWhatLeftMemoryIsRemembered: a competition that comes back into memory is held
// against what was known of it.
func TestWhatLeftMemoryIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lose(t, nil, func(l *lossy, goBack func()) {
			l.Unsubscribe(l.viewer.Subscription)
			pass(12 * time.Minute)
			require.Zero(t, l.Health().Active)
			goBack()
		})
		now := l.page(t)
		require.NotEqual(t, l.shown.Epoch, now.Epoch)
		require.Greater(t, now.Version, l.shown.Version)
		l.viewer = watchAs(t, l.Engine, "spring", "vera")
	})
}

// TestACompetitionOfWhichNothingIsLeftIsAnother, should it be created again.
func TestACompetitionOfWhichNothingIsLeftIsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lose(t, nil, func(l *lossy, _ func()) {
			l.store.goBack(moment{})
			_, err := l.SubmitSync("spring", steps("cleo", 3))
			require.ErrorIs(t, err, competition.ErrUnavailable)
			pass(2 * time.Second)
		})
		_, err := l.Page("spring", operator, 0, 10, nil)
		require.ErrorIs(t, err, competition.ErrUnknownCompetition)
		require.Equal(t, []string{"spring"}, l.Health().LostEvents)
		create(t, l.Engine, running("spring"))
		require.NotEqual(t, l.shown.Epoch, l.page(t).Epoch)
	})
}

// TestNothingIsLostByAnOutage: neither by one, nor when another process goes on from the
// same end, does a board get a new epoch.
func TestNothingIsLostByAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lose(t, nil, func(l *lossy, _ func()) {
			l.store.set(func() { l.store.checkErr = competition.ErrUnavailable })
			pass(2 * time.Second)
			l.store.set(func() { l.store.checkErr = nil })
			pass(2 * time.Second)
		})
		require.Equal(t, l.shown, l.page(t))

		other, err := competition.Recover(t.Context(), "spring", l.store, newKey, nil)
		require.NoError(t, err)
		_, err = other.SubmitSync(calendar.MillisOf(time.Now()), steps("dan", 7))
		require.NoError(t, err)
		theirs := other.Take(competition.Batch{})
		require.Nil(t, l.store.Append(t.Context(), []*competition.Batch{&theirs}))
		_, err = l.SubmitSync("spring", steps("cleo", 3))
		require.ErrorIs(t, err, competition.ErrUnavailable)
		pass(2 * time.Second)
		require.Equal(t, l.shown.Epoch, l.page(t).Epoch)
		require.Empty(t, l.Health().LostEvents)
	})
}

// TestARecordThatIsGoneProvesNoLoss: what was known is older than what the journal keeps.
func TestARecordThatIsGoneProvesNoLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lose(t, nil, func(*lossy, func()) {})
		a := &competitionActor{env: &l.actors, handle: &handle{id: "spring"}}
		core, err := competition.Recover(t.Context(), "spring", l.store, newKey, nil)
		require.NoError(t, err)
		known := journalEnd{chain: core.JournalEnd()}
		known.chain.Seq--
		l.actors.losses.ends.Set("spring", known)
		for want, refusal := range map[error]error{nil: competition.ErrCorrupt, competition.ErrUnavailable: competition.ErrUnavailable} {
			l.store.set(func() { l.store.before = func(context.Context, string) error { return refusal } })
			_, lost, err := a.lost(t.Context(), core)
			require.ErrorIs(t, err, want)
			require.False(t, lost)
		}
		l.store.set(func() { l.store.before = nil })
	})
}

// TestSubscribersElsewhereGetTheNewEpoch, whether the owner lives or not; and a node
// that has shown a version of the board knows when it takes over that there was one.
func TestSubscribersElsewhereGetTheNewEpoch(t *testing.T) {
	for name, ownerLives := range map[string]bool{"of the owner": true, "of the next owner, which never had the board": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := startNodes(t, 2, nil)
				owner, other := s.spring()
				before := s.store.moment()
				ann := competition.NewSubscription("spring", "ann", make(chan struct{}, 1))
				require.NoError(t, other.engine.Subscribe(ann, competition.Caller{UserID: "ann"}))
				for n := int64(2000); n < 6000; n += 1000 {
					_, err := owner.sync("spring", "ann", n)
					require.NoError(t, err)
				}
				pass(time.Second)
				shown := ann.Latest()
				require.EqualValues(t, 5000, shown.Entries[0].Score)

				s.store.goBack(before)
				if ownerLives {
					_, err := other.sync("spring", "bob", 1)
					require.NoError(t, err, "the owner refuses it, and is asked again")
				} else {
					s.lock(func() { owner.dead, owner.cut = true, true })
				}
				pass(3 * time.Second)
				require.NotEqual(t, shown.Epoch, ann.Latest().Epoch)
				require.Greater(t, ann.Latest().Version, shown.Version)
				require.EqualValues(t, 1000, ann.Latest().Entries[0].Score)
				_, ok := ann.Latest().Since(shown.Version, 10)
				require.False(t, ok)
				top, err := other.engine.Top("spring", operator)
				require.NoError(t, err)
				require.Equal(t, ann.Latest().Board, top.Board)
				other.engine.Unsubscribe(ann)
			})
		})
	}
}
