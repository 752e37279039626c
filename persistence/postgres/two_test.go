package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/persistence/porttest"
)

func TestTwoStoresNeverShareASeq(t *testing.T) {
	t.Parallel()
	const schedules = 100
	databaseURL := newDatabase(t)
	stores := [2]*Store{open(t, databaseURL), open(t, databaseURL)}
	conflicts, torn := 0, 0
	for schedule := range schedules {
		id := fmt.Sprintf("board-%d", schedule)
		g, err := porttest.Begin(t.Context(), stores[0], id)
		require.NoError(t, err)
		require.NoError(t, stores[0].Release(t.Context(), id, g.Epoch))
		var rivals [2]*rival
		var running sync.WaitGroup
		for i := range rivals {
			rivals[i] = &rival{store: stores[i], number: i, id: id, rng: rand.New(rand.NewPCG(uint64(schedule), uint64(i))), steps: int64(1000 * i)}
			running.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // others share the disk
				defer cancel()
				rivals[i].err = rivals[i].play(ctx)
			})
		}
		running.Wait()
		stored := map[int64]bool{}
		for _, steps := range syncsOf(t, stores[0], id) { // It follows the chain: every seq is there, once.
			require.False(t, stored[steps], "the sync of %d steps is there twice", steps)
			stored[steps] = true
		}
		for _, r := range rivals {
			require.NoError(t, errors.Join(rivals[0].err, rivals[1].err))
			for _, steps := range r.acked {
				require.True(t, stored[steps], "the sync of %d steps was acknowledged and is gone", steps)
				delete(stored, steps)
			}
			conflicts += r.conflicts
			torn += r.torn
		}
		require.Empty(t, stored, "syncs that nobody was told of")
		g, err = porttest.Resume(t.Context(), stores[schedule%2], id)
		require.NoError(t, err)
		porttest.RequireRecovers(t, stores[0], g)
	}
	require.NotZero(t, conflicts, "they never met")
	require.Zero(t, torn, "a recovery met an append of the other one half-way")
	t.Logf("%d conflicts", conflicts)
}

// rival is one of two processes that take a competition for theirs, in turns. One that
// has given it up may go on as if it had not.
type rival struct {
	store  *Store
	number int
	id     string
	rng    *rand.Rand
	steps  int64 // of the last sync; no other sync has as many
	acked  []int64

	conflicts, torn int
	err             error
}

// play appends a few batches and reads what the other one wrote whenever it is
// refused.
func (r *rival) play(ctx context.Context) error {
	g, err := r.recover(ctx)
	if err != nil {
		return err
	}
	for range 6 {
		var decided []int64
		for range 1 + r.rng.IntN(2) {
			r.steps++
			g.Now = max(g.Now, porttest.Start+1000*calendar.Millis(r.steps)) // or the report would say nothing new
			if err := g.Sync(fmt.Sprintf("user-%d-%d", r.number, r.rng.IntN(20)), -r.rng.IntN(2), r.steps); err != nil {
				return err
			}
			decided = append(decided, r.steps)
		}
		switch err := g.Commit(ctx); {
		case err == nil:
			r.acked = append(r.acked, decided...)
		case errors.Is(err, competition.ErrNotOwner), errors.Is(err, competition.ErrUnavailable): // or the other one is claiming it
			r.conflicts++
			if g, err = r.recover(ctx); err != nil {
				return err
			}
		default:
			return err
		}
		if r.rng.IntN(2) == 0 {
			if err := r.release(ctx, g.Epoch); err != nil {
				return err
			}
		}
	}
	return r.release(ctx, g.Epoch)
}

// release gives the competition up, for as long as the disk takes.
func (r *rival) release(ctx context.Context, epoch uint64) (err error) {
	for {
		if err = r.store.Release(ctx, r.id, epoch); !errors.Is(err, competition.ErrUnavailable) || ctx.Err() != nil {
			return err
		}
	}
}

// recover takes the competition as soon as it can be had, and reads everything again.
// Snapshot, identities and journal are three readings, which fit each other because the
// other one cannot append between them.
func (r *rival) recover(ctx context.Context) (g *porttest.Game, err error) {
	for {
		g, err = porttest.Resume(ctx, r.store, r.id)
		if errors.Is(err, competition.ErrCorrupt) {
			r.torn++
		}
		refused := errors.Is(err, competition.ErrNotOwner) || errors.Is(err, competition.ErrUnavailable) // the row may be locked for long
		if !refused || ctx.Err() != nil {
			return g, err
		}
	}
}
