package postgres

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/persistence/porttest"
)

const day = calendar.Millis(24 * 60 * 60 * 1000)

// playDays is a game that begins with a day's two events and then has five syncs
// on each of so many days.
func playDays(t *testing.T, store *Store, id string, days int) *porttest.Game {
	t.Helper()
	g, err := porttest.Begin(t.Context(), store, id)
	require.NoError(t, err)
	require.NoError(t, g.Join("anna", "Anna"))
	require.NoError(t, g.Commit(t.Context()))
	for i := range days {
		g.Now = porttest.Start + calendar.Millis(i)*day/2 // the game lasts five days
		for j := range 5 {
			require.NoError(t, g.Sync("anna", 0, int64(10*i+j+1)))
			require.NoError(t, g.Commit(t.Context()))
		}
	}
	return g
}

func TestRetentionKeepsWhatRecoveryNeeds(t *testing.T) {
	t.Parallel()
	store := openShared(t)
	none := playDays(t, store, "none", 4)
	some := playDays(t, store, "some", 4)
	require.NoError(t, some.Save(t.Context()))
	require.EqualValues(t, 3+4*5, some.C.Seq())
	for i := range 4 {
		some.Now += day / 2
		require.NoError(t, some.Sync("anna", 0, int64(1000+i)))
		require.NoError(t, some.Commit(t.Context()))
	}
	cut := (porttest.Start + day).Time() // the first two half-days are older

	would := uint64(0)
	require.NoError(t, store.Retainable(t.Context(), cut, func(id string, records uint64) error {
		require.Equal(t, "some", id)
		would += records
		return nil
	}))
	require.EqualValues(t, 3+2*5, would, "a dry run says what follows")
	deleted, err := store.Retain(t.Context(), cut, 4)
	require.NoError(t, err)
	require.EqualValues(t, 3+2*5, deleted)
	deleted, err = store.Retain(t.Context(), cut, 4)
	require.NoError(t, err)
	require.Zero(t, deleted, "what is left is young")

	deleted, err = store.Retain(t.Context(), time.Now().AddDate(100, 0, 0), 0)
	require.NoError(t, err)
	require.EqualValues(t, 2*5, deleted, "the snapshot does not hold the rest")

	recovered, err := competition.Recover(t.Context(), "some", store, porttest.Keys("some"), nil)
	require.NoError(t, err)
	porttest.RequireSame(t, some.C, recovered, some.Users)
	require.NoError(t, some.Sync("anna", 0, 2000))
	require.NoError(t, some.Commit(t.Context()), "and the journal goes on")
	porttest.RequireRecovers(t, store, none)

	err = store.Read(t.Context(), "some", 0, func([]byte) error { return nil })
	var missing *competition.CorruptError
	require.ErrorAs(t, err, &missing, "who reads from the beginning is told")
	require.EqualValues(t, 1, missing.Seq)
}

func TestRetentionKeepsTheLastRecord(t *testing.T) {
	t.Parallel()
	store := openShared(t)
	g := playDays(t, store, "whole", 1)
	require.NoError(t, g.Save(t.Context()))
	deleted, err := store.Retain(t.Context(), time.Now().AddDate(100, 0, 0), 0)
	require.NoError(t, err)
	require.EqualValues(t, 3+5-1, deleted, "the snapshot holds all of it")
	first, last, err := store.Span(t.Context(), "whole")
	require.NoError(t, err)
	require.Equal(t, [2]uint64{g.C.Seq(), g.C.Seq()}, [2]uint64{first, last})
	recovered, err := competition.Recover(t.Context(), "whole", store, porttest.Keys("whole"), nil)
	require.NoError(t, err)
	porttest.RequireSame(t, g.C, recovered, g.Users)
}

func TestRetentionLeavesNoGapWhereTheClockWentBackwards(t *testing.T) {
	t.Parallel()
	store := openShared(t)
	g := playDays(t, store, "board", 2)
	late := g.C.Seq()
	g.Now = porttest.Start // again
	require.NoError(t, g.Sync("bert", 0, 5))
	require.NoError(t, g.Commit(t.Context()))
	require.NoError(t, g.Save(t.Context()))
	deleted, err := store.Retain(t.Context(), (porttest.Start + day/4).Time(), 0)
	require.NoError(t, err)
	require.EqualValues(t, 3+5, deleted, "the records of the first half-day")
	first := uint64(3 + 5)
	records := porttest.Records(t, store, "board", first)
	n := uint64(0)
	for ; len(records) > 0; n++ {
		_, records, err = competition.SplitRecord(records)
		require.NoError(t, err)
	}
	require.Equal(t, g.C.Seq(), first+n)
	require.Greater(t, g.C.Seq(), late)
}
