package actors

import (
	"context"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/postgres"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// This file and engine_holds_test.go put the actors onto a real store: what a store
// promises is in the ports, and whether both sides read them alike shows here. The
// linter lets these two, and nothing else here, see a sibling.

// TestEngineAgreesWithTheModelOnPostgreSQL is TestEngineAgreesWithTheModel with
// fewer operations, each of which takes real commits.
func TestEngineAgreesWithTheModelOnPostgreSQL(t *testing.T) {
	t.Parallel() // with the other test of a database: both wait much
	enough := int64(2_500)
	if os.Getenv("SOAK") != "" {
		enough = 20_000
	}
	server := testservers.Postgres(t)
	ops := playModels(t, enough, func(t *testing.T) harnessStore {
		t.Helper()
		store, err := postgres.Open(t.Context(), postgres.Options{URL: server.NewDatabase(t, ""), Migrate: true})
		require.NoError(t, err)
		return &unreliable{Store: store, pipeline: store}
	})
	require.True(t, t.Failed() || ops >= enough, "only %d operations were held against the model", ops)
}

// unreliable is a store that fails when it is told to, as memoryStore does.
type unreliable struct {
	competition.Store
	pipeline competition.Pipeline // the same

	beforeAppend func(context.Context) (store bool, err error)
	before       func(ctx context.Context, call string) error
	closed       atomic.Bool
}

func (s *unreliable) failBy(beforeAppend func(context.Context) (bool, error), before func(context.Context, string) error) {
	s.beforeAppend, s.before = beforeAppend, before
}

func (s *unreliable) setClosed(closed bool) { s.closed.Store(closed) }

func (s *unreliable) bare() competition.Source { return withoutSnapshot{s} }

// withoutSnapshot is a store that has only journals to recover from.
type withoutSnapshot struct{ competition.Store }

func (withoutSnapshot) Load(context.Context, string, func([]byte) error, func(competition.Row) error) error {
	return nil
}

// call begins every method.
func (s *unreliable) call(ctx context.Context, name string) error {
	if s.closed.Load() {
		panic(name + " on a closed store")
	}
	return s.before(ctx, name)
}

func (s *unreliable) AppendNext(ctx context.Context, batches []*competition.Batch, answered func([]error)) {
	if s.closed.Load() {
		panic("AppendNext on a closed store")
	}
	store, refusal := s.beforeAppend(ctx)
	sent := batches
	if !store {
		sent = nil // to be answered in its turn all the same
	}
	s.pipeline.AppendNext(ctx, sent, func(errs []error) {
		if refusal != nil && errs == nil {
			errs = slices.Repeat([]error{refusal}, len(batches))
		}
		answered(errs)
	})
}

func (s *unreliable) Read(ctx context.Context, id string, after uint64, visit func([]byte) error) error {
	if err := s.call(ctx, "Read"); err != nil {
		return err
	}
	return s.Store.Read(ctx, id, after, visit)
}

func (s *unreliable) ReadIdentities(ctx context.Context, id string, visit func(competition.Identity) error) error {
	if err := s.call(ctx, "ReadIdentities"); err != nil {
		return err
	}
	return s.Store.ReadIdentities(ctx, id, visit)
}

func (s *unreliable) Save(ctx context.Context, snapshot *competition.Snapshot) error {
	if err := s.call(ctx, "Save"); err != nil {
		return err
	}
	return s.Store.Save(ctx, snapshot)
}

func (s *unreliable) Load(ctx context.Context, id string, header func([]byte) error, row func(competition.Row) error) error {
	if err := s.call(ctx, "Load"); err != nil {
		return err
	}
	return s.Store.Load(ctx, id, header, row)
}

func (s *unreliable) Find(ctx context.Context, id string) (competition.Summary, error) {
	if err := s.call(ctx, "Find"); err != nil {
		return competition.Summary{}, err
	}
	return s.Store.Find(ctx, id)
}

func (s *unreliable) List(ctx context.Context, after string, visit func(competition.Summary) bool) error {
	if err := s.call(ctx, "List"); err != nil {
		return err
	}
	return s.Store.List(ctx, after, visit)
}

func (s *unreliable) MembershipsOf(ctx context.Context, userID, after string, limit int) ([]competition.Membership, error) {
	if err := s.call(ctx, "MembershipsOf"); err != nil {
		return nil, err
	}
	return s.Store.MembershipsOf(ctx, userID, after, limit)
}

// TestAPromotedStandbyThatLacksTheTailIsNamed: nothing is asked of the board after the
// failover, and its subscriber gets it whole, under a new epoch, from a version above
// those that were shown.
func TestAPromotedStandbyThatLacksTheTailIsNamed(t *testing.T) {
	t.Parallel()
	primary := testservers.Postgres(t)
	standby := primary.Standby(t, "second")
	primary.Configure(t, "synchronous_standby_names", "second")
	proxy, throughURL := testservers.NewProxy(t, primary.URL())
	store, err := postgres.Open(t.Context(), postgres.Options{URL: throughURL, Migrate: true})
	require.NoError(t, err)
	e, err := New(Options{Store: store})
	require.NoError(t, err)
	defer func() {
		closeEngine(t, e)
		require.NoError(t, store.Close())
	}()
	create(t, e, running("spring"))
	submit(t, e, "spring", steps("ann", 1)) // which the standby has

	primary.Configure(t, "synchronous_standby_names", "")
	standby.Kill()
	submit(t, e, "spring", steps("ann", 2))
	submit(t, e, "spring", steps("bob", 30))
	viewer := watchAs(t, e, "spring", "vera")
	defer e.Unsubscribe(viewer.Subscription)
	shown := viewer.Latest()
	require.Equal(t, map[string]int64{"ann": 2, "bob": 30}, scores(t, e, "spring"))

	primary.Kill()
	standby.Restart(t)
	standby.Promote(t)
	proxy.Lead(t, standby.URL())
	for deadline := time.After(time.Minute); viewer.Latest().Epoch == shown.Epoch; {
		select {
		case <-viewer.wake:
		case <-deadline:
			t.Fatal("the loss was not found")
		}
	}
	require.Greater(t, viewer.Latest().Version, shown.Version)
	_, ok := viewer.Latest().Since(shown.Version, 10)
	require.False(t, ok)
	require.Equal(t, map[string]int64{"ann": 1}, scores(t, e, "spring"))
	require.Equal(t, []string{"spring"}, e.Health().LostEvents)
	submit(t, e, "spring", steps("bob", 30)) // again
	require.Equal(t, map[string]int64{"ann": 1, "bob": 30}, scores(t, e, "spring"))
}
