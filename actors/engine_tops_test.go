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
			timeout: 10 * time.Second, saw: func(*competition.Board) {},
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

func TestAReaderElsewhereWaitsUntilItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan struct{})
		readers := newTops(topsEnv{
			exchange: func(string, string, any, time.Time) (any, error) {
				<-answer
				return topReply{Top: &competition.Published{}}, nil
			},
			timeout: 10 * time.Second, saw: func(*competition.Board) {},
		})
		var first sync.WaitGroup
		first.Go(func() {
			_, err := readers.top("owner", "spring", operator, time.Now().Add(time.Hour))
			require.NoError(t, err)
		})
		synctest.Wait()
		for range 3 { // the timer of one is that of the next
			began := time.Now()
			_, err := readers.top("owner", "spring", operator, began.Add(time.Second))
			require.ErrorIs(t, err, errNoAnswer)
			require.Equal(t, time.Second, time.Since(began))
		}
		close(answer)
		first.Wait()
		readers.close()
	})
}

// A read elsewhere costs its fetch, and nothing of its own when it shares one.
func TestReadingATopElsewhereAllocatesLittle(t *testing.T) {
	var held any = topReply{Same: true}
	readers := newTops(topsEnv{
		exchange: func(string, string, any, time.Time) (any, error) { return held, nil },
		timeout:  time.Second, saw: func(*competition.Board) {},
	})
	deadline := time.Now().Add(time.Minute)
	read := func() { _, _ = readers.top("owner", "spring", operator, deadline) }
	require.LessOrEqual(t, testing.AllocsPerRun(1000, read), 4.0)
}
