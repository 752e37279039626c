package actors

import (
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestFanOutWakesEveryReaderAndNoneTooOften: whoever comes and goes meanwhile.
func TestFanOutWakesEveryReaderAndNoneTooOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var goroutines sync.WaitGroup
		var r fanOutRing
		random := rand.New(rand.NewPCG(5, 6))
		places := map[*competition.Subscription]int{}
		wakes := map[*competition.Subscription]chan struct{}{}
		join := func() {
			wake := make(chan struct{}, 1)
			s := competition.NewSubscription("c", "", wake)
			wakes[s], places[s] = wake, r.add(s)
		}
		leave := func() {
			for s, index := range places {
				delete(places, s)
				delete(wakes, s)
				if moved := r.remove(index); moved != nil {
					places[moved] = index
				}
				return
			}
		}
		for range 500 {
			join()
		}
		for range 50 {
			pass(fanOutEvery)
			waiting := maps.Clone(wakes)
			r.wakeAll(t.Context(), &goroutines)
			if random.IntN(2) == 0 {
				r.wakeAll(t.Context(), &goroutines) // again before the first is over
			}
			for range random.IntN(5) {
				leave()
				join()
			}
			synctest.Wait()
			collect := func() {
				for s, wake := range wakes {
					for len(wake) > 0 {
						<-wake
						delete(waiting, s)
					}
				}
			}
			collect()
			pass(fanOutEvery - time.Millisecond)
			for _, wake := range wakes {
				require.Empty(t, wake, "twice within fanOutEvery")
			}
			pass(fanOutEvery)
			collect()
			for s := range waiting {
				_, stayed := wakes[s]
				require.False(t, stayed, "everybody who stays is woken")
			}
			for s, place := range places {
				require.Same(t, s, r.places[place].subscription)
			}
			require.False(t, r.busy())
		}
		goroutines.Wait()
	})
}
