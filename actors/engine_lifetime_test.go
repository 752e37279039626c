package actors

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/race"
)

// lifetimeOf is a user's steps by day.
func lifetimeOf(t *testing.T, e *Engine, user string) map[calendar.Day]int64 {
	t.Helper()
	all, err := e.Lifetime(competition.Caller{UserID: user}, user)
	require.NoError(t, err)
	stats := all.Stats(user, competition.AllDays)
	days := map[calendar.Day]int64{}
	for _, day := range stats.Days {
		days[day.Day] = day.Value.Steps
	}
	return days
}

// complete fails unless the projection is that of the snapshots and of the
// journals.
func (s *memoryStore) complete(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.journals {
		require.Equal(t, s.last(id), s.saved[id], "snapshot of %s", id)
		require.Equal(t, s.last(id), s.projected[id], "checkpoint of %s", id)
	}
}

// monthsOf is what the projection has of a user.
func (s *memoryStore) monthsOf(t *testing.T, userID string) []competition.History {
	t.Helper()
	months, _, _, err := s.stored.LifetimeOf(t.Context(), userID)
	require.NoError(t, err)
	return months
}

func TestLifetimeHasWhatWasAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), nil)
		day := calendar.DayOf(time.Now())
		require.Empty(t, lifetimeOf(t, e, "ann"))
		for _, id := range []string{"spring", "summer"} {
			create(t, e, running(id))
		}
		submit(t, e, "spring", steps("ann", 100))
		require.Equal(t, map[calendar.Day]int64{day: 100}, lifetimeOf(t, e, "ann"), "before any snapshot")
		pass(5 * time.Minute)
		submit(t, e, "summer", steps("ann", 70))
		require.Equal(t, map[calendar.Day]int64{day: 100}, lifetimeOf(t, e, "ann"), "the same source and day, less")
		submit(t, e, "summer", steps("ann", 130))
		require.Equal(t, map[calendar.Day]int64{day: 130}, lifetimeOf(t, e, "ann"), "and more")
		require.NoError(t, obey(e, "summer", &competition.LeaveCompetition{Caller: competition.Caller{UserID: "ann"}, UserID: "ann"}))
		require.Equal(t, map[calendar.Day]int64{day: 130}, lifetimeOf(t, e, "ann"), "days are kept")
		pass(time.Hour)
		require.Zero(t, e.Health().Active)
		require.Equal(t, map[calendar.Day]int64{day: 130}, lifetimeOf(t, e, "ann"), "of competitions that are not in memory")

		_, err := e.Lifetime(competition.Caller{UserID: "bob"}, "ann")
		require.ErrorIs(t, err, competition.ErrForbidden)
		all, err := e.Lifetime(operator, "ann")
		require.NoError(t, err)
		stats := all.Stats("ann", competition.Span{From: day + 1, To: calendar.MaxDay})
		require.Empty(t, stats.Days)
		require.NotZero(t, stats.LastSyncedAt)
	})
}

func TestLifetimeWakesNobodyWhenItIsComplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		const many = 50
		for i := range many {
			id := fmt.Sprintf("c%d", i)
			create(t, e, running(id))
			submit(t, e, id, steps("ann", int64(100+i)))
		}
		pass(time.Hour)
		require.Zero(t, e.Health().Active)
		store.complete(t)
		require.Equal(t, map[calendar.Day]int64{calendar.DayOf(time.Now()): 100 + many - 1}, lifetimeOf(t, e, "ann"))
		require.Zero(t, e.Health().Active)
		require.Zero(t, e.Health().Lifetime.Lagging)

		store.forget("Project")
		require.Equal(t, map[calendar.Day]int64{calendar.DayOf(time.Now()): 100 + many - 1}, lifetimeOf(t, e, "ann"))
		require.Equal(t, many, e.Health().Active, "otherwise it asks all that it has to")
	})
}

func TestLifetimeIsCompleteAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		for _, id := range []string{"spring", "summer"} {
			create(t, e, running(id))
			submit(t, e, id, steps("ann", 100))
		}
		closeEngine(t, e)
		store.complete(t)
		require.Len(t, store.monthsOf(t, "ann"), 1)
	})
}

