package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"

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
