package cluster

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

func TestRoutes(t *testing.T) {
	leaving := live("c", 1)
	leaving.State = competition.NodeLeaving
	alive := []competition.Node{live("a", 1), live("b", 1), leaving}
	r := newRoutes("a")
	require.Equal(t, "a", r.route("x"), "a node that knows no other is asked itself")
	r.update(alive, false, nil, nil)
	to := map[string]int{}
	for i := range 1000 {
		to[r.route(fmt.Sprint(i))]++
	}
	require.Len(t, to, 2, "a leaving node is given nothing")

	r.learn("x", "c")
	require.Equal(t, "c", r.route("x"), "but keeps what it has")
	r.learn("x", "unknown")
	require.Equal(t, r.home("x"), r.route("x"), "a node that no beat has shown cannot be reached")
	r.learn("x", "b")
	r.learn("y", "c")
	r.update(alive[:2], false, nil, []string{"c"})
	require.Equal(t, "b", r.route("x"))
	_, ok := r.learnt.GetIfPresent("y")
	require.False(t, ok, "routes to the dead are forgotten")
	r.learn("x", "")
	require.Equal(t, r.home("x"), r.route("x"))

	r.update(alive[:2], true, nil, nil)
	for i := range 1000 {
		require.Equal(t, "b", r.home(fmt.Sprint(i)), "a node that leaves takes nothing")
	}
	r.update(alive[:1], true, nil, nil)
	require.Equal(t, "a", r.home("x"), "unless there is nobody else")
}

// TestRendezvousSpreads gives competitions whose ids differ in the last digits to nodes
// whose ids do, and holds the shares against those of a fair die by the chi-square test.
func TestRendezvousSpreads(t *testing.T) {
	const each = 4_000
	for _, nodes := range []int{2, 3, 4, 10, 16} {
		for _, form := range []string{"10.0.0.%d:7400", "node-%d", "%d", "0198c0de-0000-7000-8000-%012d"} {
			candidates := make([]candidate, nodes)
			for i := range candidates {
				candidates[i] = candidateOf(fmt.Sprintf(form, i+1))
			}
			count := map[string]int{}
			for i := range each * nodes {
				count[choose(candidates, fmt.Sprintf("competition-%d", i))]++
			}
			chi := 0.0
			for _, c := range candidates {
				chi += math.Pow(float64(count[c.id]-each), 2) / each
			}
			// The mean of chi-square is its degrees of freedom, its deviation √(2·degrees): five deviations.
			degrees := float64(nodes - 1)
			require.Less(t, chi, degrees+5*math.Sqrt(2*degrees), "%d nodes %q: %v", nodes, form, count)
		}
	}
}

// TestRendezvousMovesNoMoreThanItMust takes a node away: only what it had moves, and
// evenly to the others.
func TestRendezvousMovesNoMoreThanItMust(t *testing.T) {
	all := []candidate{candidateOf("n1"), candidateOf("n2"), candidateOf("n3"), candidateOf("n4")}
	moved := map[string]int{}
	for i := range 40_000 {
		id := fmt.Sprint(i)
		before, after := choose(all, id), choose(all[:3], id)
		if before != "n4" {
			require.Equal(t, before, after)
			continue
		}
		moved[after]++
	}
	for _, node := range []string{"n1", "n2", "n3"} {
		require.InDelta(t, 10_000.0/3, moved[node], 250, "%v", moved)
	}
}

// TestRendezvousIsTheSameInEveryVersion: nodes that do not agree send requests astray.
func TestRendezvousIsTheSameInEveryVersion(t *testing.T) {
	require.Equal(t, uint64(0xcbf29ce484222325), fnv1a(""), "the offset basis of FNV-1a")
	require.Equal(t, uint64(0xaf63dc4c8601ec8c), fnv1a("a"), "a published value of FNV-1a")
	require.Equal(t, uint64(0xe220a8397b1dcdaf), mix(0x9e3779b97f4a7c15), "the first output of SplitMix64 with seed 0")
	require.Empty(t, choose(nil, "x"))
}
