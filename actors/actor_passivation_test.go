package actors

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

func TestIdleCompetitionLeavesMemoryAndComesBackTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("spring"))
		submit(t, e, "spring", steps("ann", 100))
		submit(t, e, "spring", steps("bob", 200))
		before, err := e.Page("spring", operator, 0, 10, nil)
		require.NoError(t, err)
		pass(9 * time.Minute)
		require.Equal(t, 1, e.Health().Active)
		pass(3 * time.Minute)
		require.Zero(t, e.Health().Active)
		require.Equal(t, store.last("spring"), store.saved["spring"], "after a snapshot")

		summary, err := e.Competition("spring", operator)
		require.NoError(t, err)
		require.Equal(t, 2, summary.Participants)
		require.Zero(t, e.Health().Active, "the summary wakes nobody")
		after, err := e.Page("spring", operator, 0, 10, nil)
		require.NoError(t, err)
		require.Equal(t, before, after)
		require.Equal(t, 1, e.Health().Active)
	})
}

func TestReadersOfThePublishedTopKeepItInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), nil)
		create(t, e, running("spring"))
		h := e.actors.registry.find("spring")
		for range 60 {
			_, err := e.Top("spring", operator)
			require.NoError(t, err)
			pass(time.Minute)
		}
		require.Same(t, h, e.actors.registry.find("spring"))
	})
}

func TestNothingLeavesMemoryWhileTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("quiet"))
		create(t, e, running("stalled"))
		pass(5 * time.Minute)
		store.set(func() {
			store.checkErr = competition.ErrUnavailable
			store.before = func(context.Context, string) error { return competition.ErrUnavailable }
			store.beforeAppend = newGate(competition.ErrUnavailable, false).failing
		})
		_, err := e.SubmitSync("stalled", steps("ann", 1))
		require.ErrorIs(t, err, competition.ErrUnavailable)
		pass(time.Hour)
		for _, id := range []string{"quiet", "stalled"} {
			_, err = e.Page(id, operator, 0, 10, nil)
			require.NoError(t, err, "readers go on")
		}
		store.set(func() { store.checkErr, store.before, store.beforeAppend = nil, nil, nil })
		pass(time.Hour)
		require.Zero(t, e.Health().Active)
	})
}

func TestCompetitionThatWasOnlyAskedForGoesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), nil)
		d := running("spring")
		d.PrizePoolMinor = 1
		_, _, err := e.Create(&competition.CreateCompetition{Caller: competition.Caller{UserID: "ann"}, Definition: d})
		require.ErrorIs(t, err, competition.ErrForbidden)
		require.Equal(t, 1, e.Health().Active)
		pass(2 * time.Minute)
		require.Zero(t, e.Health().Active)
		_, err = e.Page("made-up", operator, 0, 10, nil)
		require.ErrorIs(t, err, competition.ErrUnknownCompetition)
		require.Zero(t, e.Health().Active, "made-up ids cost no actor")
	})
}

func TestEnteringWhileItLeavesMemoryLosesNoRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		loads := 0
		store.before = func(_ context.Context, call string) error {
			if call == "Load" {
				loads++
			}
			return nil
		}
		e := startEngine(t, store, func(o *Options) { o.IdleAfter = time.Millisecond })
		create(t, e, running("spring"))
		const callers, each = 4, 250
		var wg sync.WaitGroup
		for c := range callers {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(1, uint64(c)))
				user := fmt.Sprintf("user-%d", c)
				for i := range int64(each) {
					<-time.After(time.Duration(r.IntN(9)) * 10 * time.Millisecond) // sweeps come as often
					reply, err := e.SubmitSync("spring", steps(user, i+1))
					if err != nil || reply.Score != i+1 {
						t.Errorf("sync %d of %s: %+v, %v", i+1, user, reply, err)
					}
				}
			})
		}
		wg.Wait()
		require.Greater(t, loads, 50, "it did leave memory")
		for user, score := range scores(t, e, "spring") {
			require.EqualValues(t, each, score, user)
		}
	})
}

func TestTimeOutWhileTheStoreIsSlowKeepsTheCompetition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, func(o *Options) { o.IdleAfter, o.StoreTimeout = time.Minute, time.Hour })
		create(t, e, running("spring"))
		g := newGate(nil, true)
		store.set(func() { store.beforeAppend = g.wait })
		_, err := e.SubmitSync("spring", steps("ann", 1))
		require.ErrorIs(t, err, competition.ErrUnavailable)
		h := e.actors.registry.find("spring")
		pass(30 * time.Minute)
		require.Same(t, h, e.actors.registry.find("spring"), "a batch is under way")
		close(g.open)
		synctest.Wait()
		require.Equal(t, map[string]int64{"ann": 1}, scores(t, e, "spring"))
	})
}

func TestGuestKeepsTheCompetitionInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), nil)
		create(t, e, running("spring"))
		h, err := e.acquire("spring", e.deadline())
		require.NoError(t, err)
		pass(time.Hour) // longer than anybody remembers when it came
		_, err = ask[competition.Board](e, h, &getPage{Limit: 1}, e.deadline(), e.deadline())
		require.NoError(t, err)
		e.release(h)
		pass(time.Hour)
		require.Zero(t, e.Health().Active)
	})
}
