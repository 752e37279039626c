package worker_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/internal/worker"
)

func TestLoop(t *testing.T) {
	t.Run("ends when it is stopped, and Stop waits", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ended := false
			l := worker.Start(t.Context(), func(ctx context.Context) {
				<-ctx.Done()
				<-time.After(time.Hour) // it has something to finish
				ended = true
			})
			l.Stop()
			require.True(t, ended)
			l.Stop()
			<-l.Done()
		})
	})
	t.Run("ends with its parent", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			l := worker.Start(ctx, func(ctx context.Context) { <-ctx.Done() })
			cancel()
			<-l.Done()
		})
	})
	t.Run("may return by itself", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := worker.Start(t.Context(), func(context.Context) {})
			<-l.Done()
			l.Stop()
		})
	})
	for _, slow := range []bool{false, true} {
		t.Run(map[bool]string{false: "is not cut short within the limit", true: "is cut short past the limit"}[slow], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls, cut := context.WithCancel(t.Context())
				defer cut()
				l := worker.Start(t.Context(), func(ctx context.Context) {
					<-ctx.Done()
					if slow {
						<-calls.Done()
					} else {
						worker.Pause(calls, time.Second/2)
					}
				})
				began := time.Now()
				l.StopWithin(time.Second, cut)
				require.Equal(t, slow, time.Since(began) == time.Second)
				require.Equal(t, slow, calls.Err() != nil)
			})
		})
	}
}

func TestEvery(t *testing.T) {
	tests := []struct {
		name string
		i    worker.Interval
		want []time.Duration
	}{
		{"waits before the first time, too", worker.Interval{Then: time.Minute}, []time.Duration{60, 121, 182}},
		{"begins with a first interval of its own", worker.Interval{First: time.Second, Then: time.Minute}, []time.Duration{1, 62, 123, 184}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				var at []time.Duration
				l := worker.Every(t.Context(), test.i, func(context.Context) {
					at = append(at, time.Since(began)/time.Second)
					<-time.After(time.Second) // counts from its end
				})
				<-time.After(200 * time.Second)
				l.Stop()
				require.Equal(t, test.want, at)
			})
		})
	}
	t.Run("is shortened by chance, down to the jitter", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			last, seen := time.Now(), map[time.Duration]bool{}
			l := worker.Every(t.Context(), worker.Interval{Then: time.Minute, Jitter: .2}, func(context.Context) {
				took := time.Since(last)
				last = time.Now()
				if took < 48*time.Second || took > time.Minute {
					t.Error(took)
				}
				seen[took] = true
			})
			<-time.After(time.Hour)
			l.Stop()
			require.Greater(t, len(seen), 50)
		})
	})
	t.Run("ends what is being done when it is stopped", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := worker.Every(t.Context(), worker.Interval{Then: time.Second}, func(ctx context.Context) { <-ctx.Done() })
			<-time.After(time.Minute)
			l.Stop()
		})
	})
}

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		began := time.Now()
		require.True(t, worker.Pause(ctx, time.Minute))
		require.Equal(t, time.Minute, time.Since(began))
		require.False(t, worker.Pause(ctx, time.Minute))
		require.Equal(t, 90*time.Second, time.Since(began))
		require.False(t, worker.Pause(ctx, 0))
	})
}

func TestSignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := worker.NewSignal()
		began := time.Now()
		s.Set()
		s.Set()
		s.Wait(t.Context(), time.Hour)
		require.Zero(t, time.Since(began), "set before, it does not wait")
		s.Wait(t.Context(), time.Hour)
		require.Equal(t, time.Hour, time.Since(began), "set twice, it wakes once")
		time.AfterFunc(time.Minute, s.Set)
		s.Wait(t.Context(), time.Hour)
		require.Equal(t, time.Hour+time.Minute, time.Since(began))
	})
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, queue, done := worker.NewSignal(), make(chan int, 10), []int(nil) // what is queued orders the uses of done
		l := worker.Start(t.Context(), func(ctx context.Context) {
			s.Drain(ctx, func() bool {
				select {
				case n := <-queue:
					<-time.After(time.Second)
					done = append(done, n)
					return true
				default:
					return false
				}
			})
		})
		synctest.Wait()
		queue <- 1
		queue <- 2
		s.Set()
		<-time.After(time.Minute)
		synctest.Wait()
		require.Equal(t, []int{1, 2}, done)
		for n := 3; n < 6; n++ {
			queue <- n
		}
		l.Stop()
		require.Equal(t, []int{1, 2, 3, 4, 5}, done, "what was given before the stop is done, woken or not")
	})
}

func TestBackoff(t *testing.T) {
	plain := worker.Backoff{First: 50 * time.Millisecond, Max: 2 * time.Second}
	for failures, want := range map[int]time.Duration{
		0: 50 * time.Millisecond, 1: 50 * time.Millisecond, 2: 100 * time.Millisecond, 6: 1600 * time.Millisecond, 7: 2 * time.Second, 1_000_000: 2 * time.Second,
	} {
		require.Equal(t, want, plain.After(failures), "%d failures", failures)
	}
	require.Equal(t, time.Second, worker.Backoff{First: time.Minute, Max: time.Second}.After(1), "never over the longest")
	jittered := worker.Backoff{First: time.Second, Max: time.Hour, Jitter: .5}
	for failures, whole := range map[int]time.Duration{1: time.Second, 5: 16 * time.Second, 100: time.Hour} {
		seen := map[time.Duration]bool{}
		for range 50 {
			pause := jittered.After(failures)
			require.GreaterOrEqual(t, pause, whole/2)
			require.LessOrEqual(t, pause, whole)
			seen[pause] = true
		}
		require.Greater(t, len(seen), 10, "%d failures", failures)
	}
}
