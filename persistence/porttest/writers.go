package porttest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

func userOf(i int) string { return fmt.Sprintf("user-%04d", i) }

var writerRules = []rule{
	{"competitions are written at the same time", func(t *testing.T, h *harness) {
		const writers, commits = 8, 25
		games := make([]*Game, writers)
		errs := make([]error, writers)
		for i := range games {
			games[i] = h.begin(t, fmt.Sprintf("board-%d", i))
		}
		var running sync.WaitGroup
		for i, g := range games {
			running.Go(func() {
				rng := rand.New(rand.NewPCG(3, uint64(i)))
				for range commits {
					g.Play(rng, 1+rng.IntN(5))
					if errs[i] = g.Commit(t.Context()); errs[i] != nil {
						return
					}
				}
			})
		}
		running.Wait()
		require.NoError(t, errors.Join(errs...))
		for _, g := range games {
			RequireRecovers(t, h.store, g)
		}
	}},

	{"of two appends of a seq at the same time one is stored", func(t *testing.T, h *harness) {
		twins := [2]*Game{h.begin(t, "board"), nil}
		for round := range 50 {
			var err error
			twins[1], err = twins[0].Twin(t.Context())
			require.NoError(t, err)
			var batches [2]*competition.Batch
			var errs [2][]error
			var running sync.WaitGroup
			for i, g := range twins {
				require.NoError(t, g.Sync(fmt.Sprintf("twin-%d", i), 0, int64(100+round)))
				batches[i] = g.Take()
			}
			for i, g := range twins {
				running.Go(func() { errs[i] = g.Store.Append(t.Context(), batches[i:i+1]) })
			}
			running.Wait()
			winner := 0
			if errs[0] != nil {
				winner = 1
			}
			require.Nil(t, errs[winner])
			require.NotNil(t, errs[1-winner], "both were stored")
			require.ErrorIs(t, errs[1-winner][0], competition.ErrConflict)
			require.NoError(t, twins[winner].Confirm(batches[winner]))
			twins[0] = twins[winner]
		}
	}},

	{"two writers of one competition, in any order: every seq once, and what was acknowledged stays", func(t *testing.T, h *harness) {
		for schedule := range sample(30, 100) {
			rng := rand.New(rand.NewPCG(4, uint64(schedule)))
			playSchedule(t, h, rng, fmt.Sprintf("board-%d", schedule))
		}
	}},
}

// playSchedule lets two writers of one competition take turns by chance. Each
// decides, and some time later appends; who conflicts catches up.
func playSchedule(t *testing.T, h *harness, rng *rand.Rand, id string) {
	t.Helper()
	one := h.begin(t, id)
	two := h.twin(t, one)
	writers := [2]*Game{one, two}
	var waiting [2]*competition.Batch
	acknowledged := map[uint64]string{}
	conflicts := 0
	for range 30 {
		i := rng.IntN(2)
		g := writers[i]
		if waiting[i] == nil {
			g.Play(rng, 1+rng.IntN(3))
			if waiting[i] = g.Take(); waiting[i].Empty() {
				waiting[i] = nil
			}
			continue
		}
		batch := waiting[i]
		waiting[i] = nil
		errs := h.store.Append(t.Context(), []*competition.Batch{batch})
		if errs != nil {
			require.ErrorIs(t, errs[0], competition.ErrConflict)
			conflicts++
			require.NoError(t, g.C.CatchUp(t.Context(), h.store))
			continue
		}
		require.NoError(t, g.Confirm(batch))
		seq := batch.FirstSeq
		for records := batch.Records; len(records) > 0; seq++ {
			record, rest, err := competition.SplitRecord(records)
			require.NoError(t, err)
			_, twice := acknowledged[seq]
			require.False(t, twice, "seq %d was acknowledged twice", seq)
			acknowledged[seq] = string(record)
			records = rest
		}
	}
	stored := Seqs(t, id, Records(t, h.store, id, 0))
	for seq, record := range acknowledged {
		require.LessOrEqual(t, seq, uint64(len(stored)), "an acknowledged event is gone")
		require.Equal(t, record, string(stored[seq-1]), "seq %d holds something else", seq)
	}
	require.Len(t, acknowledged, len(stored)-created, "an event that nobody was told of")
}

// created is how many events the beginning of a game is: created, and active.
const created = 2
