package actors

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/race"
)

// lasting is a competition that starts and ends so long after now, and takes
// late syncs for an hour.
func lasting(id string, start, end time.Duration) competition.Definition {
	d := running(id)
	now := time.Now()
	d.Start, d.End = calendar.MillisOf(now.Add(start)), calendar.MillisOf(now.Add(end))
	d.LateSyncHours = 1
	d.Complete()
	return d
}

// stored is the status as the store has it: reading it wakes nobody.
func stored(t *testing.T, store *memoryStore, id string) competition.Status {
	t.Helper()
	s, err := store.Find(t.Context(), id)
	require.NoError(t, err)
	return s.Status
}

func TestStatusMovesByItself(t *testing.T) {
	cases := []struct {
		name   string
		memory bool // the competition stays in memory
		tell   func(*testing.T, *memoryStore, *Engine) *Engine
	}{
		{name: "of a competition in memory", memory: true},
		{name: "of one that is not", memory: false},
		{name: "after a restart", memory: true, tell: func(t *testing.T, store *memoryStore, e *Engine) *Engine {
			t.Helper()
			closeEngine(t, e)
			return startEngine(t, store, nil)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore()
				e := startEngine(t, store, func(o *Options) {
					o.IdleAfter = time.Minute
					if c.memory {
						o.IdleAfter = 24 * time.Hour
					}
				})
				create(t, e, lasting("spring", 30*time.Minute, time.Hour))
				if c.tell != nil {
					e = c.tell(t, store, e)
				}
				pass(30*time.Minute - time.Millisecond)
				require.Equal(t, c.memory && c.tell == nil, e.Health().Active == 1)
				require.Equal(t, competition.Upcoming, stored(t, store, "spring"))
				for _, step := range []struct {
					after time.Duration
					want  competition.Status
				}{
					{time.Millisecond, competition.Active},
					{30*time.Minute - time.Millisecond, competition.Active},
					{time.Millisecond, competition.Finalizing},
					{time.Hour - time.Millisecond, competition.Finalizing},
					{time.Millisecond, competition.Completed},
					{3 * time.Hour, competition.Completed},
				} {
					pass(step.after)
					require.Equal(t, step.want, stored(t, store, "spring"))
				}
				summary, err := e.Competition("spring", operator)
				require.NoError(t, err)
				require.Equal(t, competition.Completed, summary.Status)
			})
		})
	}
}

func TestStatusCatchesUpAfterTheServerWasDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, lasting("spring", time.Hour, 2*time.Hour))
		create(t, e, lasting("summer", time.Hour, 9*time.Hour))
		closeEngine(t, e)
		pass(4 * time.Hour)
		require.Equal(t, competition.Upcoming, stored(t, store, "spring"))
		startEngine(t, store, nil)
		synctest.Wait()
		require.Equal(t, competition.Completed, stored(t, store, "spring"))
		require.Equal(t, competition.Active, stored(t, store, "summer"))
	})
}

func TestStatusFollowsAnEditedStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, func(o *Options) { o.IdleAfter = time.Minute })
		d := lasting("spring", time.Hour, 9*time.Hour)
		create(t, e, d)
		edit := func(by time.Duration) {
			start := d.Start + calendar.Millis(by.Milliseconds())
			_, err := e.Run("spring", &competition.EditCompetition{Caller: operator, Patch: competition.Patch{Start: &start}})
			require.NoError(t, err)
		}
		edit(time.Hour)
		pass(90 * time.Minute)
		require.Equal(t, competition.Upcoming, stored(t, store, "spring"), "later than it was")
		edit(40 * time.Minute)
		pass(11 * time.Minute)
		require.Equal(t, competition.Active, stored(t, store, "spring"), "earlier again")
	})
}

