package main

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// smallCell is one that can be simulated in a moment.
func smallCell(seed uint64) settings {
	return settings{
		Seed: seed, Nodes: 4, Cores: 2, Databases: 2, DatabaseCores: 4, Boards: 500, Largest: 10_000,
		Rate: 3000, Watching: 0.02, Warm: 100 * time.Millisecond, Length: 900 * time.Millisecond,
	}
}

func TestCellKeepsItsInvariants(t *testing.T) {
	for name, change := range map[string]func(*settings){
		"quiet":                func(*settings) {},
		"a node is killed":     func(s *settings) { s.Kill, s.Length = 300*time.Millisecond, 4*time.Second },
		"a database is lost":   func(s *settings) { s.LoseDB, s.PatientFor = 300*time.Millisecond, 200*time.Millisecond },
		"nothing is in memory": func(s *settings) { s.Cold = true },
		"one hot board":        func(s *settings) { s.HotShare, s.HotSubscribers = 0.5, 20_000 },
		"all at once": func(s *settings) {
			s.Kill, s.LoseDB, s.Cold, s.HotShare, s.Length = 500*time.Millisecond, 300*time.Millisecond, true, 0.3, 3*time.Second
			s.PatientFor = time.Second
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := smallCell(1)
			change(&s)
			c := newCell(s)
			c.begin()
			c.run(s.Warm + s.Length)
			c.Rate = 0 // nobody comes any more, and all who came are answered
			c.run(s.Warm + s.Length + 10*time.Minute)
			require.NotZero(t, c.Offered)
			require.Equal(t, c.Offered, c.Acknowledged, "C1")
			require.Zero(t, c.NotDurable, "C2")
			require.Equal(t, 1, c.MostUnderWay, "C3")
			for _, n := range c.nodes {
				require.Zero(t, n.inFlight, "admission gives back what it takes")
			}
		})
	}
}

func TestCellAgreesWithArithmetic(t *testing.T) {
	s := smallCell(1)
	s.Length, s.Watching = 3*time.Second, 0
	found := simulate(s)
	require.InEpsilon(t, s.Rate*(s.Warm+s.Length).Seconds(), float64(found.Offered), 0.05)
	forwarded := 1 - 1/float64(s.Nodes)
	node := s.Rate * (forwarded*(edgeCost+ownerCost) + (1-forwarded)*syncCost) / 1e6 / float64(s.Nodes*s.Cores)
	require.InEpsilon(t, node, found.NodeUse, 0.05)
	least := (2*networkDelay + 0.5*flushMedian + 0.7*standbyDelay) + commitCost/1e3
	require.Greater(t, float64(found.latencies.ValueAtPercentile(50))/1000, least, "a commit takes its time")
	plan := databaseUse(float64(s.Nodes), s.Rate/float64(s.Databases)) * databaseCores / float64(s.DatabaseCores)
	require.InEpsilon(t, plan, found.DatabaseUse, 0.35, "the formula that plans databases")
}

func TestLostNodeCostsALease(t *testing.T) {
	s := smallCell(2)
	s.Kill, s.Length = 500*time.Millisecond, 5*time.Second
	longest := float64(simulate(s).latencies.Max()) / 1e6
	require.Greater(t, longest, lease)
	require.Less(t, longest, 2*lease)
}

func TestSeedSaysAll(t *testing.T) {
	for _, s := range []settings{smallCell(3), func() settings { s := smallCell(3); s.Kill = s.Warm; return s }()} {
		first, again := simulate(s), simulate(s)
		require.Equal(t, first, again)
	}
	other := smallCell(4)
	require.NotEqual(t, simulate(smallCell(3)).timeline, simulate(other).timeline)
}

func TestDayAndCrowds(t *testing.T) {
	sum := 0.0
	for _, share := range day() {
		sum += share
	}
	require.InDelta(t, 24, sum, 1e-9)
	require.InDelta(t, 10, peak(), 1, "as docs/capacity.md plans")

	c := newCrowds(newEngine(1).rng, 100_000, 1_000_000)
	total := 0
	for _, n := range c.size {
		total += n
	}
	require.InEpsilon(t, boardMean, float64(total)/float64(len(c.size)), 0.4, "the mean has a long tail")
	require.InDelta(t, 1, c.upTo[len(c.upTo)-1], 1e-9)
	hits := make([]int, len(c.size))
	rng := newEngine(2).rng
	for range 100_000 {
		hits[c.pick(rng)]++
	}
	require.InEpsilon(t, float64(c.size[0])/float64(total), float64(hits[0])/100_000, 0.1, "a board is picked by its participants")
}

func TestPlansGrowInProportion(t *testing.T) {
	for _, p := range profiles() {
		small, large := planFor(1e7, p), planFor(1e8, p)
		require.InEpsilon(t, 10*small.Peak, large.Peak, 1e-9)
		require.InEpsilon(t, 10, float64(large.Nodes)/float64(small.Nodes), 0.2)
		require.InDelta(t, 1000, planFor(most(1000, p), p).Nodes, 2)
		require.LessOrEqual(t, large.Stored/float64(large.Databases), databaseDisk)
		perDatabase := large.Peak / float64(large.Databases)
		require.LessOrEqual(t, databaseUse(math.Min(nodesOfCell, float64(large.Nodes)), perDatabase), fill+0.01)
	}
}
