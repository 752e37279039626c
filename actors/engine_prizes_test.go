package actors

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// withPrizes creates a competition with a fee of 5.00 and a pool of 100.00 by
// 60/30/10, that ann, bob and cleo have joined, with 3000, 2000 and 1000 steps,
// and ends within the minute.
func withPrizes(t *testing.T, e *Engine) {
	t.Helper()
	d := running("c")
	d.EntryFeeMinor, d.PrizePoolMinor, d.Currency = 500, 100_00, "EUR"
	d.End, d.LateSyncHours = calendar.MillisOf(time.Now().Add(time.Minute)), 0
	d.Complete()
	_, _, err := e.Create(&competition.CreateCompetition{Caller: operator, Definition: d})
	require.NoError(t, err)
	for i, user := range []string{"ann", "bob", "cleo"} {
		_, err := e.Join("c", join(user))
		require.NoError(t, err)
		submit(t, e, "c", steps(user, int64(3000-1000*i)))
	}
}

func distribute(e *Engine) (competition.PrizesReply, error) {
	return e.DistributePrizes("c", &competition.DistributePrizes{Caller: operator})
}

// paid is what the ledger brought a user.
func paid(t *testing.T, e *Engine, userID string) (minor []int64) {
	t.Helper()
	list, next, err := e.TransactionsOf(userID, ledger.Place{}, 100)
	require.NoError(t, err)
	require.Zero(t, next)
	for _, tx := range list {
		minor = append(minor, tx.Minor)
	}
	return minor
}

func TestPrizesArePaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		withPrizes(t, e)
		_, err := distribute(e)
		require.ErrorIs(t, err, competition.ErrNotFinal)
		pass(2 * time.Minute)
		_, err = e.DistributePrizes("c", &competition.DistributePrizes{Caller: competition.Caller{UserID: "ann"}})
		require.ErrorIs(t, err, competition.ErrForbidden)

		var wg sync.WaitGroup
		replies := make([]competition.PrizesReply, 200)
		for i := range replies {
			wg.Go(func() {
				reply, err := distribute(e)
				if err != nil {
					t.Error(err)
				}
				replies[i] = reply
			})
		}
		wg.Wait()
		require.Len(t, replies[0].Prizes, 3)
		for _, reply := range replies {
			require.Equal(t, replies[0], reply)
		}
		require.Equal(t, []int64{60_00, -500}, paid(t, e, "ann"))
		require.Equal(t, []int64{30_00, -500}, paid(t, e, "bob"))
		require.Equal(t, []int64{10_00, -500}, paid(t, e, "cleo"))
		for _, user := range []string{"ann", "bob", "cleo"} {
			prizes, _, err := e.PrizesOf(user, ledger.Place{}, 10)
			require.NoError(t, err)
			require.Len(t, prizes, 1)
			require.Equal(t, ledger.DistributedPrize, prizes[0].Status)
		}
	})
}

// TestSettledPrizesAreShownToAll who see the competition, by the names of now; what
// became of each is not.
func TestSettledPrizesAreShownToAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, func(o *Options) { o.HandOver = func() {} })
		withPrizes(t, e)
		renamed := join("ann")
		renamed.UserName = "Ann"
		_, err := e.Join("c", renamed)
		require.NoError(t, err)
		anyone := competition.Caller{UserID: "zoe"}
		none, err := e.SettledPrizes("c", anyone)
		require.NoError(t, err)
		require.Empty(t, none.Best)
		require.Zero(t, none.Count)
		pass(2 * time.Minute)
		_, err = distribute(e)
		require.NoError(t, err)
		_, err = e.FailPrize(ledger.PrizeID{CompetitionID: "c", Number: 1}, operator, "no account")
		require.NoError(t, err)
		want := competition.SettledPrizes{Count: 3, Best: []competition.SettledPrize{
			{Rank: 1, UserID: "ann", UserName: "Ann", Minor: 60_00, Currency: "EUR"},
			{Rank: 2, UserID: "bob", Minor: 30_00, Currency: "EUR"},
			{Rank: 3, UserID: "cleo", Minor: 10_00, Currency: "EUR"},
		}}
		settled, err := e.SettledPrizes("c", anyone)
		require.NoError(t, err)
		require.Equal(t, want, settled)
		_, err = e.SettledPrizes("unknown", anyone)
		require.ErrorIs(t, err, competition.ErrUnknownCompetition)
	})
}

