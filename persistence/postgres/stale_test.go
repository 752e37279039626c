package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestRowsThatAnOlderNodeLeft about a snapshot that it has replaced count for nothing.
func TestRowsThatAnOlderNodeLeft(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	store := open(t, databaseURL)
	g := begin(t, store, "board")
	require.NoError(t, g.Sync("anna", 0, 1000))
	require.NoError(t, g.Commit(t.Context()))
	require.NoError(t, g.Save(t.Context()))
	require.NoError(t, g.Erase(competition.Erasure{UserID: "anna", Pseudonym: competition.NewPseudonym([16]byte{1})}))
	require.NoError(t, g.Commit(t.Context()))
	stale, err := store.StaleSnapshots(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, []string{"board"}, stale)

	_, err = connect(t, databaseURL).Exec(t.Context(), `UPDATE paceboard.snapshots SET seq = $1`, g.C.Seq()) // as its Save does
	require.NoError(t, err)
	stale, err = store.StaleSnapshots(t.Context(), "anna")
	require.NoError(t, err)
	require.Empty(t, stale)
	require.NoError(t, g.Sync("bert", 0, 900))
	require.NoError(t, g.Commit(t.Context()))
	require.NoError(t, g.Save(t.Context()))
	var left int
	require.NoError(t, connect(t, databaseURL).QueryRow(t.Context(), `SELECT count(*) FROM paceboard.stale_snapshots`).Scan(&left))
	require.Zero(t, left, "the next one takes them away")
}
