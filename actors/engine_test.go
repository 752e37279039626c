package actors

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

func TestSyncIsAnsweredWithItsPlaceAndReadBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
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
	})
}

func TestManyCallersAtOnceAreAllCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), nil)
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
		page, err := e.Page("spring", competition.Caller{}, 0, 100, nil)
		require.NoError(t, err)
		require.Len(t, page.Entries, callers)
		for _, entry := range page.Entries {
			require.EqualValues(t, each, entry.Score)
		}
	})
}

func TestBatchesFormWhileOneIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("spring"))
		before := len(store.journals["spring"])
		g := newGate(nil, true)
		store.set(func() { store.beforeAppend = g.wait })
		answers := firstSyncs(e, "spring", 20)
		close(g.open)
		for _, answer := range answers {
			require.NoError(t, <-answer)
		}
		require.Len(t, store.journals["spring"], before+2, "the first alone, the others together")
	})
}
