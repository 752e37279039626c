package porttest

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

var damageRules = []rule{
	{"a record that is missing is named, and the others run", func(t *testing.T, h *harness) {
		testDamage(t, h, h.Drop)
	}},
	{"a record that was altered is named, and the others run", func(t *testing.T, h *harness) {
		testDamage(t, h, h.Alter)
	}},
}

// testDamage damages the first record, one in the middle and the last one of
// competitions that stand between sound ones.
func testDamage(t *testing.T, h *harness, damage func(t *testing.T, store competition.Store, id string, seq uint64)) {
	t.Helper()
	if damage == nil {
		t.Skip("the back end has no way to do this damage")
	}
	const batches = 9 // of one event each, after the first two
	rng := rand.New(rand.NewPCG(6, 6))
	games := map[string]*Game{}
	for _, id := range []string{"a", "first", "g", "last", "m", "middle", "z"} {
		g := h.begin(t, id)
		for i := range batches {
			require.NoError(t, g.Sync("anna", 0, int64(100+i)))
			commit(t, g)
		}
		games[id] = g
	}
	last := games["last"].C.Seq()
	damaged := map[string]uint64{"first": 1, "middle": 6, "last": last}
	for id, seq := range damaged {
		damage(t, h.store, id, seq)
	}
	for id, g := range games {
		seq, hit := damaged[id]
		if !hit {
			RequireRecovers(t, h.store, g)
			g.Play(rng, 3)
			require.NoError(t, g.Commit(t.Context()))
			continue
		}
		_, err := competition.Recover(t.Context(), id, h.store, Keys(id), nil)
		var corrupt *competition.CorruptError
		require.ErrorAs(t, err, &corrupt, "competition %s", id)
		require.Equal(t, id, corrupt.CompetitionID)
		require.Equal(t, seq, corrupt.Seq, "competition %s", id)
	}
}
