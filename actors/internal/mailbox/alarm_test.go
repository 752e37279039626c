package mailbox

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// pass lets time pass, and all come to rest.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestAnAlarmEndsAWaitAtItsDeadline(t *testing.T) {
	for name, c := range map[string]struct {
		before []time.Duration // waits that were answered, each at once
		wait   time.Duration
	}{
		"the first":                           {nil, time.Second},
		"one whose deadline is there already": {nil, 0},
		"one whose deadline has passed":       {nil, -time.Second},
		"after one with a later deadline":     {[]time.Duration{time.Hour}, time.Second},
		"after one with an earlier deadline":  {[]time.Duration{time.Second}, time.Hour},
		"after many, as they come":            {[]time.Duration{5 * time.Second, 5 * time.Second, 5 * time.Second}, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rang := make(chan time.Time, 1)
				a := newAlarm(func() { rang <- time.Now() })
				for _, wait := range c.before {
					require.True(t, a.end(a.begin(time.Now().Add(wait))))
					pass(100 * time.Millisecond)
				}
				began := time.Now()
				at := a.begin(began.Add(c.wait))
				require.Equal(t, max(c.wait, 0), (<-rang).Sub(began))
				require.False(t, a.end(at), "too late")
				pass(2 * time.Hour)
				require.Empty(t, rang, "once is enough")
			})
		})
	}
}

func TestAnAlarmThatNobodyWaitsForIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAlarm(func() { t.Error("it rang") })
		for range 100 {
			require.True(t, a.end(a.begin(time.Now().Add(time.Second))))
			pass(300 * time.Millisecond)
		}
		pass(time.Hour)
	})
}

// Answers and deadlines meet: of each wait one of them comes about, whichever.
func TestAnAlarmAndAnAnswerAtTheSameTime(t *testing.T) {
	const waiters, waits = 8, 400
	var answered, late atomic.Int64
	var running sync.WaitGroup
	for i := range waiters {
		running.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(i)))
			for n := 0; n < waits; {
				done := make(chan struct{}, 2)
				for a := newAlarm(func() { done <- struct{}{} }); n < waits; {
					n++
					at := a.begin(time.Now().Add(time.Duration(rng.IntN(200)) * time.Microsecond))
					answer := time.AfterFunc(time.Duration(rng.IntN(200))*time.Microsecond, func() { done <- struct{}{} })
					<-done
					if !a.end(at) {
						late.Add(1)
						break // as an envelope: it is not used again
					}
					answered.Add(1)
					if answer.Stop() {
						t.Error("nobody answered and nobody was late")
					}
				}
			}
		})
	}
	running.Wait()
	require.EqualValues(t, waiters*waits, answered.Load()+late.Load())
	require.NotZero(t, answered.Load())
	require.NotZero(t, late.Load())
}
