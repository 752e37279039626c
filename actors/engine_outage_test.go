package actors

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

func TestRefusedAppendIsNotShownAndHealsByItself(t *testing.T) {
	for _, stored := range []bool{true, false} {
		t.Run(fmt.Sprintf("stored %v", stored), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore()
				e := startEngine(t, store, nil)
				create(t, e, running("spring"))
				submit(t, e, "spring", steps("ann", 1))
				before, err := e.Page("spring", operator, 0, 10, nil)
				require.NoError(t, err)

				// The store takes one more batch or none, and refuses all that follow.
				keep := stored
				store.set(func() {
					store.checkErr = competition.ErrUnavailable
					store.before = func(context.Context, string) error { return competition.ErrUnavailable }
					store.beforeAppend = func(context.Context) (bool, error) {
						store := keep
						keep = false
						return store, competition.ErrUnavailable
					}
				})
				for i := range int64(3) {
					_, err = e.SubmitSync("spring", steps("ann", 10+i))
					require.ErrorIs(t, err, competition.ErrUnavailable)
					_, err = e.SubmitSync("spring", steps("bob", 5))
					require.ErrorIs(t, err, competition.ErrUnavailable)
					pass(2 * time.Second)
					after, err := e.Page("spring", operator, 0, 10, nil)
					require.NoError(t, err)
					require.Equal(t, before, after, "nothing shows what was not acknowledged")
					top, err := e.Top("spring", operator)
					require.NoError(t, err)
					require.Equal(t, before, top.Board)
					stats, err := e.Stats("spring", operator, "ann", competition.AllDays)
					require.NoError(t, err)
					require.EqualValues(t, 1, stats.Score)
				}
				require.False(t, e.Health().Ready)

				store.set(func() { store.checkErr, store.before, store.beforeAppend = nil, nil, nil })
				pass(3 * time.Second)
				require.True(t, e.Health().Ready)
				want := map[string]int64{"ann": 1}
				if stored {
					want["ann"] = 10
				}
				require.Equal(t, want, scores(t, e, "spring"))
				require.Equal(t, competition.SyncReply{Score: 20, Rank: 1, Total: 1, Changed: true}, submit(t, e, "spring", steps("ann", 20)))
			})
		})
	}
}

// TestSyncsAreTakenAsSoonAsTheStoreIsBack, whenever in the second between two looks and
// between two retries that is.
func TestSyncsAreTakenAsSoonAsTheStoreIsBack(t *testing.T) {
	for offset := range 10 {
		synctest.Test(t, func(t *testing.T) {
			store := newMemoryStore()
			e := startEngine(t, store, nil)
			create(t, e, running("spring"))
			pass(350 * time.Millisecond)
			store.set(func() {
				store.checkErr = competition.ErrUnavailable
				store.before = func(context.Context, string) error { return competition.ErrUnavailable }
				store.beforeAppend = func(context.Context) (bool, error) { return false, competition.ErrUnavailable }
			})
			_, err := e.SubmitSync("spring", steps("ann", 1))
			require.ErrorIs(t, err, competition.ErrUnavailable)
			pass(6*time.Second + time.Duration(offset)*100*time.Millisecond)
			store.set(func() { store.checkErr, store.before, store.beforeAppend = nil, nil, nil })
			back := time.Now()
			for err = competition.ErrUnavailable; err != nil; pass(10 * time.Millisecond) {
				_, err = e.SubmitSync("spring", steps("ann", 1))
			}
			require.LessOrEqual(t, time.Since(back), 300*time.Millisecond)
		})
	}
}

func TestRefusalWaitsForWhatItRestsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		d := running("spring")
		d.MaxParticipants = 1
		create(t, e, d)
		g := newGate(competition.ErrUnavailable, false)
		store.set(func() { store.beforeAppend = g.wait })
		first := later(func() error { _, err := e.Join("spring", join("ann")); return err })
		synctest.Wait()
		second := later(func() error { _, err := e.SubmitSync("spring", steps("bob", 1)); return err })
		synctest.Wait()
		require.Empty(t, second, "nobody knows yet whether ann has the place")
		store.set(func() { store.beforeAppend = nil })
		close(g.open)
		require.ErrorIs(t, <-first, competition.ErrUnavailable)
		require.ErrorIs(t, <-second, competition.ErrUnavailable)

		pass(time.Second)
		submit(t, e, "spring", steps("bob", 1))
		_, err := e.Join("spring", join("ann"))
		require.ErrorIs(t, err, competition.ErrFull)
	})
}

func TestCompetitionWhoseCreationFailedIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		store.set(func() { store.beforeAppend = newGate(competition.ErrUnavailable, false).failing })
		_, _, err := e.Create(&competition.CreateCompetition{Caller: operator, Definition: running("spring")})
		require.ErrorIs(t, err, competition.ErrUnavailable)
		store.set(func() { store.beforeAppend = nil })
		pass(time.Second)
		_, err = e.Competition("spring", operator)
		require.ErrorIs(t, err, competition.ErrUnknownCompetition)
		_, err = e.Stats("spring", operator, "ann", competition.AllDays)
		require.ErrorIs(t, err, competition.ErrUnknownCompetition)
		_, err = e.Top("spring", operator)
		require.ErrorIs(t, err, competition.ErrUnknownCompetition)
		create(t, e, running("spring"))
	})
}

func TestConflictIsRetryableAndTheOtherWritersEventsCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("spring"))
		submit(t, e, "spring", steps("ann", 1))
		_, err := e.Top("spring", operator) // publishes it
		require.NoError(t, err)

		other, err := competition.Recover(t.Context(), "spring", store, newKey, nil)
		require.NoError(t, err)
		_, err = other.SubmitSync(calendar.MillisOf(time.Now()), steps("bob", 7))
		require.NoError(t, err)
		theirs := other.Take(competition.Batch{})
		require.Nil(t, store.Append(t.Context(), []*competition.Batch{&theirs}))

		_, err = e.SubmitSync("spring", steps("ann", 2))
		require.ErrorIs(t, err, competition.ErrUnavailable)
		_, err = e.Top("spring", operator)
		require.ErrorIs(t, err, competition.ErrUnavailable, "what the other wrote must be read first")
		pass(time.Second)
		require.Equal(t, map[string]int64{"ann": 1, "bob": 7}, scores(t, e, "spring"))
		submit(t, e, "spring", steps("ann", 2))
		require.Equal(t, map[string]int64{"ann": 2, "bob": 7}, scores(t, e, "spring"))
	})
}

func TestDamagedRecordTakesOneCompetitionOutOfService(t *testing.T) {
	cases := []struct {
		name string
		live bool // found while the competition runs
	}{
		{"found at recovery", false},
		{"found while catching up", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore()
				e := startEngine(t, store, nil)
				for _, id := range []string{"summer", "spring"} {
					create(t, e, running(id))
					submit(t, e, id, steps("ann", 1))
				}
				damage := func() { store.alterEnd("spring") }
				// created, active, ann's enrolment, ann's sync; hers are the batch that is damaged
				seq := uint64(3)
				if c.live {
					seq = 5
					store.set(func() { store.beforeAppend = newGate(competition.ErrUnavailable, true).failing })
					_, err := e.SubmitSync("spring", steps("ann", 2))
					require.ErrorIs(t, err, competition.ErrUnavailable)
					store.set(func() { store.beforeAppend = nil; damage() })
				} else {
					closeEngine(t, e)
					store.forget("Save")
					store.set(damage)
					e = startEngine(t, store, nil)
				}
				pass(time.Second)

				var corrupt *competition.CorruptError
				for _, ask := range []func() error{
					func() error { _, err := e.SubmitSync("spring", steps("ann", 9)); return err },
					func() error { _, err := e.Page("spring", operator, 0, 10, nil); return err },
					func() error { _, err := e.Top("spring", operator); return err },
					func() error { _, err := e.Stats("spring", operator, "ann", competition.AllDays); return err },
				} {
					err := ask()
					require.ErrorIs(t, err, competition.ErrCorrupt)
					require.ErrorAs(t, err, &corrupt)
					require.Equal(t, seq, corrupt.Seq)
				}
				submit(t, e, "summer", steps("bob", 3))
				require.Equal(t, map[string]int64{"ann": 1, "bob": 3}, scores(t, e, "summer"))
				pass(time.Hour)
				require.Equal(t, []string{"spring"}, e.Health().Damaged, "unused or not")
				require.True(t, e.Health().Ready)
			})
		})
	}
}

