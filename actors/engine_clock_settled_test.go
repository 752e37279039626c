package actors

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// TestNoStatusChangesWhileTheTimeIsNotSettled: neither by itself nor when something is
// decided or recovered; syncs are taken, and what is due is done once the time is settled.
func TestNoStatusChangesWhileTheTimeIsNotSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var unsettled atomic.Bool
		options := func(o *Options) {
			o.Settled = func() bool { return !unsettled.Load() }
			o.IdleAfter = time.Minute
		}
		store := newMemoryStore()
		e := startEngine(t, store, options)
		create(t, e, lasting("spring", -time.Hour, 10*time.Minute))
		create(t, e, lasting("summer", 10*time.Minute, time.Hour))
		create(t, e, lasting("later", 10*time.Hour, 11*time.Hour))
		pass(9 * time.Minute)
		require.Zero(t, e.Health().Active)
		unsettled.Store(true)
		pass(3 * time.Hour)
		require.Equal(t, competition.Active, stored(t, store, "spring"))
		require.Equal(t, competition.Upcoming, stored(t, store, "summer"))
		require.Zero(t, e.Health().Active, "nothing is brought into memory that must not change")

		submit(t, e, "spring", steps("ann", 1000))
		_, err := e.Run("summer", join("ann"))
		require.NoError(t, err)
		_, err = e.SubmitSync("summer", steps("ann", 1000))
		require.ErrorIs(t, err, competition.ErrNotStarted)
		pass(time.Minute / 2)
		require.Equal(t, competition.Active, stored(t, store, "spring"))
		require.Equal(t, competition.Upcoming, stored(t, store, "summer"))

		closeEngine(t, e)
		e = startEngine(t, store, options)
		synctest.Wait()
		require.True(t, e.Health().Ready, "the list of what is due was read")
		submit(t, e, "spring", steps("bob", 500))
		require.Equal(t, competition.Active, stored(t, store, "spring"))

		unsettled.Store(false)
		pass(settling)
		require.Equal(t, competition.Completed, stored(t, store, "spring"))
		require.Equal(t, competition.Completed, stored(t, store, "summer"))
		require.Equal(t, competition.Upcoming, stored(t, store, "later"))
		require.Equal(t, map[string]int64{"ann": 1000, "bob": 500}, scores(t, e, "spring"))
	})
}

// TestTheClockLooksAgainWhenTheTimeIsSetBack: not only when the time has come again at which
// it wanted to.
func TestTheClockLooksAgainWhenTheTimeIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ahead atomic.Int64
		now := func() calendar.Millis { return calendar.MillisOf(time.Now()) + calendar.Millis(ahead.Load()) }
		list, ticks := &dueList{}, make(chan string, 1)
		c := newClock(clockEnv{
			store: list, timeout: time.Second, now: now, settled: func() bool { return true }, logger: slog.New(slog.DiscardHandler),
			tick: func(id string) error {
				list.with(func() { list.due = nil })
				ticks <- id
				return nil
			},
		})
		c.start(t.Context())
		defer c.close()
		pass(time.Minute)
		ahead.Store(-3 * time.Hour.Milliseconds())
		list.with(func() { list.due = append(list.due, competition.Due{At: now() + 90_000, CompetitionID: "spring"}) })
		pass(2 * time.Minute)
		require.Len(t, ticks, 1)
	})
}
