package postgres

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/porttest"
	"github.com/paceboard/paceboard/persistence/testservers"
)

func TestAFrozenServerKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	const deadline, slack = 200 * time.Millisecond, 2 * time.Second // a busy machine, not a slow store
	server := testservers.Postgres(t)
	store := open(t, server.URL())
	c := newCrew(t, store, 2, "a", "b")
	for round := range 3 {
		_, err := c.round(t.Context())
		require.NoError(t, err)
		require.NoError(t, c.games[0].Save(t.Context()))
		server.Stop()
		within := func(what string, call func(context.Context) error) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			began := time.Now()
			require.ErrorIs(t, call(ctx), competition.ErrUnavailable, what)
			require.Less(t, time.Since(began), deadline+slack, what)
		}
		var refused []*porttest.Game
		within("Append", func(ctx context.Context) error {
			var err error
			refused, err = c.round(ctx)
			require.ErrorIs(t, err, errRefused)
			return competition.ErrUnavailable
		})
		nothing := func([]byte) error { return nil }
		within("Check", store.Check)
		within("Read", func(ctx context.Context) error { return store.Read(ctx, "a", 0, nothing) })
		within("Load", func(ctx context.Context) error {
			return store.Load(ctx, "a", nothing, func(competition.Row) error { return nil })
		})
		within("CatchUp", func(ctx context.Context) error { return c.games[0].C.CatchUp(ctx, store) })
		within("Save", func(ctx context.Context) error { return c.games[1].Save(ctx) })
		within("Find", func(ctx context.Context) error { _, err := store.Find(ctx, "a"); return err })
		within("List", func(ctx context.Context) error {
			return store.List(ctx, "", func(competition.Summary) bool { return true })
		})
		within("MembershipsOf", func(ctx context.Context) error { _, err := store.MembershipsOf(ctx, "creator", "", 1000); return err })
		within("Retain", func(ctx context.Context) error { _, err := store.Retain(ctx, time.Now(), 0); return err })
		server.Continue()
		c.catchUp(t, refused)
		eventually(t, fmt.Sprintf("the check after freeze %d", round), func() error { return store.Check(t.Context()) })
		require.NotZero(t, store.Latency())
	}
	c.verify(t, store)
}

func TestAKilledServerLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	const kills = 20
	server := testservers.Postgres(t)
	store := open(t, server.URL())
	c := newCrew(t, store, 3, "a", "b", "c")
	acked := 0
	for kill := range kills {
		going := make(chan struct{}) // closed when the load is under way
		stopped := make(chan []*porttest.Game)
		go func() {
			for n := 0; ; n++ {
				if n == 1+kill%5 {
					close(going)
				}
				refused, err := c.round(t.Context())
				if err != nil {
					if n < 1+kill%5 {
						close(going)
					}
					stopped <- refused
					return
				}
				acked += len(c.games)
			}
		}()
		<-going
		server.Kill()
		refused := <-stopped
		require.NotEmpty(t, refused)
		server.Restart(t)
		c.catchUp(t, refused) // It fails if the journal ends before what was acknowledged.
		for _, g := range c.games {
			if kill%4 == 3 {
				eventually(t, "saving", func() error { return g.Save(t.Context()) })
			}
		}
	}
	c.verify(t, store)
	t.Logf("%d kills, %d appends acknowledged", kills, acked)
}
