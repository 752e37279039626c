package embedded

import (
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/persistence/porttest"
)

const halfDay = calendar.Millis(12 * 60 * 60 * 1000)

// playHalfDays is a game that begins with three events in two batches and then
// has five syncs, each a batch, on each of so many half-days.
func playHalfDays(t *testing.T, store *Store, id string, halfDays int) *porttest.Game {
	t.Helper()
	g, err := porttest.Begin(t.Context(), store, id)
	require.NoError(t, err)
	require.NoError(t, g.Join("anna", "Anna"))
	require.NoError(t, g.Commit(t.Context()))
	for i := range halfDays {
		g.Now = porttest.Start + calendar.Millis(i)*halfDay
		for j := range 5 {
			require.NoError(t, g.Sync("anna", 0, int64(10*i+j+1)))
			require.NoError(t, g.Commit(t.Context()))
		}
	}
	return g
}

func TestRetentionKeepsWhatRecoveryNeeds(t *testing.T) {
	disk := vfs.NewMem()
	store := open(t, small(onMemory(disk)))
	none := playHalfDays(t, store, "none", 4)
	some := playHalfDays(t, store, "some", 4)
	require.NoError(t, some.Save(t.Context()))
	whole := playHalfDays(t, store, "whole", 1)
	require.NoError(t, whole.Save(t.Context()))
	require.EqualValues(t, 3+4*5, some.C.Seq())
	for i := range 4 {
		some.Now += halfDay
		require.NoError(t, some.Sync("anna", 0, int64(1000+i)))
		require.NoError(t, some.Commit(t.Context()))
	}
	cut := (porttest.Start + 2*halfDay).Time() // the first two half-days are older

	would := map[string]uint64{}
	require.NoError(t, store.Retainable(t.Context(), cut, func(id string, records uint64) error {
		would[id] = records
		return nil
	}))
	require.Equal(t, map[string]uint64{"some": 3 + 2*5, "whole": 3 + 5 - 1}, would, "a dry run says what follows")
	deleted, err := store.Retain(t.Context(), cut, 4)
	require.NoError(t, err)
	require.EqualValues(t, 3+2*5+3+5-1, deleted, "two half-days of some, and all of whole but the last batch")
	deleted, err = store.Retain(t.Context(), cut, 4)
	require.NoError(t, err)
	require.Zero(t, deleted, "what is left is young")

	deleted, err = store.Retain(t.Context(), time.Now().AddDate(100, 0, 0), 0)
	require.NoError(t, err)
	require.EqualValues(t, 2*5, deleted, "the snapshot does not hold the rest")
	for id, want := range map[string]uint64{"none": 1, "some": 3 + 4*5 + 1, "whole": whole.C.Seq()} {
		first, _, err := store.Span(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, want, first, id)
	}

	verify := func(store *Store) {
		t.Helper()
		for _, g := range []*porttest.Game{some, whole} {
			recovered, err := competition.Recover(t.Context(), g.C.ID(), store, porttest.Keys(g.C.ID()), nil)
			require.NoError(t, err)
			porttest.RequireSame(t, g.C, recovered, g.Users)
			err = store.Read(t.Context(), g.C.ID(), 0, func([]byte) error { return nil })
			var missing *competition.CorruptError
			require.ErrorAs(t, err, &missing, "who reads from the beginning is told")
			require.EqualValues(t, 1, missing.Seq)
		}
		porttest.RequireRecovers(t, store, none)
	}
	verify(store)
	require.NoError(t, store.Close())
	again := open(t, small(onMemory(disk)))
	defer func() { require.NoError(t, again.Close()) }()
	verify(again)
	for _, g := range []*porttest.Game{some, whole} {
		g.Store = again
		require.NoError(t, g.Sync("anna", 0, 2000))
		require.NoError(t, g.Commit(t.Context()), "and the journal goes on")
	}
	verify(again)
}

func TestGraftBeginsAJournalAnywhere(t *testing.T) {
	store := open(t, small(onMemory(vfs.NewMem())))
	defer func() { require.NoError(t, store.Close()) }()
	g := playHalfDays(t, store, "some", 1)
	require.NoError(t, g.Sync("anna", 0, 999))
	b := g.Take()
	require.NoError(t, store.Graft(t.Context(), b), "it comes next")
	require.ErrorIs(t, store.Graft(t.Context(), b), competition.ErrConflict)

	other := open(t, small(onMemory(vfs.NewMem())))
	defer func() { require.NoError(t, other.Close()) }()
	require.NoError(t, other.Graft(t.Context(), b))
	first, _, err := other.Span(t.Context(), "some")
	require.NoError(t, err)
	require.Equal(t, b.FirstSeq, first)
	require.ErrorIs(t, other.Graft(t.Context(), b), competition.ErrConflict)
}
