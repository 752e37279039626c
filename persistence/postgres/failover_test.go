package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// watched has a store checked as the engine does it, until the test ends.
func watched(t *testing.T, store *Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_ = look(ctx, store)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
}

// look is one look of the engine's monitor.
func look(ctx context.Context, store *Store) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return store.Check(ctx)
}

// synchronous is a primary and its standby, without which it commits nothing.
func synchronous(t *testing.T) (primary, standby *testservers.Server) {
	t.Helper()
	primary = testservers.Postgres(t)
	standby = primary.Standby(t, "second")
	primary.Configure(t, "synchronous_standby_names", "second")
	return primary, standby
}

// TestAFailoverBehindOneAddress: the address is moved to the standby, which is
// promoted, and the old primary is left in each of the states in which it keeps
// its connections.
func TestAFailoverBehindOneAddress(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*testing.T, *testservers.Server){
		"frozen": func(_ *testing.T, old *testservers.Server) { old.Stop() },
		"dead":   func(_ *testing.T, old *testservers.Server) { old.Kill() },
		"read-only": func(t *testing.T, old *testservers.Server) {
			t.Helper()
			old.Configure(t, "default_transaction_read_only", "on")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			primary, standby := synchronous(t)
			proxy, throughURL := testservers.NewProxy(t, primary.URL())
			store := open(t, throughURL)
			c := newCrew(t, store, 11, "a", "b")
			for range 5 {
				_, err := c.round(t.Context())
				require.NoError(t, err)
			}
			c.catchUp(t, c.games) // connections of every kind
			watched(t, store)

			leave(t, primary)
			standby.Promote(t)
			proxy.Lead(t, standby.URL())
			moved := time.Now()
			var took time.Duration
			for {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				refused, err := c.round(ctx)
				cancel()
				if took = time.Since(moved); err == nil {
					break
				}
				require.ErrorIs(t, err, errRefused)
				require.Less(t, took, 20*time.Second)
				c.catchUp(t, refused)
			}
			t.Logf("acknowledged again after %v", took)
			require.Less(t, took, 10*time.Second) // of a busy machine; 2 s otherwise
			c.verify(t, store)
			c.verify(t, open(t, standby.URL()))
		})
	}
}

func TestAStandbyIsNoStore(t *testing.T) {
	t.Parallel()
	primary := testservers.Postgres(t)
	open(t, primary.URL())
	standby := primary.Standby(t, "second")
	proxy, throughURL := testservers.NewProxy(t, standby.URL())
	_, err := Open(t.Context(), Options{URL: throughURL})
	require.ErrorIs(t, err, ErrSettings)
	require.ErrorContains(t, err, "it is a standby")

	proxy.Lead(t, primary.URL())
	store := open(t, throughURL)
	require.NoError(t, look(t.Context(), store))
	primary.Kill()
	proxy.Lead(t, standby.URL())
	eventually(t, "finding out", func() error {
		if err := look(t.Context(), store); err == nil {
			t.Fatal("a standby was taken for the store")
		} else if !isStandby(err) {
			return err
		}
		return nil
	})
	standby.Promote(t)
	eventually(t, "the store", func() error { return look(t.Context(), store) })
}

func isStandby(err error) bool {
	return errors.Is(err, competition.ErrUnavailable) && errors.Is(err, ErrSettings) && strings.Contains(err.Error(), "it is a standby")
}

// TestACommitThatDidNotWaitIsNotAcknowledged: while the synchronous standby is
// away, an append is refused, what it left cannot be read, and after a failover all
// that was acknowledged is there.
func TestACommitThatDidNotWaitIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	primary, standby := synchronous(t)
	proxy, throughURL := testservers.NewProxy(t, primary.URL())
	store := open(t, throughURL)
	c := newCrew(t, store, 12, "a", "b")
	_, err := c.round(t.Context())
	require.NoError(t, err)
	require.NoError(t, look(t.Context(), store))

	short := func() (context.Context, context.CancelFunc) {
		return context.WithTimeout(t.Context(), 500*time.Millisecond)
	}
	standby.Kill()
	for range 2 {
		ctx, cancel := short()
		refused, err := c.round(ctx)
		cancel()
		require.ErrorIs(t, err, errRefused)
		for _, g := range refused { // a client tries again, and its competition is read
			ctx, cancel := short()
			require.ErrorIs(t, g.C.CatchUp(ctx, store), competition.ErrUnavailable, "what is not durable was read")
			cancel()
		}
	}
	store.outcomes = outcomes{}
	require.ErrorIs(t, look(t.Context(), store), competition.ErrUnavailable, "ready without the standby")

	primary.Kill()
	standby.Restart(t)
	standby.Promote(t)
	proxy.Lead(t, standby.URL())
	c.catchUp(t, c.games)
	_, err = c.round(t.Context())
	require.NoError(t, err)
	c.verify(t, open(t, standby.URL()))
}

// TestAWaitForTheStandbyThatIsCancelled: the server says that all went well, and
// warns. Neither an append, over the pipeline or alone, nor anything else may
// take that for a yes.
func TestAWaitForTheStandbyThatIsCancelled(t *testing.T) {
	t.Parallel()
	primary, standby := synchronous(t)
	store := open(t, primary.URL())
	c := newCrew(t, store, 13, "a")
	g := c.games[0]
	key := func(ctx context.Context, id string) error {
		return store.PutAPIKey(ctx, competition.APIKey{ID: id, Name: id, CreatedBy: competition.Subject{Kind: competition.UserSubject, ID: "u"}})
	}
	appendOne := func(ctx context.Context, what func() error) error {
		require.NoError(t, what())
		if errs := store.Append(ctx, []*competition.Batch{g.Take()}); errs != nil {
			return errs[0]
		}
		return nil
	}
	require.NoError(t, key(t.Context(), "first"))
	for name, write := range map[string]func(context.Context) error{
		"over the pipeline": func(ctx context.Context) error {
			c.steps++
			return appendOne(ctx, func() error { return g.Sync("user-1", 0, c.steps) })
		},
		"alone": func(ctx context.Context) error {
			c.steps++
			return appendOne(ctx, func() error { return g.Sync(fmt.Sprintf("new-%d", c.steps), 0, c.steps) })
		},
		"a statement":   func(ctx context.Context) error { return key(ctx, "second") },
		"a transaction": func(ctx context.Context) error { return g.Save(ctx) },
	} {
		for how, end := range map[string]string{"cancelled": "pg_cancel_backend", "terminated": "pg_terminate_backend"} {
			_, err := c.round(t.Context())
			require.NoError(t, err)
			standby.Kill()
			outcome := make(chan error, 1)
			go func() { outcome <- write(t.Context()) }()
			primary.Await(t, `SELECT count(`+end+`(pid)) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
			require.ErrorIs(t, <-outcome, competition.ErrUnavailable, "%s, %s", name, how)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			if name == "over the pipeline" || name == "alone" {
				require.ErrorIs(t, g.C.CatchUp(ctx, store), competition.ErrUnavailable)
			}
			cancel()
			standby.Restart(t)
			c.catchUp(t, c.games)
		}
	}
	c.verify(t, store)
}
