package competition

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStoredMarkIsThatOfTheRecoveredState(t *testing.T) {
	seen := map[string]bool{}
	for _, snapshotAt := range []uint64{0, 1, 3, 5} {
		s := life(t, snapshotAt)
		id := recovered(t, s).ID()
		for _, from := range []*store{s, s.withoutSnapshot()} {
			mark, err := StoredMark(t.Context(), id, from)
			require.NoError(t, err)
			require.Equal(t, recovered(t, from).Mark(), mark)
			seen[mark] = true
		}
	}
	require.Len(t, seen, 1, "the same life")
	nobody, err := StoredMark(t.Context(), "nobody", newStore())
	require.NoError(t, err)
	require.Equal(t, New("nobody", nil).Mark(), nobody)
	require.NotEqual(t, New("other", nil).Mark(), nobody)
}

// flaky is a mirror whose nth write fails.
type flaky struct {
	fails, writes int
	members       map[string]int64
	shown         *MirrorShow
}

var errFlaky = errors.New("not now")

func (f *flaky) Write(_ context.Context, writes []MirrorWrite) (Written, error) {
	if f.writes++; f.writes == f.fails {
		return Written{}, errFlaky
	}
	for _, e := range writes[0].Entries {
		f.members[e.UserID] = e.Score
	}
	f.shown = writes[0].Show
	return Written{Errs: []error{nil}}, nil
}

func (*flaky) Look(context.Context, []string) ([]Mirrored, error) { return nil, errFlaky }

func (*flaky) Members(context.Context, string, func(string, float64) error) error { return errFlaky }

func TestRedrawWritesEverybodyAndThenShowsIt(t *testing.T) {
	const people = 2*MirrorChunk + 1
	c := crowd(people)
	f := &flaky{members: map[string]int64{}}
	told := 0
	require.NoError(t, c.Redraw(t.Context(), f, "d", MirrorShow{Over: "x"}, func(n int) { told += n }))
	require.Equal(t, 3, f.writes)
	require.Equal(t, people, told)
	want := map[string]int64{}
	for _, e := range c.Page(nil, 0, people).Entries {
		want[e.UserID] = e.Score
	}
	require.Equal(t, want, f.members)
	require.Equal(t, &MirrorShow{Over: "x", Mark: c.Mark()}, f.shown)

	f = &flaky{fails: 2, members: map[string]int64{}}
	require.ErrorIs(t, c.Redraw(t.Context(), f, "d", MirrorShow{}, nil), errFlaky)
	require.Nil(t, f.shown)
}

func TestMirrorEntriesAreThoseOfTheBoard(t *testing.T) {
	c := crowd(100)
	page := c.Page(nil, 0, 100).Entries
	numbers := make([]uint32, 100)
	for i := range numbers {
		numbers[i] = uint32(i + 1)
	}
	entries := c.MirrorEntries(nil, numbers)
	slices.SortFunc(entries, func(a, b MirrorEntry) int { return a.Rank - b.Rank })
	for i, e := range entries {
		require.Equal(t, MirrorEntry{UserID: page[i].UserID, Present: true, Score: page[i].Score, Rank: i + 1, At: page[i].UpdatedAt}, e)
	}
}
