package cluster

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestConfirmAsksAfterEachReader: readers that come while the store is asked share the
// question after that one.
func TestConfirmAsksAfterEachReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTable()
		slow := &slowTable{table: s, takes: 100 * time.Millisecond}
		a, _ := join(t, slow, "a")
		synctest.Wait()
		began := time.Now()
		var readers sync.WaitGroup
		confirm := func(want error, after time.Duration) {
			readers.Go(func() {
				if err := a.Confirm(time.Now().Add(time.Minute)); want == nil && err != nil || want != nil && err == nil {
					t.Errorf("%v, not %v", err, want)
				}
				if took := time.Since(began); took != after {
					t.Errorf("an answer after %v, not %v", took, after)
				}
			})
			synctest.Wait()
		}
		confirm(nil, 100*time.Millisecond)
		pass(50 * time.Millisecond)
		for range 100 {
			confirm(nil, 200*time.Millisecond)
		}
		pass(75 * time.Millisecond)
		confirm(competition.ErrUnavailable, 300*time.Millisecond)
		buried, err := s.Bury(t.Context(), "a", s.nodes["a"].Beat)
		require.NoError(t, err)
		require.True(t, buried, "before it is asked for the last one, and before its next beat")
		readers.Wait()
		require.EqualValues(t, 3, a.State().Confirmations)
	})
}

func TestConfirmWaitsForTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, w := join(t, newTable(), "a")
		synctest.Wait()
		w.cut.Store(true)
		began := time.Now()
		require.True(t, a.Lease().Valid(), "which proves nothing here")
		require.ErrorIs(t, a.Confirm(began.Add(time.Second)), competition.ErrUnavailable)
		require.WithinDuration(t, began.Add(time.Second), time.Now(), confirmBackoff.Max)

		time.AfterFunc(time.Second, func() { w.cut.Store(false) })
		require.NoError(t, a.Confirm(time.Now().Add(time.Minute)))
		a.Close()
		require.ErrorIs(t, a.Confirm(time.Now().Add(time.Minute)), competition.ErrUnavailable)
		require.Less(t, time.Since(began), 10*time.Second)
	})
}

// slowTable is a table whose answer about a node shows it as it was when it was asked.
type slowTable struct {
	*table
	takes time.Duration
}

func (s *slowTable) Lives(ctx context.Context, id string) (bool, error) {
	lives, err := s.table.Lives(ctx, id)
	time.Sleep(s.takes) //nolint:forbidigo // in a bubble time only goes on by sleeping.
	return lives, err
}
