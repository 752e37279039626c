package actors

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// compete runs f for 0 to n-1 at once, and counts those that succeed; the others must
// be refused for the quota.
func compete(t *testing.T, n int, f func(i int) error) int {
	t.Helper()
	var succeeded atomic.Int64
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if errs[i] = f(i); errs[i] == nil {
				succeeded.Add(1)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			require.ErrorIs(t, err, competition.ErrTooManyCompetitions)
		}
	}
	return int(succeeded.Load())
}

// setUp creates a competition by an operator, whom no quota concerns.
func setUp(t *testing.T, e *Engine, d competition.Definition) {
	t.Helper()
	_, _, err := e.Create(&competition.CreateCompetition{Caller: operator, Definition: d})
	require.NoError(t, err)
}

func TestQuotasAreExactWhateverRaces(t *testing.T) {
	const competitions = 30
	ann := competition.Caller{UserID: "ann"}
	id := func(i int) string { return fmt.Sprintf("c%02d", i) }
	for _, c := range []struct {
		name string
		try  func(e *Engine, i int) error
	}{
		{"joining", func(e *Engine, i int) error { _, err := e.Join(id(i), join("ann")); return err }},
		{"first syncs", func(e *Engine, i int) error { _, err := e.SubmitSync(id(i), steps("ann", 5)); return err }},
		{"batches", func(e *Engine, i int) error {
			items := []competition.BatchItem{{CompetitionID: id(i), Sync: *steps("ann", 7)}}
			_ = e.SubmitBatch(items, nil)
			return items[0].Err
		}},
		{"creating", func(e *Engine, i int) error {
			_, _, err := e.Create(&competition.CreateCompetition{Caller: ann, Definition: running(fmt.Sprintf("n%d", i))})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore()
				e := startEngine(t, store, func(o *Options) { o.MaxJoined, o.MaxCreated = 7, 7 })
				for i := range competitions {
					setUp(t, e, running(id(i)))
				}
				require.Equal(t, 7, compete(t, competitions, func(i int) error { return c.try(e, i) }))
				ties, err := store.OpenTies(t.Context(), "ann")
				require.NoError(t, err)
				require.Len(t, ties, 7)
			})
		})
	}
}

func TestQuotasCountWhatIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), func(o *Options) { o.MaxJoined, o.MaxCreated = 2, 1 })
		ann := competition.Caller{UserID: "ann"}
		setUp(t, e, running("a"))
		setUp(t, e, running("b"))
		setUp(t, e, running("c"))
		setUp(t, e, lasting("short", -time.Hour, time.Hour))
		for _, id := range []string{"a", "short"} {
			submit(t, e, id, steps("ann", 1))
		}
		_, err := e.Join("b", join("ann"))
		require.ErrorIs(t, err, competition.ErrTooManyCompetitions)
		submit(t, e, "a", steps("ann", 2)) // who takes part already goes on

		items := []competition.BatchItem{{CompetitionID: "b", Sync: *steps("ann", 3)}, {CompetitionID: "a", Sync: *steps("ann", 3)}}
		_ = e.SubmitBatch(items, nil)
		require.ErrorIs(t, items[0].Err, competition.ErrTooManyCompetitions)
		require.NoError(t, items[1].Err)

		trusted := steps("ann", 4)
		trusted.Trusted = true
		submit(t, e, "c", trusted) // an operator may
		_, err = e.Join("b", join("ann"))
		require.ErrorIs(t, err, competition.ErrTooManyCompetitions, "what an operator did counts")

		require.NoError(t, obey(e, "a", &competition.LeaveCompetition{Caller: ann, UserID: "ann"}))
		pass(3 * time.Hour) // short is over
		_, err = e.Join("b", join("ann"))
		require.NoError(t, err)
		_, err = e.Join("a", join("ann"))
		require.ErrorIs(t, err, competition.ErrTooManyCompetitions, "coming back is joining")

		made := &competition.CreateCompetition{Caller: ann, Definition: lasting("mine", time.Hour, 9*time.Hour)}
		for _, fresh := range []bool{true, false} {
			_, created, err := e.Create(made)
			require.NoError(t, err)
			require.Equal(t, fresh, created, "the same again is not another one")
		}
		another := &competition.CreateCompetition{Caller: ann, Definition: lasting("another", time.Hour, 9*time.Hour)}
		_, _, err = e.Create(another)
		require.ErrorIs(t, err, competition.ErrTooManyCompetitions)
		_, err = e.Run("mine", &competition.CancelCompetition{Caller: ann})
		require.NoError(t, err)
		_, _, err = e.Create(another)
		require.NoError(t, err)
	})
}
