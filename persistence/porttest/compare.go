package porttest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// RequireSame holds two competitions against each other through all that can be
// asked of them: the whole board, every named user's days, the roster, and the
// header of a snapshot, which has the chain's hash and the sources.
func RequireSame(tb testing.TB, want, got *competition.Competition, users []string) {
	tb.Helper()
	require.Equal(tb, want.Seq(), got.Seq(), "seq")
	require.Equal(tb, want.Summary(), got.Summary(), "summary")
	require.Equal(tb, header(want), header(got), "snapshot header")

	wantFlags, _ := want.Flags(0, 1000)
	gotFlags, _ := got.Flags(0, 1000)
	require.Equal(tb, wantFlags, gotFlags, "flags")
	total := want.Summary().Participants
	require.Equal(tb, want.Page(nil, 0, total+1), got.Page(nil, 0, total+1), "board")
	wantEntries, _ := want.Participants(0, total+1, "")
	gotEntries, _ := got.Participants(0, total+1, "")
	require.Equal(tb, wantEntries, gotEntries, "participants")
	for _, user := range users {
		wantStats, wantErr := want.Stats(user, competition.AllDays)
		gotStats, gotErr := got.Stats(user, competition.AllDays)
		require.Equal(tb, wantErr, gotErr, "error of the stats of %s", user)
		require.Equal(tb, wantStats, gotStats, "stats of %s", user)
		wantWhy, _ := want.Explain(user, competition.AllDays)
		gotWhy, _ := got.Explain(user, competition.AllDays)
		require.Equal(tb, wantWhy, gotWhy, "explanation of %s", user)
	}
}

func header(c *competition.Competition) []byte {
	s := c.Snapshot()
	c.Resave(&s)
	return s.Header
}

// RequireRecovers recovers the game's competition, once from snapshot and
// journal and once from the journal alone, and holds both against the game.
func RequireRecovers(tb testing.TB, store competition.Store, g *Game) {
	tb.Helper()
	for name, source := range map[string]competition.Source{"snapshot and journal": store, "journal alone": journalOnly{store}} {
		c, err := competition.Recover(tb.Context(), g.C.ID(), source, Keys(g.C.ID()), nil)
		require.NoError(tb, err, "recover %s from %s", g.C.ID(), name)
		RequireSame(tb, g.C, c, g.Users)
	}
}

// journalOnly is a store without its snapshots.
type journalOnly struct{ competition.Store }

func (journalOnly) Load(context.Context, string, func([]byte) error, func(competition.Row) error) error {
	return nil
}

// Records is a copy of the journal after a seq.
func Records(tb testing.TB, store competition.Journal, id string, after uint64) []byte {
	tb.Helper()
	var all []byte
	require.NoError(tb, store.Read(tb.Context(), id, after, func(records []byte) error {
		all = append(all, records...)
		return nil
	}))
	return all
}

// Identities is a copy of the identity rows.
func Identities(tb testing.TB, store competition.Journal, id string) []competition.Identity {
	tb.Helper()
	var all []competition.Identity
	require.NoError(tb, store.ReadIdentities(tb.Context(), id, func(i competition.Identity) error {
		all = append(all, i)
		return nil
	}))
	return all
}

// Seqs walks the chain through records from the beginning of a journal on, and
// returns the record of each seq, the first one's at index 0.
func Seqs(tb testing.TB, id string, records []byte) [][]byte {
	tb.Helper()
	var all [][]byte
	chain := competition.NewChain(id)
	for len(records) > 0 {
		_, rest, err := chain.Next(records)
		require.NoError(tb, err)
		all = append(all, records[:len(records)-len(rest)])
		records = rest
	}
	return all
}
