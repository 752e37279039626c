package actors

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// lasting is a competition that starts and ends so long after now, and takes
// late syncs for an hour.
func lasting(id string, start, end time.Duration) competition.Definition {
	d := running(id)
	now := time.Now()
	d.Start, d.End = competition.MillisOf(now.Add(start)), competition.MillisOf(now.Add(end))
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
			start := d.Start + competition.Millis(by.Milliseconds())
			_, err := e.Edit("spring", &competition.EditCompetition{Caller: operator, Patch: competition.Patch{Start: &start}})
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

func TestStatusMovesEvenWhenItIsDueWhileTheCompetitionLeavesMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many = 100
		store := newMemoryStore()
		e := startEngine(t, store, func(o *Options) { o.IdleAfter = 40 * time.Millisecond })
		began := time.Now()
		for i := range many {
			// Sweeps come every 10 ms, and find a use that is 50 ms old.
			create(t, e, lasting(fmt.Sprint(i), 50*time.Millisecond+time.Duration(i)*10*time.Millisecond, time.Hour))
		}
		require.Equal(t, began, time.Now())
		for i := range many {
			at := began.Add(50*time.Millisecond + time.Duration(i)*10*time.Millisecond)
			pass(time.Until(at) - 50*time.Millisecond)
			_, err := e.Page(fmt.Sprint(i), operator, 0, 1)
			require.NoError(t, err)
			pass(50 * time.Millisecond)
			require.Equal(t, competition.Active, stored(t, store, fmt.Sprint(i)))
		}
	})
}

func TestClockReadsTheListAsSoonAsItCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, lasting("spring", time.Hour, 2*time.Hour))
		closeEngine(t, e)
		pass(time.Hour)
		store.set(func() {
			store.before = func(_ context.Context, call string) error {
				if call == "List" {
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

func TestReadyOnceWhatIsRunningIsRecovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("spring"))
		create(t, e, lasting("summer", time.Hour, 2*time.Hour))
		closeEngine(t, e)
		open := make(chan struct{})
		store.set(func() {
			store.before = func(ctx context.Context, call string) error {
				if call == "Load" {
					<-open
				}
				return ctx.Err()
			}
		})
		done := map[string]bool{}
		e = startEngine(t, store, func(o *Options) {
			o.Progress = func(id string, _, _ int, _ time.Duration, end bool) { done[id] = end }
		})
		pass(time.Minute)
		require.False(t, e.Health().Ready)
		require.Equal(t, 1, e.Health().Active)
		close(open)
		synctest.Wait()
		require.True(t, e.Health().Ready)
		require.Equal(t, map[string]bool{"spring": true}, done)
	})
}
