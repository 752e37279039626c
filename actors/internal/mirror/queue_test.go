package mirror

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
)

func TestQueue(t *testing.T) {
	pid := &actor.PID{}
	spring, summer := &Activation{ID: "spring"}, &Activation{ID: "summer"}
	ids := func(all []told) (ids []string) {
		for _, t := range all {
			ids = append(ids, t.ID)
		}
		return ids
	}
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.tell(spring, pid)
		<-time.After(time.Second)
		q.tell(summer, pid)
		q.tell(spring, pid)
		require.Equal(t, time.Second, q.lag(), "since it was told first")
		require.Equal(t, []string{"spring"}, ids(q.take(1)))
		require.Equal(t, []string{"summer"}, ids(q.take(16)), "each once")
		require.Empty(t, q.take(16))
		require.Len(t, q.wake, 1)

		q.tell(spring, pid) // while it is worked on
		q.done("spring", false)
		q.done("summer", true)
		require.Equal(t, []string{"spring", "summer"}, ids(q.take(16)))
		q.done("spring", false)
		q.done("summer", false)
		require.Zero(t, q.lag())
		require.Empty(t, q.all)
	})
}

func TestQueueTellsWhenTheMirrorLacksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		began := time.Now()
		q.await(t.Context(), "spring")
		require.Zero(t, time.Since(began), "nothing is lacking")
		q.tell(&Activation{ID: "spring"}, &actor.PID{})
		for range 2 {
			go func() {
				<-time.After(time.Minute)
				q.take(1)
				<-time.After(time.Minute)
				q.done("spring", false)
			}()
			q.await(t.Context(), "spring")
			require.Equal(t, 2*time.Minute, time.Since(began))
			began = time.Now()
			q.tell(&Activation{ID: "spring"}, &actor.PID{})
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		q.await(ctx, "spring")
		require.Equal(t, time.Second, time.Since(began))
	})
}
