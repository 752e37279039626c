package postgres

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestLevelIsRaisedWhenNoOlderNodeIsLeft: a node of this version that comes to a cluster
// of an older one leaves the level as it is, for the older ones to come back.
func TestLevelIsRaisedWhenNoOlderNodeIsLeft(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	require.NoError(t, open(t, databaseURL).Close())
	const older = competition.FormatLevel - 1
	setLevel(t, databaseURL, older)
	newer := open(t, databaseURL)
	require.Equal(t, older, newer.Level())
	old := competition.Node{ID: "old", Level: older}
	require.NoError(t, newer.Register(t.Context(), old))
	for _, retire := range []func(context.Context, string) error{newer.Leave, newer.Retire} {
		err := newer.RaiseLevel(t.Context())
		require.ErrorIs(t, err, competition.ErrDeploying)
		require.ErrorIs(t, err, competition.ErrUnavailable, "nodes of versions that do not know the other error hear this one")
		require.ErrorContains(t, err, `"old"`)
		require.Equal(t, older, newer.Level())
		require.NoError(t, retire(t.Context(), "old"))
	}
	require.NoError(t, newer.RaiseLevel(t.Context()))
	require.Equal(t, competition.FormatLevel, newer.Level())
	require.NoError(t, newer.RaiseLevel(t.Context()), "again")
	err := newer.Register(t.Context(), competition.Node{ID: "late", Level: older})
	require.ErrorIs(t, err, ErrNewer)
	require.ErrorContains(t, err, "run the newer program")
}

// TestNobodyRegistersWhoCannotReadTheJournals lets old nodes register while the level is
// raised: whichever comes first, there is no old node under the new level.
func TestNobodyRegistersWhoCannotReadTheJournals(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	store := open(t, databaseURL)
	const older = competition.FormatLevel - 1
	var raised, registered int
	for n := range 40 {
		setLevel(t, databaseURL, older)
		store.level.Store(int64(older))
		id := fmt.Sprintf("old-%d", n)
		var register, raise error
		var both sync.WaitGroup
		both.Go(func() { register = store.Register(t.Context(), competition.Node{ID: id, Level: older}) })
		both.Go(func() { raise = store.RaiseLevel(t.Context()) })
		both.Wait()
		require.NotEqual(t, register == nil, raise == nil, "%v, %v", register, raise)
		if register == nil {
			require.ErrorIs(t, raise, competition.ErrDeploying)
			require.NoError(t, store.Retire(t.Context(), id))
			registered++
		} else {
			require.ErrorIs(t, register, ErrNewer)
			raised++
		}
	}
	t.Logf("%d times the old node was first, %d times the new level", registered, raised)
}

func TestNodesMustUnderstandEachOther(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	store := open(t, databaseURL) // of wire version 0, as the others in these tests
	require.NoError(t, store.Register(t.Context(), competition.Node{ID: "next", WireVersion: 1, Level: competition.FormatLevel}))
	far := competition.Node{ID: "far", WireVersion: 2, Level: competition.FormatLevel}
	err := store.Register(t.Context(), far)
	require.ErrorIs(t, err, ErrWireVersion)
	require.ErrorContains(t, err, store.Node())
	require.NotErrorIs(t, err, competition.ErrUnavailable, "another attempt would not help")
	shared.Get(t).Exec(t, databaseURL, `UPDATE paceboard.nodes SET seen_at = now() - interval '2 minutes' WHERE wire_version = 0`)
	require.NoError(t, store.Register(t.Context(), far), "it was killed long ago, with all who could bury it")
}

func setLevel(t *testing.T, databaseURL string, level int) {
	t.Helper()
	_, err := connect(t, databaseURL).Exec(t.Context(), `UPDATE paceboard.format SET level = $1`, level)
	require.NoError(t, err)
}
