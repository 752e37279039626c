package porttest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// underway sends batches one after the other, without waiting, and returns what
// becomes of them in the order in which they are answered.
func underway(t *testing.T, h *harness, batches ...*competition.Batch) (answered []int, errs []error) {
	t.Helper()
	pipeline, ok := h.store.(competition.Pipeline)
	require.True(t, ok)
	answers := make(chan func(), len(batches))
	errs = make([]error, len(batches))
	for i, b := range batches {
		pipeline.AppendNext(t.Context(), []*competition.Batch{b}, func(all []error) {
			answers <- func() {
				answered = append(answered, i)
				if all != nil {
					errs[i] = all[0]
				}
			}
		})
	}
	for range batches {
		(<-answers)()
	}
	return answered, errs
}

// pipelineRules hold a store that is a competition.Pipeline.
var pipelineRules = []rule{
	{"batches of a competition are under way together, and answered in order", func(t *testing.T, h *harness) {
		rng := rand.New(rand.NewPCG(5, 1))
		g := h.begin(t, "board")
		for range 40 {
			var batches []*competition.Batch
			var order []int
			for len(batches) < 1+rng.IntN(6) {
				g.Play(rng, 1+rng.IntN(4)) // now and then somebody is new, or leaves
				if b := g.Take(); !b.Empty() {
					order = append(order, len(batches))
					batches = append(batches, b)
				}
			}
			answered, errs := underway(t, h, batches...)
			require.Equal(t, order, answered)
			for i, b := range batches {
				require.NoError(t, errs[i])
				require.NoError(t, g.Confirm(b))
			}
		}
		RequireRecovers(t, h.store, g)
	}},

	{"a batch is not stored without the one that it continues, though its seq comes next", func(t *testing.T, h *harness) {
		for _, enrols := range []bool{false, true} { // rows of other kinds may go another way
			id := fmt.Sprintf("board-%t", enrols)
			winner := h.begin(t, id)
			require.NoError(t, winner.Sync("anna", 0, 100))
			require.NoError(t, winner.Commit(t.Context()))
			loser := h.twin(t, winner)
			loser.Now = winner.Now // or its reports would be old ones
			require.NoError(t, loser.Sync("anna", 0, 200))
			first := loser.Take()
			user := "anna"
			if enrols {
				user = "bert"
			}
			require.NoError(t, loser.Sync(user, -1, 300))
			second := loser.Take()
			require.NoError(t, winner.Sync("anna", 0, 150)) // as many events as the loser's first
			require.NoError(t, winner.Commit(t.Context()))
			require.Equal(t, winner.C.Seq()+1, second.FirstSeq)

			answered, errs := underway(t, h, first, second)
			require.Equal(t, []int{0, 1}, answered)
			require.ErrorIs(t, errs[0], competition.ErrConflict)
			require.ErrorIs(t, errs[1], competition.ErrConflict)
			RequireRecovers(t, h.store, winner)
		}
	}},

	{"an append of nothing is answered in its turn", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		require.NoError(t, g.Sync("anna", 0, 100))
		require.NoError(t, g.Commit(t.Context()))
		require.NoError(t, g.Sync("anna", 0, 200))
		b := g.Take()
		var order []string
		pipeline := h.store.(competition.Pipeline)
		pipeline.AppendNext(t.Context(), []*competition.Batch{b}, func(errs []error) {
			order = append(order, fmt.Sprint("batch ", errs))
		})
		pipeline.AppendNext(t.Context(), nil, func(errs []error) { order = append(order, fmt.Sprint("nothing ", errs)) })
		require.Equal(t, []string{"batch []", "nothing []"}, order, "this store has it wait for those before")
		require.NoError(t, g.Confirm(b))
		RequireRecovers(t, h.store, g)
	}},
}
