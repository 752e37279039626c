package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/testservers"
)

func TestCutConnectionsLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	const cuts = 200
	databaseURL := newDatabase(t)
	proxy, throughURL := testservers.NewProxy(t, databaseURL)
	store := open(t, throughURL)
	c := newCrew(t, store, 1, "a", "b", "c")
	places := []testservers.Cut{testservers.CutRequest, testservers.CutAtOnce, testservers.CutAnswer, testservers.CutLastWord}
	stored := map[testservers.Cut]int{}
	for i := range cuts {
		_, err := c.round(t.Context())
		require.NoError(t, err, "between cuts all goes well")
		where := places[i%len(places)]
		proxy.CutNext(where)
		before := c.games[0].C.Seq()
		refused, err := c.round(t.Context())
		require.ErrorIs(t, err, errRefused, "an append that was cut off was acknowledged")
		require.Len(t, refused, len(c.games), "all batches of an append share its fate")
		c.catchUp(t, refused)
		if c.games[0].C.Seq() > before {
			stored[where]++
		}
	}
	require.Equal(t, cuts, proxy.Cuts())
	require.Zero(t, stored[testservers.CutRequest], "what was never completed must not be there")
	require.Equal(t, cuts/len(places), stored[testservers.CutAnswer], "what the server said is stored must be there")
	require.Equal(t, cuts/len(places), stored[testservers.CutLastWord])
	t.Logf("of %d appends that nobody waited for, %d were stored", cuts/len(places), stored[testservers.CutAtOnce])
	c.verify(t, open(t, databaseURL))
}

// Several appends of a competition are under way when the connection is cut
// after one of them.
func TestCutsAmongAppendsUnderWayLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	const cuts, most = 100, 4
	databaseURL := newDatabase(t)
	proxy, throughURL := testservers.NewProxy(t, databaseURL)
	store := open(t, throughURL)
	c := newCrew(t, store, 7, "a")
	g := c.games[0]
	places := []testservers.Cut{testservers.CutRequest, testservers.CutAtOnce, testservers.CutAnswer, testservers.CutLastWord}
	acknowledged, inDoubt := 0, 0
	for cut := 0; cut < cuts; cut = proxy.Cuts() {
		type sent struct {
			batch *competition.Batch
			steps int64
			err   error
		}
		var all []*sent
		answers := make(chan func(), most)
		together := 1 + c.rng.IntN(most)
		if c.rng.IntN(2) == 0 {
			proxy.CutAfter(c.rng.IntN(together), places[cut%len(places)])
		}
		for range together {
			c.steps++
			require.NoError(t, g.Sync("anna", 0, c.steps))
			s := &sent{batch: g.Take(), steps: c.steps}
			all = append(all, s)
			store.AppendNext(t.Context(), []*competition.Batch{s.batch}, func(errs []error) {
				answers <- func() {
					if errs != nil {
						s.err = errs[0]
					}
				}
			})
		}
		for range all {
			(<-answers)()
		}
		failed := false
		for _, s := range all {
			if s.err == nil && !failed { // what comes after a failure is read from the journal, as an actor does
				require.NoError(t, g.Confirm(s.batch))
				c.acked["a"] = append(c.acked["a"], s.steps)
				acknowledged++
				continue
			}
			failed = true
			inDoubt++
		}
		if failed {
			c.catchUp(t, c.games)
		}
	}
	require.NotZero(t, acknowledged)
	c.verify(t, open(t, databaseURL))
	t.Logf("%d appends were acknowledged, %d were in doubt", acknowledged, inDoubt)
}