func TestStatusWaitsForTheStore(t *testing.T) {
	for _, call := range []string{"Append", "Find", "Load"} {
		t.Run(call+" fails", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore()
				e := startEngine(t, store, func(o *Options) { o.IdleAfter = time.Minute })
				create(t, e, lasting("spring", time.Hour, 9*time.Hour))
				pass(59 * time.Minute)
				require.Zero(t, e.Health().Active)
				store.set(func() {
					store.before = func(_ context.Context, name string) error {
						if name == call {
							return competition.ErrUnavailable
						}
						return nil
					}
					if call == "Append" {
						store.beforeAppend = newGate(competition.ErrUnavailable, false).failing
					}
				})
				pass(time.Hour)
				store.set(func() { store.before, store.beforeAppend = nil, nil })
				require.Equal(t, competition.Upcoming, stored(t, store, "spring"))
				pass(3 * time.Second)
				require.Equal(t, competition.Active, stored(t, store, "spring"))
			})
		})
	}
}

func TestStatusMovesEvenWhenItIsDueAsTheCompetitionLeavesMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		hold := &holdingLog{message: "a snapshot could not be stored; the journal has it all", open: make(chan struct{})}
		e := startEngine(t, store, func(o *Options) { o.Logger = slog.New(hold) })
		create(t, e, lasting("spring", time.Hour, 9*time.Hour))
		store.set(func() {
			store.before = func(_ context.Context, call string) error {
				if call == "Save" {
					return competition.ErrConflict
				}
				return nil
			}
		})
		pass(time.Hour - time.Second) // by now the actor is held by its log
		h := e.actors.registry.find("spring")
		require.NotNil(t, h)
		e.tell(h, &sweep{})
		pass(time.Minute)   // the tick comes after it
		h.used.Store(false) // as if the sweep had looked just before
		require.Equal(t, competition.Upcoming, stored(t, store, "spring"))
		close(hold.open)
		pass(time.Second)
		require.Equal(t, competition.Active, stored(t, store, "spring"))
	})
}

// holdingLog keeps whoever logs a certain message until open is closed.
type holdingLog struct {
	message string
	open    chan struct{}
}

func (h *holdingLog) Enabled(context.Context, slog.Level) bool { return true }
func (h *holdingLog) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h *holdingLog) WithGroup(string) slog.Handler            { return h }

func (h *holdingLog) Handle(_ context.Context, r slog.Record) error {
	if r.Message == h.message {
		<-h.open
	}
	return nil
}

func TestTickThatCameTooEarlyComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		d := lasting("spring", time.Hour, 9*time.Hour)
		create(t, e, d)
		pass(59*time.Minute + 50*time.Second)
		id, _ := e.actors.clock.next(d.Start) // as if the wall clock had been set back since
		require.Equal(t, "spring", id)
		e.actors.clock.wakeUp(t.Context(), id)
		pass(5 * time.Second)
		require.Equal(t, competition.Upcoming, stored(t, store, "spring"))
		pass(time.Hour)
		require.Equal(t, competition.Active, stored(t, store, "spring"))
	})
}

func TestClockReadsWhatIsDueAsSoonAsItCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, lasting("spring", time.Hour, 2*time.Hour))
		closeEngine(t, e)
		pass(time.Hour)
		store.set(func() {
			store.before = func(_ context.Context, call string) error {
				if call == "DueBefore" {
					return competition.ErrUnavailable
				}
				return nil
			}
		})
		e = startEngine(t, store, nil)
		pass(time.Minute)
		require.False(t, e.Health().Ready)
		store.set(func() { store.before = nil })
		pass(2 * time.Second)
		require.True(t, e.Health().Ready)
		require.Equal(t, competition.Active, stored(t, store, "spring"))
	})
}

func TestAStartLoadsNothingThatIsNotDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("spring"))
		create(t, e, lasting("summer", time.Hour, 2*time.Hour))
		create(t, e, lasting("autumn", time.Minute, 2*time.Hour))
		closeEngine(t, e)
		pass(time.Hour - time.Minute)
		loaded := map[string]bool{}
		e = startEngine(t, store, func(o *Options) {
			o.Progress = func(id string, _, _ int, _ time.Duration, end bool) { loaded[id] = end }
		})
		synctest.Wait()
		require.True(t, e.Health().Ready)
		require.Equal(t, map[string]bool{"autumn": true}, loaded)
		require.Equal(t, competition.Active, stored(t, store, "autumn"))
		require.Zero(t, e.Health().Active, "it left again")
		pass(time.Minute)
		require.Equal(t, competition.Active, stored(t, store, "summer"))
		require.Zero(t, e.Health().Active)
		require.Equal(t, map[string]bool{"autumn": true, "summer": true}, loaded)
	})
}

func TestWhatIsDueTogetherIsNotInMemoryTogether(t *testing.T) {
	race.Skip(t)
	synctest.Test(t, func(t *testing.T) {
		const n = 3*duePage + 17
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		for i := range n {
			create(t, e, lasting(fmt.Sprintf("c%d", i), time.Hour, 2*time.Hour))
		}
		closeEngine(t, e)
		pass(time.Hour)
		started := make(chan struct{}) // e is the engine that recovers
		var mu sync.Mutex              // several recover at once
		most := 0
		e = startEngine(t, store, func(o *Options) {
			o.Progress = func(string, int, int, time.Duration, bool) {
				<-started
				mu.Lock()
				defer mu.Unlock()
				most = max(most, len(e.actors.registry.all()))
			}
		})
		close(started)
		synctest.Wait()
		require.NotZero(t, most)
		for i := range n {
			require.Equal(t, competition.Active, stored(t, store, fmt.Sprintf("c%d", i)))
		}
		require.Zero(t, e.Health().Active)
		require.LessOrEqual(t, most, duePage, "of %d", n)
		require.Empty(t, e.actors.clock.due, "what is further ahead is forgotten")
		require.Empty(t, e.actors.clock.at)
	})
}

func TestWhatIsWokenForATickLeavesOnlyWhenItsSnapshotIsKnownToBeStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		closing := startEngine(t, store, nil)
		create(t, closing, lasting("spring", time.Hour, 2*time.Hour))
		closeEngine(t, closing)
		w := &lifetimeHarness{store: store, faults: map[string]int{"answer to Save": 1}}
		e := startEngine(t, store, func(o *Options) { o.Store = unheard{store, w} })
		pass(time.Hour)
		require.Equal(t, competition.Active, stored(t, store, "spring"))
		require.Equal(t, store.last("spring"), store.saved["spring"], "the snapshot is there")
		require.NotZero(t, w.calls, "and its answer was lost")
		store.set(func() { w.faults = nil })
		pass(2 * time.Minute)
		require.Zero(t, e.Health().Active)
		require.Equal(t, store.saved["spring"], store.projected["spring"])
	})
}

func TestClockFindsWhatAnotherProcessMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		other, err := New(Options{Store: store})
		require.NoError(t, err)
		create(t, other, lasting("soon", 25*time.Second, time.Hour))
		closeEngine(t, other)
		pass(25*time.Second - time.Millisecond)
		require.Equal(t, competition.Upcoming, stored(t, store, "soon"))
		pass(time.Millisecond)
		require.Equal(t, competition.Active, stored(t, store, "soon"))
		require.Zero(t, e.Health().Active)
	})
}

