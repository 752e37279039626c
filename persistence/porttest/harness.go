package porttest

import (
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

	// Pipeline says that the store is a competition.Pipeline.
	Pipeline bool

	// Drop and Alter damage the stored record with a seq, behind the back of the
	// store, which stays open: it goes missing, or a byte of it changes. Records
	// stored in the same batch may be hit as well. Nil skips the tests of damage.
	Drop, Alter func(t *testing.T, store competition.Store, id string, seq uint64)
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
	g, err := Begin(t.Context(), h.store, id)
	require.NoError(t, err)
	return g
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
