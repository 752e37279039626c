package actors

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

func startEngine(t *testing.T, store competition.Store, change func(*Options)) *Engine {
	t.Helper()
	o := Options{Store: store}
	if change != nil {
		change(&o)
	}
	e, err := New(o)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, e.Close(ctx))
	})
	return e
}

// running is the definition of a competition that takes syncs of these days.
func running(id string) competition.Definition {
	now := time.Now()
	d := competition.Definition{
		ID: id, Name: "Spring", Start: competition.MillisOf(now.Add(-72 * time.Hour)), End: competition.MillisOf(now.Add(72 * time.Hour)),
		Scoring: competition.Weights{Step: 1000}, PrizeSplit: []int64{60_000, 30_000, 10_000},
		DailyLimits: competition.DefaultDailyLimits, LateSyncHours: competition.DefaultLateSyncHours,
	}
	d.Complete()
	return d
}

func create(t *testing.T, e *Engine, d competition.Definition) {
	t.Helper()
	_, created, err := e.Create(&competition.CreateCompetition{Caller: competition.Caller{UserID: "creator"}, Definition: d})
	require.NoError(t, err)
	require.True(t, created)
}

func steps(user string, n int64) *competition.SubmitSync {
	return &competition.SubmitSync{UserID: user, Source: "watch", Day: competition.DayOf(time.Now()), Metrics: competition.Metrics{Steps: n}}
}

func TestSyncIsAnsweredWithItsPlaceAndReadBack(t *testing.T) {
	e := startEngine(t, newMemoryStore(), nil)
	create(t, e, running("spring"))

	reply, err := e.SubmitSync("spring", steps("ann", 100))
	require.NoError(t, err)
	require.Equal(t, competition.SyncReply{Score: 100, Rank: 1, Total: 1, Changed: true}, reply)
	reply, err = e.SubmitSync("spring", steps("bob", 200))
	require.NoError(t, err)
	require.Equal(t, competition.SyncReply{Score: 200, Rank: 1, Total: 2, Changed: true}, reply)
	reply, err = e.SubmitSync("spring", steps("ann", 100))
	require.NoError(t, err)
	require.Equal(t, competition.SyncReply{Score: 100, Rank: 2, Total: 2, Changed: false}, reply, "a repeat changes nothing")

	top, err := e.Top("spring", competition.Caller{UserID: "ann"})
	require.NoError(t, err)
	require.Len(t, top.Entries, 2)
	require.Equal(t, "bob", top.Entries[0].UserID)
}

func TestManyCallersAtOnceAreAllCounted(t *testing.T) {
	store := newMemoryStore()
	e := startEngine(t, store, nil)
	create(t, e, running("spring"))
	const callers, each = 16, 200
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			user := fmt.Sprintf("user-%02d", c)
			for i := range each {
				reply, err := e.SubmitSync("spring", steps(user, int64(i+1)))
				if err != nil || reply.Score != int64(i+1) {
					t.Errorf("sync %d of %s: %+v, %v", i, user, reply, err)
					return
				}
				top, err := e.Top("spring", competition.Caller{UserID: user})
				if err != nil || top.Version < 1 {
					t.Errorf("top: %v", err)
				}
			}
		})
	}
	wg.Wait()
	page, err := e.Page("spring", competition.Caller{}, 0, 100)
	require.NoError(t, err)
	require.Len(t, page.Entries, callers)
	for _, entry := range page.Entries {
		require.EqualValues(t, each, entry.Score)
	}
	require.Less(t, len(store.journals["spring"]), callers*each, "batches form")
}

func TestPanicAnswersTheMessageAndLosesNothing(t *testing.T) {
	e := startEngine(t, newMemoryStore(), nil)
	create(t, e, running("spring"))
	_, err := e.SubmitSync("spring", steps("ann", 100))
	require.NoError(t, err)
	type unknown struct{}
	for range 5 {
		_, err = send[int](e, "spring", &unknown{})
		require.ErrorIs(t, err, competition.ErrInternal)
		reply, err := e.SubmitSync("spring", steps("bob", 50))
		require.NoError(t, err)
		require.Equal(t, 2, reply.Rank)
	}
}