// TestPrizesRestOnTheLastSync: a distribution that comes first after the end, and
// so ends the competition itself, while the last syncs are still on their way to
// the disk, pays by standings that have them.
func TestPrizesRestOnTheLastSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		var ahead atomic.Int64
		e := startEngine(t, store, func(o *Options) {
			o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		})
		withPrizes(t, e)
		g := newGate(nil, true)
		store.set(func() { store.beforeAppend = g.wait })
		last := later(func() error { _, err := e.SubmitSync("c", steps("cleo", 50_000)); return err })
		synctest.Wait()
		ahead.Store(int64(2 * time.Minute))
		answer := make(chan competition.PrizesReply, 1)
		go func() {
			reply, err := distribute(e)
			if err != nil {
				t.Error(err)
			}
			answer <- reply
		}()
		synctest.Wait()
		close(g.open)
		require.NoError(t, <-last)
		reply := <-answer
		require.Equal(t, "cleo", reply.Prizes[0].UserID)
		require.Equal(t, int64(60_00), reply.Prizes[0].Minor)
	})
}

func TestPendingPrizesWaitForWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told atomic.Int64
		e := startEngine(t, newMemoryStore(), func(o *Options) { o.HandOver = func() { told.Add(1) } })
		withPrizes(t, e)
		pass(2 * time.Minute)
		ann := watchAs(t, e, "c", "ann")
		defer e.Unsubscribe(ann.Subscription)
		reply, err := distribute(e)
		require.NoError(t, err)
		require.EqualValues(t, 1, told.Load())
		require.Equal(t, ledger.PendingPrize, reply.Prizes[0].Status)
		<-ann.wake
		require.Equal(t, competition.Settled, ann.Latest().Status)
		require.Equal(t, reply.Prizes, ann.Latest().Prizes)

		version := ann.Latest().Version
		for range 2 { // again is fine
			prize, err := e.ConfirmPrize(reply.Prizes[0].ID(), operator)
			require.NoError(t, err)
			require.Equal(t, ledger.DistributedPrize, prize.Status)
			prize, err = e.FailPrize(reply.Prizes[1].ID(), operator, "no account")
			require.NoError(t, err)
			require.Equal(t, ledger.FailedPrize, prize.Status)
		}
		_, err = e.FailPrize(reply.Prizes[0].ID(), operator, "")
		require.ErrorIs(t, err, competition.ErrPrizeDecided)
		for _, id := range []ledger.PrizeID{{CompetitionID: "c", Number: 4}, {CompetitionID: "nowhere", Number: 1}} {
			_, err = e.ConfirmPrize(id, operator)
			require.ErrorIs(t, err, competition.ErrUnknownPrize)
		}
		_, err = e.ConfirmPrize(reply.Prizes[2].ID(), competition.Caller{UserID: "cleo"})
		require.ErrorIs(t, err, competition.ErrForbidden)
		pass(time.Second)
		require.Equal(t, version, ann.Latest().Version, "the board has not changed")
		bob := watchAs(t, e, "c", "bob")
		defer e.Unsubscribe(bob.Subscription)
		require.Equal(t, ledger.FailedPrize, bob.Latest().Prizes[1].Status, "who comes later sees what became of them")
		require.Equal(t, []int64{-30_00, 30_00, -500}, paid(t, e, "bob"))
	})
}

func TestCalculatingStoresNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		withPrizes(t, e)
		before := len(store.journals["c"])
		reply, err := e.CalculatePrizes("c", operator, 0)
		require.NoError(t, err)
		require.False(t, reply.Final)
		require.EqualValues(t, 100_00, reply.PoolMinor)
		require.EqualValues(t, 60_00, reply.Prizes[0].Minor)
		reply, err = e.CalculatePrizes("c", operator, 1)
		require.NoError(t, err)
		require.Len(t, reply.Prizes, 1)
		_, err = e.CalculatePrizes("c", competition.Caller{UserID: "ann"}, 0)
		require.ErrorIs(t, err, competition.ErrForbidden)
		_, err = e.CalculatePrizes("nowhere", operator, 0)
		require.ErrorIs(t, err, competition.ErrUnknownCompetition)
		pass(2 * time.Minute)
		reply, err = e.CalculatePrizes("c", operator, 0)
		require.NoError(t, err)
		require.True(t, reply.Final)
		require.Len(t, store.journals["c"], before+1, "but that time has completed it")
	})
}
