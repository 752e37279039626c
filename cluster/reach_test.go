package cluster

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

func TestANodeIsAPlaceOnceItWasReached(t *testing.T) {
	r := newReach("a", ttl)
	nodes := []competition.Node{live("a", 1), live("b", 1)}
	at := func(now time.Duration, up bool) *outlook {
		var to []string
		if up {
			to = []string{"b"}
		}
		return r.observe(now, nodes, to, []string{"b"})
	}
	require.Empty(t, at(0, false).reached, "nobody knows yet")
	require.Equal(t, []string{"b"}, at(1, true).reached, "P1")
	require.Equal(t, []string{"b"}, at(2, false).reached, "a link that breaks is made again")
	require.Equal(t, []string{"b"}, at(21, false).reached)
	o := at(22, false)
	require.Empty(t, o.reached, "P1")
	require.Equal(t, []string{"b"}, o.lost)

	// P4: it has to hold, and longer each time.
	for trial := 20 * time.Nanosecond; trial <= 80; trial *= 2 {
		now := r.to["b"].since + 1000
		require.Equal(t, []string{"b"}, at(now, true).lost)
		require.Equal(t, []string{"b"}, at(now+trial-1, true).lost)
		require.Equal(t, []string{"b"}, at(now+trial-1, false).lost, "it has not held")
		require.Equal(t, []string{"b"}, at(now+trial, true).lost)
		require.Equal(t, []string{"b"}, at(now+2*trial-1, true).lost)
		require.Equal(t, []string{"b"}, at(now+2*trial, true).reached)
		at(now+2*trial, false)
		require.Equal(t, []string{"b"}, at(now+2*trial+20, false).lost)
	}
	now := r.to["b"].since + 1000
	at(now, true)
	require.Equal(t, []string{"b"}, at(now+mostTrial, true).reached)
	at(now+2*mostTrial, true) // it has held for so long that the past is forgotten
	at(now+2*mostTrial, false)
	at(now+2*mostTrial+20, false)
	at(now+2*mostTrial+30, true)
	require.Equal(t, []string{"b"}, at(now+2*mostTrial+50, true).reached)

	require.Empty(t, r.observe(now, nodes[:1], nil, nil).reached)
	require.Empty(t, r.to, "what is dead is forgotten")
}

func TestANodeThatNobodyReachesWithdraws(t *testing.T) {
	three := []competition.Node{live("a", 1), live("b", 1), live("c", 1)}
	r := newReach("c", ttl)
	require.True(t, r.observe(0, three[2:], nil, nil).heard, "it is alone")
	require.True(t, r.observe(100, three[2:], nil, nil).heard, "it is alone")
	o := r.observe(101, three, []string{"a", "b"}, nil)
	require.False(t, o.heard, "P2: the others have to connect first")
	require.False(t, o.withdrawn)
	require.False(t, r.observe(119, three, []string{"a", "b"}, nil).withdrawn)
	o = r.observe(120, three, []string{"a", "b"}, nil)
	require.True(t, o.withdrawn, "P3")
	require.False(t, o.cutOff())
	o = r.observe(122, three, []string{"a", "b"}, []string{"dead"})
	require.True(t, o.withdrawn, "nodes that are dead may connect, too")
	o = r.observe(123, three, []string{"a", "b"}, []string{"b"})
	require.True(t, o.heard, "one is enough")
	require.False(t, o.withdrawn)

	for _, c := range []struct {
		name  string
		self  string
		nodes []competition.Node
		want  bool
	}{
		{"two that do not reach each other: the lowest id stays", "a", three[:2], false},
		{"and the other one does not", "b", three[:2], true},
		{"of three one that is not the lowest goes", "b", three, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReach(c.self, ttl)
			r.observe(0, c.nodes, nil, nil)
			o := r.observe(20, c.nodes, nil, nil)
			require.Equal(t, c.want, o.withdrawn)
			require.Equal(t, c.want, o.cutOff())
		})
	}
}

func TestPlaces(t *testing.T) {
	living := []candidate{candidateOf("a"), candidateOf("b"), candidateOf("c")}
	ids := func(places []candidate) (ids string) {
		for _, p := range places {
			ids += p.id
		}
		return ids
	}
	for _, c := range []struct {
		name string
		o    *outlook
		want string
	}{
		{"nothing is known of links", nil, "abc"},
		{"all reach each other", &outlook{heard: true, reached: []string{"b", "c"}}, "abc"},
		{"one is not reached", &outlook{heard: true, reached: []string{"c"}, lost: []string{"b"}}, "ac"},
		{"it was not heard of yet", &outlook{reached: []string{"b", "c"}}, "bc"},
		{"nor were the others: it is left", &outlook{}, ""},
		{"withdrawn", &outlook{withdrawn: true, reached: []string{"b"}}, "b"},
		{"cut off", &outlook{withdrawn: true, lost: []string{"b", "c"}}, "bc"},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, ids(c.o.places("a", living))) })
	}
}

// TestBoardsComeToRestWhateverIsCut: whichever node reaches which, a competition that is
// handed from node to node, each time to the one that it belongs to as far as its owner
// knows, stays with one that has not withdrawn, and some node claims it if it is asked.
func TestBoardsComeToRestWhateverIsCut(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 9))
	withdrew := 0
	for range 3000 {
		size := 2 + random.IntN(5)
		var nodes []competition.Node
		for i := range size {
			nodes = append(nodes, live(fmt.Sprintf("n%d", i), 1))
		}
		share := random.Float64() // of links that are up
		to, from := make([][]string, size), make([][]string, size)
		for i := range size {
			for j := range size {
				if i != j && random.Float64() < share {
					to[i], from[j] = append(to[i], nodes[j].ID), append(from[j], nodes[i].ID)
				}
			}
		}
		all := make([]*routes, size)
		for i := range all {
			r := newReach(nodes[i].ID, ttl)
			r.observe(0, nodes, to[i], from[i])
			o := r.observe(100, nodes, to[i], from[i])
			all[i] = newRoutes(nodes[i].ID)
			all[i].update(nodes, false, o, nil)
			if o.withdrawn {
				withdrew++
			}
			for k := range 20 {
				home := all[i].home(fmt.Sprint(k))
				require.True(t, o.cutOff() || home == nodes[i].ID || slices.Contains(to[i], home), "nothing is placed where it cannot be reached")
				require.False(t, o.withdrawn && home == nodes[i].ID)
			}
		}
		for k := range 20 {
			id, claims := fmt.Sprint(k), 0
			for i := range all {
				at := i
				for hops := 0; all[at].home(id) != nodes[at].ID && !all[at].view.Load().outlook.cutOff(); hops++ {
					require.Less(t, hops, size, "it goes round")
					at = find(nodes, all[at].home(id))
				}
				if all[i].home(id) == nodes[i].ID {
					claims++
				}
			}
			require.Positive(t, claims)
		}
	}
	require.Positive(t, withdrew)
}