// TestDecisionsAboutTheErasedAreDroppedInTime, although nobody has used the
// competition since it was completed.
func TestDecisionsAboutTheErasedAreDroppedInTime(t *testing.T) {
	const completed, kept = 3 * time.Hour, 30 * 24 * time.Hour // one hour for late syncs
	for name, erasedAt := range map[string]time.Duration{"erased before": time.Hour + time.Minute, "erased after": completed + time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore()
				began := time.Now()
				until := func(at time.Duration) { pass(at - time.Since(began)) }
				e := startEngine(t, store, nil)
				create(t, e, lasting("spring", time.Hour, 2*time.Hour))
				until(time.Hour)
				submit(t, e, "spring", steps("ann", 500))
				_, err := e.Run("spring", &competition.ExcludeParticipant{Caller: operator, UserID: "ann", Reason: "a car"})
				require.NoError(t, err)
				until(erasedAt)
				done, err := e.EraseUser("ann")
				require.NoError(t, err)
				end := calendar.MillisOf(began.Add(completed + kept))
				require.Equal(t, competition.Erased{Competitions: 1, KeptIn: []string{"spring"}, KeptUntil: end}, done)
				until(completed + time.Hour)
				require.Equal(t, competition.Completed, stored(t, store, "spring"))
				closeEngine(t, e)
				last := store.last("spring")

				until(completed + kept - time.Minute)
				e = startEngine(t, store, nil)
				pass(time.Minute - time.Millisecond)
				require.Equal(t, last, store.last("spring"))
				require.Zero(t, e.Health().Active)
				pass(time.Millisecond)
				require.Equal(t, last+1, store.last("spring"), "by the clock alone")
				require.Zero(t, e.Health().Active, "it left again")
				again, err := competition.Recover(t.Context(), "spring", store, nil, nil)
				require.NoError(t, err)
				_, due := again.NextTransition()
				require.False(t, due, "nothing is kept any more")
			})
		})
	}
}

// dueList is a competition.Catalog that knows what is due, and nothing else.
type dueList struct {
	competition.Catalog
	mu    sync.Mutex
	due   []competition.Due // in order
	err   error
	pages int
}

// with has the list, and what is told under its lock, to itself.
func (l *dueList) with(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
}

func (l *dueList) DueBefore(_ context.Context, after competition.Due, before calendar.Millis, limit int) (page []competition.Due, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pages++
	if l.err != nil {
		return nil, l.err
	}
	for _, d := range l.due {
		if later := d.At > after.At || d.At == after.At && d.CompetitionID > after.CompetitionID; later && d.At <= before && len(page) < limit {
			page = append(page, d)
		}
	}
	return page, nil
}

// The clock alone, without an engine: what is due is woken at its time, and no more at
// once than there are places.
func TestClockTicksNoMoreThanItHasPlacesFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := func() calendar.Millis { return calendar.MillisOf(time.Now()) }
		list := &dueList{err: competition.ErrUnavailable}
		at := now() + 5_000
		const n = duePage + maxTicking + 1
		for i := range n {
			list.due = append(list.due, competition.Due{At: at, CompetitionID: fmt.Sprintf("c%04d", i)})
		}
		var ticks []calendar.Millis
		c := newClock(clockEnv{store: list, timeout: time.Second, now: now, settled: func() bool { return true }, logger: slog.New(slog.DiscardHandler), tick: func(id string) error {
			list.with(func() {
				ticks = append(ticks, now())
				list.due = slices.DeleteFunc(list.due, func(d competition.Due) bool { return d.CompetitionID == id }) // its status moves
			})
			return nil
		}})
		c.start(t.Context())
		defer c.close()
		pass(time.Second / 2)
		require.False(t, c.hasRead())
		list.with(func() { list.err = nil })
		pass(pollRetry)
		require.True(t, c.hasRead())
		list.with(func() {
			require.Equal(t, 3, list.pages, "one that failed, and two that are read as soon as it can be")
			require.Empty(t, ticks, "nothing is due yet")
		})
		pass(time.Minute)
		list.with(func() { require.Len(t, ticks, maxTicking) })
		for range maxTicking {
			c.ticked()
		}
		pass(0)
		list.with(func() { require.Len(t, ticks, 2*maxTicking) })
		for len(c.ticking) > 0 {
			c.ticked()
			synctest.Wait()
		}
		require.Len(t, ticks, n)
		require.Equal(t, at, ticks[0])
		require.Empty(t, c.at)
	})
}
