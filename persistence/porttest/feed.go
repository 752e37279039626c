package porttest

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// feedRules hold competition.FeedStore.
var feedRules = []rule{
	{"published records, and all records, are read between any two seqs", func(t *testing.T, h *harness) {
		rng := rand.New(rand.NewPCG(3, 3))
		g := h.begin(t, "board")
		other := h.begin(t, "board2")
		syncs(t, other, 100, "zoe")
		commit(t, other)
		for size := 1; size < 40; size += 1 + size/3 {
			g.Play(rng, size)
			commit(t, g)
		}
		last := g.C.Seq()
		all := Seqs(t, "board", Records(t, h.store, "board", 0))
		for range 60 {
			after := rng.Uint64N(last + 1)
			upTo := after + rng.Uint64N(last-after+1)
			var want [][]byte
			for _, record := range all[after:upTo] {
				if competition.IsPublished(record) {
					want = append(want, record)
				}
			}
			require.Equal(t, want, events(t, h, "board", after, upTo), "from %d to %d", after, upTo)
			var records [][]byte
			require.NoError(t, h.store.ReadRecords(t.Context(), "board", after, upTo, func(record []byte) error {
				records = append(records, append([]byte(nil), record...))
				return nil
			}))
			require.Len(t, records, int(upTo-after))
			for i, record := range records {
				require.Equal(t, all[after:upTo][i], record)
			}
		}
		require.NotEmpty(t, events(t, h, "board", 0, last))
	}},

	{"an error of the visitor ends the reading of a feed and is returned", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		stop, visits := errors.New("stop"), 0
		require.ErrorIs(t, h.store.ReadEvents(t.Context(), "board", 0, g.C.Seq(), func([]byte) error { visits++; return stop }), stop)
		require.Equal(t, 1, visits)
	}},

	{"a feed ends where the journal does", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		none := func([]byte) error { return nil }
		require.ErrorIs(t, h.store.ReadEvents(t.Context(), "board", 0, g.C.Seq()+1, none), competition.ErrCorrupt)
		require.NoError(t, h.store.ReadEvents(t.Context(), "board", g.C.Seq(), g.C.Seq(), none))
	}},

	{"a feed says where it begins after old records were removed", func(t *testing.T, h *harness) {
		old, ok := h.store.(interface {
			Retain(ctx context.Context, olderThan time.Time, step int) (int64, error)
		})
		if !ok {
			t.Skip("this store keeps everything")
		}
		g := h.begin(t, "board")
		for _, user := range []string{"ann", "bob", "eve"} {
			require.NoError(t, g.Join(user, ""))
			commit(t, g)
		}
		h.snapshot(t, g)
		removed := must(old.Retain(t.Context(), time.Now().AddDate(100, 0, 0), 0))(t)
		require.Positive(t, removed)
		last := g.C.Seq()
		err := h.store.ReadEvents(t.Context(), "board", 0, last, func([]byte) error { return nil })
		require.ErrorIs(t, err, competition.ErrEventsRemoved)
		gone, ok := errors.AsType[*competition.EventsRemovedError](err)
		require.True(t, ok)
		require.Equal(t, uint64(removed)+1, gone.First)
		require.Len(t, events(t, h, "board", gone.First-1, last), int(last-gone.First+1))
	}},

	{"some identities are read by number, as they were written last", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		for i := range 300 {
			require.NoError(t, g.Join(userOf(i), "First"))
		}
		require.NoError(t, g.Join(userOf(6), "Second"))
		commit(t, g)
		all := Identities(t, h.store, "board")
		got := must(h.store.IdentitiesOf(t.Context(), "board", []uint32{0, 7, 256, 300, 301}))(t)
		require.Equal(t, []competition.Identity{all[0], all[7], all[256], all[300]}, got)
		require.Equal(t, "Second", got[1].UserName)
		require.Empty(t, must(h.store.IdentitiesOf(t.Context(), "nobody", []uint32{1}))(t))
	}},
}

// events are copies of the published records between two seqs.
func events(t *testing.T, h *harness, id string, after, upTo uint64) (records [][]byte) {
	t.Helper()
	require.NoError(t, h.store.ReadEvents(t.Context(), id, after, upTo, func(record []byte) error {
		records = append(records, append([]byte(nil), record...))
		return nil
	}))
	return records
}
