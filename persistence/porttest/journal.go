package porttest

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

var journalRules = []rule{
	{"a competition that was never created is empty", func(t *testing.T, h *harness) {
		require.Empty(t, Records(t, h.store, "nobody", 0))
		require.Empty(t, Identities(t, h.store, "nobody"))
		require.False(t, must(competition.Recover(t.Context(), "nobody", h.store, Keys(""), nil))(t).Exists())
	}},

	{"nothing to append is no error", func(t *testing.T, h *harness) {
		require.Nil(t, h.store.Append(t.Context(), nil))
	}},

	{"what was appended is read in order, from the end of any batch on", func(t *testing.T, h *harness) {
		rng := rand.New(rand.NewPCG(1, 1))
		g := h.begin(t, "board")
		want := [][]byte{Records(t, h.store, "board", 0)}
		ends := []uint64{0, g.C.Seq()}
		for size := 1; size < 300; size += 1 + size/3 {
			g.Play(rng, size)
			want = append(want, commit(t, g))
			ends = append(ends, g.C.Seq())
		}
		for i, after := range ends {
			var rest []byte
			for _, records := range want[i:] {
				rest = append(rest, records...)
			}
			require.Equal(t, rest, append([]byte(nil), Records(t, h.store, "board", after)...), "after seq %d", after)
		}
		require.Len(t, Seqs(t, "board", Records(t, h.store, "board", 0)), int(g.C.Seq()))
	}},

	{"a journal that ends before the seq after is damaged", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		err := h.store.Read(t.Context(), "board", g.C.Seq()+1, func([]byte) error { return nil })
		require.ErrorIs(t, err, competition.ErrCorrupt)
	}},

	{"an error of the visitor ends the reading and is returned", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		require.NoError(t, g.Sync("anna", 0, 100))
		commit(t, g)
		stop, visits := errors.New("stop"), 0
		require.ErrorIs(t, h.store.Read(t.Context(), "board", 0, func([]byte) error { visits++; return stop }), stop)
		require.Equal(t, 1, visits)
		require.ErrorIs(t, h.store.ReadIdentities(t.Context(), "board", func(competition.Identity) error { visits++; return stop }), stop)
		require.Equal(t, 2, visits)
	}},

	{"batches of several competitions go together", func(t *testing.T, h *harness) {
		games := []*Game{h.begin(t, "a"), h.begin(t, "a-b"), h.begin(t, "b")}
		var batches []*competition.Batch
		for i, g := range games {
			require.NoError(t, g.Sync("anna", 0, int64(100*i+100)))
			batches = append(batches, g.Take())
		}
		require.Nil(t, h.store.Append(t.Context(), batches))
		for i, g := range games {
			require.NoError(t, g.Confirm(batches[i]))
			RequireRecovers(t, h.store, g)
		}
	}},

	{"a seq that is there already conflicts, and the other batches are stored", func(t *testing.T, h *harness) {
		first, second, third := h.begin(t, "first"), h.begin(t, "second"), h.begin(t, "third")
		zombie := h.twin(t, second)
		require.NoError(t, second.Sync("anna", 0, 100))
		commit(t, second)

		require.NoError(t, first.Sync("bert", 0, 200))
		require.NoError(t, zombie.Sync("carl", 0, 300))
		require.NoError(t, third.Sync("dora", 0, 400))
		batches := []*competition.Batch{first.Take(), zombie.Take(), third.Take()}
		errs := h.store.Append(t.Context(), batches)
		require.Len(t, errs, 3)
		require.NoError(t, errs[0])
		require.ErrorIs(t, errs[1], competition.ErrConflict)
		require.NoError(t, errs[2])
		require.NoError(t, first.Confirm(batches[0]))
		require.NoError(t, third.Confirm(batches[2]))
		for _, g := range []*Game{first, second, third} {
			RequireRecovers(t, h.store, g)
		}
	}},

	{"a batch that leaves a gap conflicts", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		require.NoError(t, g.Sync("anna", 0, 100))
		lost := g.Take()
		require.NoError(t, g.Sync("bert", 0, 200))
		errs := h.store.Append(t.Context(), []*competition.Batch{g.Take()})
		require.Len(t, errs, 1)
		require.ErrorIs(t, errs[0], competition.ErrConflict)
		require.Nil(t, h.store.Append(t.Context(), []*competition.Batch{lost}), "what should have come first still can")
	}},

	{"a refused batch leaves no row behind", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		zombie := h.twin(t, g)
		require.NoError(t, g.Sync("anna", 0, 100))
		commit(t, g)
		identities := Identities(t, h.store, "board")
		summary := must(h.store.Find(t.Context(), "board"))(t)

		require.NoError(t, zombie.Join("zed", "Zed"))
		require.NoError(t, zombie.Join("zoe", "Zoe"))
		require.ErrorIs(t, zombie.Commit(t.Context()), competition.ErrConflict)
		require.Equal(t, identities, Identities(t, h.store, "board"))
		require.Empty(t, must(h.store.MembershipsOf(t.Context(), "zed", "", 1000))(t))
		require.Equal(t, summary, must(h.store.Find(t.Context(), "board"))(t))
	}},

	{"identities are read by number, each as it was written last", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		for i := range 300 { // beyond what one byte counts
			require.NoError(t, g.Join(userOf(i), "First"))
		}
		commit(t, g)
		require.NoError(t, g.Join(userOf(7), "Second"))
		commit(t, g)
		got := Identities(t, h.store, "board")
		require.Len(t, got, 301)
		require.Equal(t, "creator", got[0].UserID)
		for i, identity := range got[1:] {
			require.Equal(t, uint32(i+1), identity.Number)
			require.Equal(t, userOf(i), identity.UserID)
			want := "First"
			if i == 7 {
				want = "Second"
			}
			require.Equal(t, want, identity.UserName)
			require.NotZero(t, identity.Key)
		}
	}},

	{"everything is there after a restart", func(t *testing.T, h *harness) {
		rng := rand.New(rand.NewPCG(2, 2))
		games := []*Game{h.begin(t, "a"), h.begin(t, "b")}
		for range 20 {
			for _, g := range games {
				g.Play(rng, 1+rng.IntN(10))
				require.NoError(t, g.Commit(t.Context()))
			}
		}
		h.reopen(t)
		for _, g := range games {
			RequireRecovers(t, h.store, g)
			g.Store = h.store
			require.NoError(t, g.Claim(t.Context()))
			g.Play(rng, 5)
			require.NoError(t, g.Commit(t.Context()), "and the journal goes on")
			RequireRecovers(t, h.store, g)
		}
	}},

	{"a deadline that has passed makes every batch unavailable, and the store goes on", func(t *testing.T, h *harness) {
		g, other := h.begin(t, "board"), h.begin(t, "other")
		require.NoError(t, g.Sync("anna", 0, 100))
		require.NoError(t, other.Sync("bert", 0, 100))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		errs := h.store.Append(ctx, []*competition.Batch{g.Take(), other.Take()})
		require.Len(t, errs, 2)
		for _, err := range errs {
			require.ErrorIs(t, err, competition.ErrUnavailable)
		}
		for _, game := range []*Game{g, other} {
			require.NoError(t, game.C.CatchUp(t.Context(), h.store))
			require.NoError(t, game.Sync("carl", 0, 300))
			require.NoError(t, game.Commit(t.Context()))
			RequireRecovers(t, h.store, game)
		}
	}},

	{"a store that works says so", func(t *testing.T, h *harness) {
		require.NoError(t, h.store.Check(t.Context()))
	}},
}
