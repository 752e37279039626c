package actors

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// Rule R2: a reader is answered by a fetch that began after the reader came, and readers
// share the next one.
func TestReadersElsewhereShareTheNextFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fetches atomic.Int64
		readers := newTops(topsEnv{
			exchange: func(string, string, any, time.Time) (any, error) {
				n := fetches.Add(1)     // the board as it is when the owner is asked
				time.Sleep(time.Second) //nolint:forbidigo // in the bubble's time
				return topReply{Top: &competition.Published{Board: competition.Board{Version: uint64(n)}}}, nil
			},
			saw: func(*competition.Board) {},
		})
		var reading sync.WaitGroup
		versions := make([]uint64, 12)
		for i := range versions {
			time.Sleep(310 * time.Millisecond) //nolint:forbidigo // in the bubble's time
			came := fetches.Load()
			reading.Go(func() {
				top, err := readers.top("owner", "spring", operator, time.Now().Add(5*time.Second))
				require.NoError(t, err)
				require.Equal(t, uint64(came+1), top.Version, "the first fetch after the reader came, not the one under way")
				versions[i] = top.Version
			})
		}
		reading.Wait()
		readers.close()
		require.Equal(t, []uint64{1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5}, versions)
		require.EqualValues(t, 5, fetches.Load())
	})
}

// Readers who come back together are not answered by two fetches, one for each half of them.
func TestManyReadersElsewhereAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fetches atomic.Int64
		readers := newTops(topsEnv{
			exchange: func(string, string, any, time.Time) (any, error) {
				fetches.Add(1)
				time.Sleep(time.Second) //nolint:forbidigo // in the bubble's time
				return topReply{Top: &competition.Published{}}, nil
			},
			saw: func(*competition.Board) {},
		})
		var reading sync.WaitGroup
		read := func() {
			reading.Go(func() {
				_, err := readers.top("owner", "spring", operator, time.Now().Add(10*time.Second))
				require.NoError(t, err)
			})
		}
		for range manyReaders + 1 { // one begins, the others share the next
			read()
		}
		time.Sleep(1500 * time.Millisecond)            //nolint:forbidigo // in the bubble's time
		read()                                         // has the next one begin after theirs has ended
		time.Sleep(500*time.Millisecond + manyPause/2) //nolint:forbidigo // in the bubble's time
		require.EqualValues(t, 2, fetches.Load(), "the third waits a moment")
		read()
		reading.Wait()
		require.EqualValues(t, 3, fetches.Load(), "who came in that moment shares it")
		readers.close()
	})
}

func TestAReaderElsewhereWaitsUntilItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		readers := newTops(topsEnv{
			exchange: func(_, _ string, _ any, deadline time.Time) (any, error) { // nobody answers
				time.Sleep(time.Until(deadline)) //nolint:forbidigo // in the bubble's time
				return nil, errNoAnswer
			},
			saw: func(*competition.Board) {},
		})
		var reading sync.WaitGroup
		for range 5 {
			reading.Go(func() {
				began := time.Now()
				_, err := readers.top("owner", "spring", operator, began.Add(5*time.Second))
				require.ErrorIs(t, err, errNoAnswer)
				require.LessOrEqual(t, time.Since(began), 5*time.Second, "though it waited for another fetch first")
			})
			time.Sleep(700 * time.Millisecond) //nolint:forbidigo // in the bubble's time
		}
		reading.Wait()
		readers.close()
	})
}

// A read elsewhere costs its fetch, and nothing of its own when it shares one.
func TestReadingATopElsewhereAllocatesLittle(t *testing.T) {
	var held any = topReply{Same: true}
	readers := newTops(topsEnv{
		exchange: func(string, string, any, time.Time) (any, error) { return held, nil },
		saw:      func(*competition.Board) {},
	})
	deadline := time.Now().Add(time.Minute)
	read := func() { _, _ = readers.top("owner", "spring", operator, deadline) }
	require.LessOrEqual(t, testing.AllocsPerRun(1000, read), 4.0)
}
