package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/porttest"
)

// crew plays several competitions against a store that fails, as their actors
// would: batches of all of them in one append, and whoever does not hear yes
// reads the journal before anything else. Every sync it decides has a number of
// steps that no other has, so that the journal tells what became of it.
type crew struct {
	store *Store
	games []*porttest.Game
	rng   *rand.Rand
	steps int64              // of the last sync
	acked map[string][]int64 // the steps of acknowledged syncs by competition
}

func newCrew(tb testing.TB, store *Store, seed uint64, ids ...string) *crew {
	tb.Helper()
	c := &crew{store: store, rng: rand.New(rand.NewPCG(seed, 1)), acked: map[string][]int64{}}
	for _, id := range ids {
		g, err := porttest.Begin(tb.Context(), store, id)
		require.NoError(tb, err)
		c.games = append(c.games, g)
	}
	return c
}

// errRefused is given when some batch was not acknowledged.
var errRefused = errors.New("an append was not acknowledged")

// round decides something in every competition and appends it. Who is refused
// must catch up.
func (c *crew) round(ctx context.Context) (refused []*porttest.Game, err error) {
	batches := make([]*competition.Batch, len(c.games))
	decided := make([][]int64, len(c.games))
	for i, g := range c.games {
		for range 1 + c.rng.IntN(3) {
			c.steps++
			user := fmt.Sprintf("user-%d", c.rng.Int64N(10+c.steps/20)) // now and then somebody new
			if err := g.Sync(user, 0, c.steps); err != nil {
				return nil, err
			}
			decided[i] = append(decided[i], c.steps)
		}
		batches[i] = g.Take()
	}
	errs := c.store.Append(ctx, batches)
	for i, g := range c.games {
		if len(errs) > i && errs[i] != nil {
			if !errors.Is(errs[i], competition.ErrUnavailable) {
				return nil, errs[i]
			}
			refused = append(refused, g)
			continue
		}
		if err := g.Confirm(batches[i]); err != nil {
			return nil, err
		}
		c.acked[g.C.ID()] = append(c.acked[g.C.ID()], decided[i]...)
	}
	if refused != nil {
		return refused, errRefused
	}
	return nil, nil
}

// catchUp reads the journal of those who were refused, as soon as it can be read.
func (c *crew) catchUp(tb testing.TB, refused []*porttest.Game) {
	tb.Helper()
	for _, g := range refused {
		eventually(tb, "catching up", func() error {
			ctx, cancel := context.WithTimeout(tb.Context(), 5*time.Second)
			defer cancel()
			err := g.C.CatchUp(ctx, c.store)
			if err != nil {
				require.ErrorIs(tb, err, competition.ErrUnavailable)
			}
			return err
		})
	}
}

// verify holds the journals against what was acknowledged: all of it is there,
// in order, nothing is there twice, and every state can be recovered.
func (c *crew) verify(tb testing.TB, store *Store) {
	tb.Helper()
	for _, g := range c.games {
		id := g.C.ID()
		stored := syncsOf(tb, store, id)
		at := map[int64]int{}
		for i, steps := range stored {
			_, twice := at[steps]
			require.False(tb, twice, "%s: the sync of %d steps is there twice", id, steps)
			at[steps] = i
		}
		before := -1
		for _, steps := range c.acked[id] {
			i, there := at[steps]
			require.True(tb, there, "%s: the sync of %d steps was acknowledged and is gone", id, steps)
			require.Greater(tb, i, before, "%s: acknowledged syncs changed places", id)
			before = i
		}
		porttest.RequireRecovers(tb, store, g)
	}
}

// syncsOf is the steps of the syncs in a journal.
func syncsOf(tb testing.TB, store competition.Journal, id string) (steps []int64) {
	tb.Helper()
	chain := competition.NewChain(id)
	for records := porttest.Records(tb, store, id, 0); len(records) > 0; {
		event, rest, err := chain.Next(records)
		require.NoError(tb, err)
		if event.Detail == nil {
			steps = append(steps, event.Sync.Register.Metrics.Steps)
		}
		records = rest
	}
	return steps
}