// TestLifetimeIsMadeAnew: when the process ended between a snapshot and its
// projection, and when the store has never had one, a start is enough.
func TestLifetimeIsMadeAnew(t *testing.T) {
	race.Skip(t)
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		store.before = func(_ context.Context, call string) error {
			if call == "Project" {
				return competition.ErrUnavailable
			}
			return nil
		}
		first := startEngine(t, store, nil)
		ended := running("ended")
		ended.End = calendar.MillisOf(time.Now().Add(time.Hour))
		ended.LateSyncHours = 0
		ended.Complete()
		create(t, first, ended)
		for i := range 3000 { // more than a part
			submit(t, first, "ended", steps(fmt.Sprintf("user-%d", i), int64(100+i)))
		}
		pass(3 * time.Hour)
		require.Zero(t, first.Health().Active)
		health := first.Health().Lifetime
		require.Equal(t, 1, health.Lagging)
		require.Greater(t, health.Lag, 2*time.Hour)
		require.Greater(t, health.Failures, uint64(100), "it is tried again")
		require.Less(t, health.Failures, uint64(3*3600), "with a pause")
		closeEngine(t, first)

		store.set(func() { store.before = nil })
		var logs bytes.Buffer
		second := startEngine(t, store, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&logs, nil)) })
		pass(time.Second)
		require.Zero(t, second.Health().Active, "its snapshot is all that is needed")
		store.complete(t)
		require.Equal(t, competition.Projecting{}, second.Health().Lifetime)
		require.Contains(t, logs.String(), "lifetime statistics are being completed")
		require.Contains(t, logs.String(), "lifetime statistics are complete")
		for _, i := range []int{0, 1023, 1024, 2999} {
			require.Len(t, lifetimeOf(t, second, fmt.Sprintf("user-%d", i)), 1)
		}
		require.Zero(t, second.Health().Active)
	})
}

// TestLifetimeHealsUnderARunningEngine: an operator emptied the tables, or
// another process stored a snapshot and ended; the next snapshot finds out.
func TestLifetimeHealsUnderARunningEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("spring"))
		submit(t, e, "spring", steps("ann", 100))
		submit(t, e, "spring", steps("bob", 200))
		pass(3 * time.Minute)
		store.complete(t)
		store.forget("Project")
		submit(t, e, "spring", steps("ann", 101))
		pass(3 * time.Minute)
		store.complete(t)
		require.Len(t, store.monthsOf(t, "bob"), 1, "who did not sync meanwhile")
		require.Zero(t, e.Health().Lifetime)
	})
}

func TestLifetimeFailsWithWhatItRestsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("spring"))
		create(t, e, running("summer"))
		submit(t, e, "spring", steps("ann", 100))
		submit(t, e, "summer", steps("bob", 100))
		ask := func(user string) error {
			_, err := e.Lifetime(operator, user)
			return err
		}
		store.set(func() { store.before = func(context.Context, string) error { return competition.ErrUnavailable } })
		require.ErrorIs(t, ask("ann"), competition.ErrUnavailable)
		store.set(func() { store.before = nil })
		require.NoError(t, ask("ann"))

		// The journal of spring loses its end, of which nothing was projected.
		pass(time.Hour)
		submit(t, e, "spring", steps("ann", 200))
		closeEngine(t, e)
		store.forget("Save", "Project")
		store.set(func() { store.alterEnd("spring") })
		again := startEngine(t, store, nil)
		_, err := again.Lifetime(operator, "ann")
		require.ErrorIs(t, err, competition.ErrCorrupt)
		_, err = again.Lifetime(operator, "bob")
		require.NoError(t, err, "who has nothing to do with it")
	})
}

// TestOneAtATimeReadsAUsersLifetime: others do not wait for it, and nobody waits
// beyond the deadline.
func TestOneAtATimeReadsAUsersLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		var under, most atomic.Int64
		goOn := make(chan struct{})
		store.set(func() {
			store.before = func(_ context.Context, call string) error {
				if call == "LifetimeOf" && under.Add(1) > 0 {
					most.Store(max(most.Load(), under.Load()))
					<-goOn
					under.Add(-1)
				}
				return nil
			}
		})
		read := func(user string) <-chan error {
			done := make(chan error, 1)
			go func() {
				_, err := e.Lifetime(competition.Caller{UserID: user}, user)
				done <- err
			}()
			return done
		}
		var ann []<-chan error
		for range 10 {
			ann = append(ann, read("ann"))
		}
		synctest.Wait()
		require.EqualValues(t, 1, under.Load())
		bob := read("bob")
		synctest.Wait()
		require.EqualValues(t, 2, under.Load(), "others do not wait")
		go func() {
			for range 6 {
				goOn <- struct{}{}
			}
		}()
		require.NoError(t, <-bob)
		synctest.Wait()
		require.EqualValues(t, 2, most.Load())
		pass(e.options.RequestTimeout)
		close(goOn)
		late := 0
		for _, done := range ann {
			if err := <-done; err != nil {
				require.ErrorIs(t, err, competition.ErrUnavailable)
				late++
			}
		}
		require.Equal(t, 5, late, "five were read, four waited, and one was under way at the deadline")
		require.Empty(t, e.recalling.names)
	})
}
