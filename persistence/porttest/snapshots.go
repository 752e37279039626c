package porttest

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

var snapshotRules = []rule{
	{"a competition without a snapshot visits nothing", func(t *testing.T, h *harness) {
		h.begin(t, "board")
		header, rows := load(t, h.store, "board")
		require.Nil(t, header)
		require.Empty(t, rows)
	}},

	{"header and rows come back as they were saved, rows by number", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		for i := 299; i >= 0; i-- { // beyond what one byte counts, changed in the order of nothing
			require.NoError(t, g.Sync(userOf(i), 0, int64(100*i+1)))
			require.NoError(t, g.Sync(userOf((i*7)%300), -1, int64(i+1)))
		}
		commit(t, g)
		snapshot := h.snapshot(t, g)
		header, rows := load(t, h.store, "board")
		require.Equal(t, snapshot.Header, header)
		require.Equal(t, byNumber(snapshot.Rows), rows)
	}},

	{"a review comes back as it was saved, and goes when there is nothing left of it", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		for i := range 3 {
			require.NoError(t, g.Sync(userOf(i), 0, 100))
		}
		commit(t, g)
		require.NoError(t, g.Sync(userOf(1), 0, 90_000)) // a second later: flagged
		commit(t, g)
		for _, what := range []int{0, 2} {
			require.NoError(t, g.Review(userOf(1), what))
			require.NoError(t, g.Review(userOf(2), what))
		}
		commit(t, g)
		snapshot := h.snapshot(t, g)
		_, rows := load(t, h.store, "board")
		require.Equal(t, byNumber(snapshot.Rows), rows)
		require.Nil(t, rows[0].Review)
		require.True(t, rows[1].Review.Excluded)
		require.Len(t, rows[1].Review.Corrections, 1)
		require.NotEmpty(t, rows[1].Review.Flags)
		RequireRecovers(t, h.store, g)

		require.NoError(t, g.Review(userOf(2), 1))
		require.NoError(t, g.Review(userOf(2), 3))
		commit(t, g)
		require.NoError(t, g.Save(t.Context()))
		_, rows = load(t, h.store, "board")
		require.Nil(t, rows[2].Review)
		RequireRecovers(t, h.store, g)
	}},

	{"a snapshot holds what changed, and the rows before it stay", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		for i := range 10 {
			require.NoError(t, g.Sync(userOf(i), 0, int64(100+i)))
		}
		commit(t, g)
		first := g.Snapshot()
		require.Len(t, first.Rows, 10)
		require.NoError(t, h.store.Save(t.Context(), &first))

		require.NoError(t, g.Sync(userOf(3), 0, 9_000))
		require.NoError(t, g.Sync("new", 0, 50))
		commit(t, g)
		second := g.Snapshot()
		require.Len(t, second.Rows, 2)
		require.NoError(t, h.store.Save(t.Context(), &second))

		want := byNumber(first.Rows)
		for _, row := range byNumber(second.Rows) {
			if int(row.Number) <= len(want) {
				want[row.Number-1] = row
			} else {
				want = append(want, row)
			}
		}
		header, rows := load(t, h.store, "board")
		require.Equal(t, second.Header, header)
		require.Equal(t, want, rows)
	}},

	{"a snapshot that is not newer conflicts and changes nothing", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		require.NoError(t, g.Sync("anna", 0, 100))
		commit(t, g)
		older := g.Snapshot()
		require.NoError(t, g.Sync("anna", 0, 200))
		commit(t, g)
		newer := g.Snapshot()
		newer.Rows = append(newer.Rows[:0:0], newer.Rows...)
		require.NoError(t, h.store.Save(t.Context(), &newer))
		same := newer
		same.Rows = append([]competition.Row(nil), newer.Rows...)
		same.Rows[0].Score++
		for _, s := range []*competition.Snapshot{&older, &same} {
			require.ErrorIs(t, h.store.Save(t.Context(), s), competition.ErrConflict)
		}
		header, rows := load(t, h.store, "board")
		require.Equal(t, newer.Header, header)
		require.Equal(t, newer.Rows, rows)
	}},

	{"snapshot and tail, the journal alone, and the living competition are the same", func(t *testing.T, h *harness) {
		rng := rand.New(rand.NewPCG(5, 5))
		g, neighbour := h.begin(t, "board"), h.begin(t, "board-2")
		for round := range 40 {
			for _, game := range []*Game{g, neighbour} {
				game.Play(rng, rng.IntN(8))
				require.NoError(t, game.Commit(t.Context()))
			}
			if round%7 == 3 && g.C.Changed() > 0 {
				require.NoError(t, g.Save(t.Context()))
			}
			if round%5 == 0 {
				RequireRecovers(t, h.store, g)
			}
		}
		h.reopen(t)
		RequireRecovers(t, h.store, g)
		RequireRecovers(t, h.store, neighbour)
	}},

	{"an error of the visitor ends the loading and is returned", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		syncs(t, g, 100, "anna", "bert")
		commit(t, g)
		require.NoError(t, g.Save(t.Context()))
		stop, headers, rows := errors.New("stop"), 0, 0
		refuse := func([]byte) error { headers++; return stop }
		take := func([]byte) error { headers++; return nil }
		row := func(competition.Row) error { rows++; return stop }
		require.ErrorIs(t, h.store.Load(t.Context(), "board", refuse, row), stop)
		require.Equal(t, [2]int{1, 0}, [2]int{headers, rows})
		require.ErrorIs(t, h.store.Load(t.Context(), "board", take, row), stop)
		require.Equal(t, [2]int{2, 1}, [2]int{headers, rows})
	}},
}

// load copies what Load visits.
func load(t *testing.T, store competition.Store, id string) (header []byte, rows []competition.Row) {
	t.Helper()
	require.NoError(t, store.Load(t.Context(), id, func(b []byte) error {
		require.Nil(t, header, "the header comes once")
		require.Empty(t, rows, "the header comes first")
		header = append([]byte{}, b...)
		return nil
	}, func(row competition.Row) error {
		row.Days = append(competition.Days(nil), row.Days...)
		rows = append(rows, row)
		return nil
	}))
	return header, rows
}

// byNumber is the rows in the order of their numbers.
func byNumber(rows []competition.Row) []competition.Row {
	return slices.SortedFunc(slices.Values(rows), func(a, b competition.Row) int { return cmp.Compare(a.Number, b.Number) })
}