func TestRecoveryIsTriedAgainUntilTheStoreIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("spring"))
		submit(t, e, "spring", steps("ann", 1))
		closeEngine(t, e)

		away := errors.New("connection refused")
		store.set(func() {
			store.before = func(_ context.Context, call string) error {
				if call == "Load" {
					return away
				}
				return nil
			}
		})
		e = startEngine(t, store, nil)
		pass(10 * time.Second)
		_, err := e.SubmitSync("spring", steps("ann", 2))
		require.ErrorIs(t, err, competition.ErrUnavailable)
		store.set(func() { store.before = nil })
		pass(time.Second)
		submit(t, e, "spring", steps("ann", 2))
	})
}

func TestSnapshotThatFailedIsMadeUpForByTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, func(o *Options) { o.SnapshotEvents = 1 })
		create(t, e, running("spring"))
		synctest.Wait() // stored
		refused := 0
		store.set(func() {
			store.before = func(_ context.Context, call string) error {
				if call == "Save" && refused < 2 {
					refused++
					return competition.ErrUnavailable
				}
				return nil
			}
		})
		submit(t, e, "spring", steps("ann", 1))
		synctest.Wait() // refused
		submit(t, e, "spring", steps("bob", 2))
		synctest.Wait() // refused, too
		submit(t, e, "spring", steps("cleo", 3))
		synctest.Wait()
		require.Equal(t, 2, refused)
		require.Len(t, store.rows(t, "spring"), 3)
		c, err := competition.Recover(t.Context(), "spring", tail{store}, newKey, nil)
		require.NoError(t, err)
		replayed, err := competition.Recover(t.Context(), "spring", store.bare(), newKey, nil)
		require.NoError(t, err)
		require.Equal(t, replayed.Page(nil, 0, 10), c.Page(nil, 0, 10))
	})
}

// tail is a store whose journal ends where the snapshot does.
type tail struct{ *memoryStore }

func (tail) Read(context.Context, string, uint64, func([]byte) error) error { return nil }

func TestSnapshotIsStoredOfWhatRecoveryHadToReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("spring"))
		submit(t, e, "spring", steps("ann", 1))
		closeEngine(t, e)
		store.forget("Save")

		e = startEngine(t, store, nil)
		_, err := e.Top("spring", operator)
		require.NoError(t, err)
		pass(2 * time.Minute) // a sweep
		require.Equal(t, store.last("spring"), store.saved["spring"])
		require.Len(t, store.rows(t, "spring"), 1)
		saves := 0
		store.set(func() {
			store.before = func(_ context.Context, call string) error {
				if call == "Save" {
					saves++
				}
				return nil
			}
		})
		pass(time.Hour)
		require.Zero(t, saves, "and no second time")
		require.Equal(t, map[string]int64{"ann": 1}, scores(t, e, "spring"))
	})
}

func TestSnapshotThatIsNotTheNewestIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("spring"))
		submit(t, e, "spring", steps("ann", 1))
		saves := 0
		store.set(func() {
			store.before = func(_ context.Context, call string) error {
				if call == "Save" {
					saves++
					return competition.ErrConflict
				}
				return nil
			}
		})
		pass(9 * time.Minute)
		require.Equal(t, 1, saves, "a newer one is there: nothing to try again")
	})
}

func TestCatchingUpTakesTheTimeItNeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("spring"))
		submit(t, e, "spring", steps("ann", 1))
		store.set(func() {
			store.beforeAppend = newGate(competition.ErrUnavailable, true).failing
			store.before = func(ctx context.Context, call string) error {
				if call == "ReadIdentities" { // of a million people
					select {
					case <-time.After(12 * time.Second):
					case <-ctx.Done():
					}
				}
				return ctx.Err()
			}
		})
		_, err := e.SubmitSync("spring", steps("ann", 2))
		require.ErrorIs(t, err, competition.ErrUnavailable)
		store.set(func() { store.beforeAppend = nil })
		pass(time.Minute)
		require.EqualValues(t, 3, submit(t, e, "spring", steps("ann", 3)).Score)
	})
}
