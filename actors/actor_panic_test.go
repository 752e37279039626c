package actors

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

func TestPanicAnswersTheMessageAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), nil)
		create(t, e, running("spring"))
		for i := range int64(5) {
			submit(t, e, "spring", steps("ann", 100+i))
			_, err := send[int](e, "spring", &unknown{})
			require.ErrorIs(t, err, competition.ErrInternal)
			require.Equal(t, map[string]int64{"ann": 100 + i}, scores(t, e, "spring"))
		}
	})
}

func TestPanicsNeverTakeACompetitionOutOfService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), nil)
		create(t, e, running("spring"))
		stop := make(chan struct{})
		const callers, panics = 8, 50
		taken := make([]int64, callers)
		var wg sync.WaitGroup
		for c := range callers {
			wg.Go(func() {
				user := fmt.Sprintf("user-%d", c)
				for {
					select {
					case <-stop:
						return
					case <-time.After(5 * time.Millisecond):
					}
					reply, err := e.SubmitSync("spring", steps(user, taken[c]+1))
					switch {
					case errors.Is(err, errNoAnswer):
						t.Errorf("sync %d of %s was never answered", taken[c]+1, user)
					case err == nil && reply.Score != taken[c]+1:
						t.Errorf("sync %d of %s: %+v", taken[c]+1, user, reply)
					case err == nil:
						taken[c]++
					}
				}
			})
		}
		for range panics {
			_, err := send[int](e, "spring", &unknown{})
			require.ErrorIs(t, err, competition.ErrInternal)
		}
		close(stop)
		wg.Wait()
		want := map[string]int64{}
		for c := range callers {
			require.Greater(t, taken[c], int64(panics/10), "syncs go through between the panics")
			want[fmt.Sprintf("user-%d", c)] = taken[c]
		}
		got := scores(t, e, "spring")
		for user, score := range got {
			require.Contains(t, []int64{want[user], want[user] + 1}, score, "the last may have been taken without an answer")
		}
		require.Len(t, got, callers)
	})
}

func TestPanicWhileABatchIsWithTheWriterLosesNothing(t *testing.T) {
	for _, stored := range []bool{true, false} {
		t.Run(fmt.Sprintf("stored %v", stored), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore()
				e := startEngine(t, store, nil)
				create(t, e, running("spring"))
				submit(t, e, "spring", steps("ann", 1))

				g := newGate(nil, true)
				if !stored {
					g = newGate(competition.ErrUnavailable, false)
				}
				store.set(func() { store.beforeAppend = g.wait })
				sync := later(func() error { _, err := e.SubmitSync("spring", steps("ann", 2)); return err })
				synctest.Wait() // the batch is with the writer
				other := later(func() error { _, err := e.SubmitSync("spring", steps("bob", 3)); return err })
				synctest.Wait() // another is gathering
				_, err := send[int](e, "spring", &unknown{})
				require.ErrorIs(t, err, competition.ErrInternal)
				require.ErrorIs(t, <-sync, competition.ErrUnavailable, "it may be stored or not")
				store.set(func() { store.beforeAppend = nil })
				close(g.open)
				require.NoError(t, <-other, "it was not sent, and is decided again")

				want := map[string]int64{"ann": 1, "bob": 3}
				if stored {
					want["ann"] = 2
				}
				require.Equal(t, want, scores(t, e, "spring"), "recovery waits for the batch of the incarnation before")
				require.EqualValues(t, 4, submit(t, e, "spring", steps("bob", 4)).Score)
			})
		})
	}
}

func TestPanicWhileApplyingAnswersEverybodyWhoWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("spring"))
		store.set(func() {
			store.afterAppend = func(batches []*competition.Batch) {
				batches[0].Events[0].Seq += 7 // as a bug would, behind the store's back
				store.afterAppend = nil
			}
		})
		began := time.Now()
		_, err := e.SubmitSync("spring", steps("ann", 1))
		require.ErrorIs(t, err, competition.ErrUnavailable)
		require.Zero(t, time.Since(began), "nobody waits for a deadline")
		require.Equal(t, map[string]int64{"ann": 1}, scores(t, e, "spring"), "it was durable")
	})
}

func TestPanicInTheMiddleOfABatchAnswersItOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		enrolled := 0
		e := startEngine(t, store, func(o *Options) {
			o.newKey = func() competition.Key {
				if enrolled++; enrolled == 4 { // the creator is the first
					panic("no more keys")
				}
				return newKey()
			}
		})
		create(t, e, running("spring"))
		g := newGate(nil, true)
		store.set(func() { store.beforeAppend = g.wait })
		before := later(func() error { _, err := e.SubmitSync("spring", steps("ann", 1)); return err })
		synctest.Wait()

		// cleo's gathers, dan's panics.
		items := []competition.BatchItem{
			{CompetitionID: "spring", Sync: *steps("cleo", 2)},
			{CompetitionID: "spring", Sync: *steps("dan", 3)},
			{CompetitionID: "spring", Sync: *steps("eve", 4)},
		}
		_ = e.SubmitBatch(items, nil)
		for _, item := range items {
			require.ErrorIs(t, item.Err, competition.ErrInternal)
		}
		require.ErrorIs(t, <-before, competition.ErrUnavailable)
		store.set(func() { store.beforeAppend = nil })
		g.store = false
		close(g.open)

		// A second answer to the batch would now reach whoever has its envelope.
		var wg sync.WaitGroup
		for c := range 4 {
			wg.Go(func() {
				user := fmt.Sprint("user-", c)
				for i := range int64(20) {
					reply, err := e.SubmitSync("spring", steps(user, i+1))
					if err != nil || reply.Score != i+1 {
						t.Errorf("sync %d of %s: %+v, %v", i+1, user, reply, err)
					}
				}
			})
		}
		wg.Wait()
		require.Equal(t, map[string]int64{"user-0": 20, "user-1": 20, "user-2": 20, "user-3": 20}, scores(t, e, "spring"))
	})
}

func TestPanicWhileLeavingMemoryDoesNotKeepTheDoorShut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), nil)
		create(t, e, running("spring"))
		submit(t, e, "spring", steps("ann", 1))
		h := e.actors.registry.find("spring")
		require.True(t, h.closeIfIdle())
		v := e.envelopes.Get()
		v.Command = &unknown{}
		e.tell(h, v)
		synctest.Wait()
		require.Equal(t, map[string]int64{"ann": 1}, scores(t, e, "spring"), "the next activation serves")
	})
}
