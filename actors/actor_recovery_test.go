package actors

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestRecoveryBesideRetention: while a competition is read, a newer snapshot is stored and
// the records before it are removed. That is no damage.
func TestRecoveryBesideRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("spring"))
		for n := range int64(5) {
			submit(t, e, "spring", steps("ann", n+1))
			submit(t, e, "spring", steps("bob", 10*(n+1)))
		}
		want := scores(t, e, "spring")
		closeEngine(t, e)
		store.forget("Save")

		var removed int64
		store.failBy(nil, func(ctx context.Context, call string) error {
			if call != "Read" || removed > 0 {
				return nil
			}
			core, err := competition.Recover(ctx, "spring", store.stored, newKey, nil)
			require.NoError(t, err)
			snapshot := core.Snapshot()
			require.NoError(t, store.stored.Save(ctx, &snapshot))
			removed, err = store.stored.(interface {
				Retain(ctx context.Context, olderThan time.Time, step int) (int64, error)
			}).Retain(ctx, time.Now().Add(time.Hour), 0)
			require.NoError(t, err)
			require.Positive(t, removed)
			return nil
		})
		e = startEngine(t, store, nil)
		require.Equal(t, want, scores(t, e, "spring"))
		require.Positive(t, removed)
		submit(t, e, "spring", steps("ann", 1000))
		require.Equal(t, int64(1000), scores(t, e, "spring")["ann"])
	})
}
