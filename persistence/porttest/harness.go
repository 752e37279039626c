package porttest

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// Backend is an implementation under test.
type Backend struct {
	// Open returns a store that holds nothing. The suite closes it.
	Open func(t *testing.T) competition.Store

	// Reopen closes a store and opens what it left behind.
	Reopen func(t *testing.T, old competition.Store) competition.Store

	// Nodes opens stores, and registers them, for so many nodes of a cluster; all nodes
	// of a test share what they store. The test closes them. Nil: two processes cannot
	// open the store.
	Nodes func(t *testing.T, n int) []NodeStore

	// Pipeline says that the store is a competition.Pipeline.
	Pipeline bool

	// Drop and Alter damage the stored record with a seq, behind the back of the
	// store, which stays open: it goes missing, or a byte of it changes. Records
	// stored in the same batch may be hit as well. Nil skips the tests of damage.
	Drop, Alter func(t *testing.T, store competition.Store, id string, seq uint64)
}

// NodeStore is a store as one node of a cluster has it.
type NodeStore interface {
	competition.Store
	competition.Nodes
	competition.Holds
	Node() string // its id
}

// rule is a sentence of the ports and its test.
type rule struct {
	name string
	test func(t *testing.T, h *harness)
}

// harness is what a rule has to work with.
type harness struct {
	Backend
	store competition.Store
}

// reopen closes the store and opens what it left.
func (h *harness) reopen(t *testing.T) {
	t.Helper()
	h.store = h.Reopen(t, h.store)
}

// begin is a game under way.
func (h *harness) begin(t *testing.T, id string) *Game {
	t.Helper()
	return must(Begin(t.Context(), h.store, id))(t)
}

// commit stores what a game decided and returns a copy of its records.
func commit(t *testing.T, g *Game) []byte {
	t.Helper()
	batch := g.Take()
	require.False(t, batch.Empty(), "the test should have decided something")
	require.Nil(t, g.Store.Append(t.Context(), []*competition.Batch{batch}))
	require.NoError(t, g.Confirm(batch))
	return batch.Records
}

func gone(n byte, userID string) competition.Erasure {
	return competition.Erasure{UserID: userID, Pseudonym: competition.NewPseudonym([16]byte{n})}
}

// must is what a call returns that has to succeed.
func must[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		require.NoError(t, err)
		return value
	}
}

// gather is what a list visits, limit of it at most.
func gather[T any](t *testing.T, limit int, list func(visit func(T) bool) error) (all []T) {
	t.Helper()
	require.NoError(t, list(func(each T) bool {
		all = append(all, each)
		return len(all) < limit
	}))
	return all
}

// race makes n calls at once, and returns how many succeeded; the others must be
// refused with an error.
func race(t *testing.T, n int, refusal error, call func(i int) error) (taken int) {
	t.Helper()
	var all sync.WaitGroup
	errs := make([]error, n)
	for i := range errs {
		all.Go(func() { errs[i] = call(i) })
	}
	all.Wait()
	for _, err := range errs {
		if err == nil {
			taken++
			continue
		}
		require.ErrorIs(t, err, refusal)
	}
	return taken
}

// resume is the game that is recovered from what is stored.
func (h *harness) resume(t *testing.T, id string) *Game {
	t.Helper()
	return must(Resume(t.Context(), h.store, id))(t)
}

// twin is a game that is recovered from what is stored, under the claim of another one.
func (h *harness) twin(t *testing.T, g *Game) *Game {
	t.Helper()
	return must(g.Twin(t.Context()))(t)
}

// snapshot saves a snapshot of what is applied, and returns it.
func (h *harness) snapshot(t *testing.T, g *Game) *competition.Snapshot {
	t.Helper()
	s := g.Snapshot()
	require.NoError(t, h.store.Save(t.Context(), &s))
	return &s
}

// syncs decides a report of the same steps on the day of Start by each user.
func syncs(t *testing.T, g *Game, steps int64, users ...string) {
	t.Helper()
	for _, user := range users {
		require.NoError(t, g.Sync(user, 0, steps))
	}
}

// audited requires that nothing is wrong with a competition and its ledger.
func audited(t *testing.T, h *harness, id string) *competition.Audited {
	t.Helper()
	a := must(competition.Audit(t.Context(), id, 1, h.store, func(int) {}))(t)
	require.NoError(t, a.Compare(t.Context(), h.store))
	require.Empty(t, a.Findings)
	return a
}
