package embedded

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/porttest"
)

// projection saves a snapshot of a game and returns what there is to project.
func projection(tb testing.TB, g *porttest.Game) *competition.Projection {
	tb.Helper()
	require.NoError(tb, g.Commit(tb.Context()))
	s := g.Snapshot()
	require.NoError(tb, g.Store.Save(tb.Context(), &s))
	_, sources, err := competition.SnapshotSources(s.CompetitionID, s.Header)
	require.NoError(tb, err)
	return &competition.Projection{CompetitionID: s.CompetitionID, Sources: sources, Rows: s.Rows, From: s.Since, To: s.Seq}
}

// TestCheckpointsSurvivePowerLossWithTheirRows: whatever a crash leaves, a
// checkpoint is there with all days that it stands for.
func TestCheckpointsSurvivePowerLossWithTheirRows(t *testing.T) {
	disk := vfs.NewCrashableMem()
	s := open(t, small(onMemory(disk)))
	defer s.Close()
	g, err := porttest.Begin(t.Context(), s, "board")
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(9, 9))
	users := []string{"anna", "bert", "carl"}
	stepsAt := map[uint64]map[string]int64{0: {}} // by checkpoint
	now := map[string]int64{}
	seen := map[uint64]bool{}
	for round := range 120 {
		for _, user := range users {
			now[user] = int64(100*round + rng.IntN(100) + 1)
			require.NoError(t, g.Sync(user, 0, now[user]))
		}
		p := projection(t, g)
		if rng.IntN(2) == 0 { // the rows alone, as when there are more of them
			part := *p
			part.To = 0
			require.NoError(t, s.Project(t.Context(), &part))
		}
		require.NoError(t, s.Project(t.Context(), p))
		stepsAt[p.To] = map[string]int64{"anna": now["anna"], "bert": now["bert"], "carl": now["carl"]}

		percent := []int{0, 100, rng.IntN(100)}[round%3]
		clone := open(t, small(onMemory(disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng}))))
		checkpoint, err := checkpointOf(clone.db, "board")
		require.NoError(t, err)
		require.Contains(t, stepsAt, checkpoint)
		seen[checkpoint] = true
		for _, user := range users {
			months, lagging, _, err := clone.LifetimeOf(t.Context(), user)
			require.NoError(t, err)
			var all competition.Lifetime
			for _, m := range months {
				all.Add(m)
			}
			steps := all.Stats(user, competition.AllDays).Total.Steps
			require.GreaterOrEqual(t, steps, stepsAt[checkpoint][user], "%s at checkpoint %d", user, checkpoint)
			require.LessOrEqual(t, steps, now[user])
			head, err := storedHead(clone.db, "board")
			require.NoError(t, err)
			require.Equal(t, checkpoint < head.seq, len(lagging) == 1, "what was lost is read elsewhere")
		}
		require.NoError(t, clone.Close())
	}
	require.Greater(t, len(seen), 40, "the clones should not all be of the end")
}

func TestDamagedLifetimesAreNeverSilent(t *testing.T) {
	s := open(t, onMemory(vfs.NewMem()))
	defer s.Close()
	g, err := porttest.Begin(t.Context(), s, "board")
	require.NoError(t, err)
	require.NoError(t, g.Sync("anna", 0, 100))
	p := projection(t, g)
	require.NoError(t, s.Project(t.Context(), p))
	for r := range p.Rows[0].Days.All() {
		key := appendLifetimeKey(nil, "anna", r.Day.Month())
		good, err := get(s.db, key)
		require.NoError(t, err)
		require.NotEmpty(t, good)
		for i := range good {
			bad := append([]byte(nil), good...)
			bad[i] ^= 4
			require.NoError(t, s.db.Set(key, bad, pebble.NoSync))
			_, _, _, err = s.LifetimeOf(t.Context(), "anna")
			require.ErrorIs(t, err, competition.ErrCorrupt)
			require.ErrorIs(t, s.Project(t.Context(), p), competition.ErrCorrupt)
		}
		require.NoError(t, s.db.Set(key, good, pebble.NoSync))
	}
	key := appendKey(nil, checkpointKeys, "board")
	require.NoError(t, s.db.Set(key, []byte("damage"), pebble.NoSync))
	_, _, _, err = s.LifetimeOf(t.Context(), "anna")
	require.ErrorIs(t, err, competition.ErrCorrupt)
	require.ErrorIs(t, s.Project(t.Context(), p), competition.ErrCorrupt)
	require.ErrorIs(t, s.Unprojected(t.Context(), func(string) {}), competition.ErrCorrupt)
}

// BenchmarkProject joins n participants' weeks for the first time, and again with
// nothing new in them.
func BenchmarkProject(b *testing.B) {
	const n = 20_000
	s := open(b, Options{Dir: b.TempDir()})
	defer s.Close()
	batch := &competition.Batch{CompetitionID: "board", FirstSeq: 1, LastSeq: n, Records: syncs(n)}
	for i := range n {
		user := fmt.Sprintf("0198b7a2-7c51-7d33-9d24-%012d", i)
		batch.Identities = append(batch.Identities, competition.Identity{Number: uint32(i + 1), UserID: user})
		batch.Memberships = append(batch.Memberships, competition.Membership{UserID: user, CompetitionID: "board", Number: uint32(i + 1), Present: true})
	}
	require.Nil(b, s.Append(b.Context(), []*competition.Batch{batch}))
	rows := snapshotOf(n).Rows
	project := func(b *testing.B) {
		b.Helper()
		for at := 0; at < n; at += 1000 {
			require.NoError(b, s.Project(b.Context(), &competition.Projection{CompetitionID: "board", Sources: []string{"phone"}, Rows: rows[at : at+1000]}))
		}
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			lower, upper := allOf(lifetimeKeys)
			require.NoError(b, s.db.DeleteRange(lower, upper, pebble.NoSync))
			b.StartTimer()
			project(b)
		}
		b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N*n), "µs/row")
	})
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			project(b)
		}
		b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N*n), "µs/row")
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, _, _, err := s.LifetimeOf(b.Context(), "0198b7a2-7c51-7d33-9d24-000000000777"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
