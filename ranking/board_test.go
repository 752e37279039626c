package ranking

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOrder(t *testing.T) {
	for _, test := range []struct {
		name          string
		tie           Tie
		better, worse Entry
	}{
		{"the higher score stands before", nil, Entry{2, 9, 9}, Entry{1, 1, 1}},
		{"a score may be negative", nil, Entry{-1, 9, 9}, Entry{-2, 1, 1}},
		{"scores compare over the whole range", nil, Entry{math.MaxInt64, 9, 9}, Entry{math.MinInt64, 1, 1}},
		{"of equal scores, the one reached first", nil, Entry{2, 1, 9}, Entry{2, 9, 1}},
		{"seqs compare over the whole range", nil, Entry{2, 0, 9}, Entry{2, math.MaxUint64, 1}},
		{"without a tie, the lower member number", nil, Entry{2, 1, 9}, Entry{2, 1, 10}},
		{"with a tie, what it says", userTie, Entry{2, 1, 10}, Entry{2, 1, 9}},
		{"a tie has no say about scores", userTie, Entry{2, 1, 9}, Entry{1, 1, 10}},
		{"a tie has no say about seqs", userTie, Entry{2, 1, 9}, Entry{2, 2, 10}},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := []Entry{test.better, test.worse}
			inserted := New(test.tie)
			inserted.Insert(test.worse)
			inserted.Insert(test.better)
			require.Equal(t, want, inserted.Page(nil, 0, 2))
			require.Equal(t, want, Build([]Entry{test.worse, test.better}, test.tie).Page(nil, 0, 2))
		})
	}
}

func TestTieIsNeverAskedAboutOneMember(t *testing.T) {
	board := New(func(a, b uint32) bool {
		require.NotEqual(t, a, b)
		return a < b
	})
	for member := range uint32(1_000) {
		board.Insert(Entry{Score: 1, Reached: 1, Member: member})
	}
	rank, ok := board.Move(Entry{1, 1, 500}, Entry{1, 1, 500})
	require.True(t, ok)
	require.Equal(t, 501, rank)
}

func TestEmptyBoard(t *testing.T) {
	for name, board := range map[string]*Board{
		"new":             New(nil),
		"built of nil":    Build(nil, nil),
		"built of none":   Build([]Entry{}, nil),
		"emptied by hand": emptied(),
	} {
		t.Run(name, func(t *testing.T) {
			e := Entry{Score: 1}
			require.NoError(t, check(board))
			require.Zero(t, board.Len())
			require.False(t, board.Remove(e))
			_, ok := board.Rank(e)
			require.False(t, ok)
			_, ok = board.Move(e, e)
			require.False(t, ok)
			_, _, ok = board.Around(nil, e, 5)
			require.False(t, ok)
			require.Nil(t, board.Page(nil, 0, 100))
		})
	}
}

func emptied() *Board {
	board := Build(ascending(3), nil)
	for _, e := range ascending(3) {
		board.Remove(e)
	}
	return board
}

func TestMoveToTheSamePlaceTellsTheRank(t *testing.T) {
	board := Build(ascending(1_000), nil)
	for _, test := range []struct{ from, to Entry }{
		{Entry{700, 700, 700}, Entry{700, 700, 700}},
		{Entry{999, 999, 999}, Entry{2_000, 1_000, 999}},
		{Entry{0, 0, 0}, Entry{-1, 1_000, 0}},
	} {
		before, ok := board.Rank(test.from)
		require.True(t, ok)
		after, ok := board.Move(test.from, test.to)
		require.True(t, ok)
		require.Equal(t, before, after)
		require.NoError(t, check(board))
	}
}

func TestPage(t *testing.T) {
	board := buildSized(ascending(10), nil, 4)
	ranks := func(first, last int64) (entries []Entry) { // rank 1 has score 9
		for rank := first; rank <= last; rank++ {
			entries = append(entries, Entry{10 - rank, uint64(10 - rank), uint32(10 - rank)})
		}
		return entries
	}
	for _, test := range []struct {
		name          string
		offset, limit int
		want          []Entry
	}{
		{"the top", 0, 3, ranks(1, 3)},
		{"a page across blocks", 2, 6, ranks(3, 8)},
		{"one entry", 9, 1, ranks(10, 10)},
		{"fewer at the end", 8, 5, ranks(9, 10)},
		{"the largest limit", 1, math.MaxInt, ranks(2, 10)},
		{"nothing after the end", 10, 1, nil},
		{"nothing far after the end", math.MaxInt, math.MaxInt, nil},
		{"a negative offset is 0", -5, 2, ranks(1, 2)},
		{"limit 0", 0, 0, nil},
		{"a negative limit is 0", 0, math.MinInt, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, board.Page(nil, test.offset, test.limit))
			kept := Entry{Score: 77}
			require.Equal(t, append([]Entry{kept}, test.want...), board.Page([]Entry{kept}, test.offset, test.limit))
		})
	}
}

func TestAround(t *testing.T) {
	board := buildSized(ascending(10), nil, 4)
	for _, test := range []struct {
		name         string
		score        int64 // of the member asked about; 9 is rank 1
		radius       int
		first, last  int64 // scores
		wantFirst    int
		wantElements int
	}{
		{"in the middle", 5, 2, 7, 3, 3, 5},
		{"only itself", 5, 0, 5, 5, 5, 1},
		{"a negative radius is 0", 5, -3, 5, 5, 5, 1},
		{"cut short at the top", 8, 3, 9, 5, 1, 5},
		{"cut short at the foot", 0, 2, 2, 0, 8, 3},
		{"everybody", 4, math.MaxInt, 9, 0, 1, 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := Entry{test.score, uint64(test.score), uint32(test.score)}
			kept := Entry{Score: 77}
			entries, first, ok := board.Around([]Entry{kept}, e, test.radius)
			require.True(t, ok)
			require.Equal(t, test.wantFirst, first)
			require.Len(t, entries, 1+test.wantElements)
			require.Equal(t, kept, entries[0])
			require.Equal(t, test.first, entries[1].Score)
			require.Equal(t, test.last, entries[len(entries)-1].Score)
		})
	}
}

func TestAnEntryTwicePanics(t *testing.T) {
	twice := Entry{Score: 5, Reached: 5, Member: 5}
	require.Panics(t, func() { Build([]Entry{{Score: 1}, twice, {Score: 9}, twice}, nil) })
	require.Panics(t, func() { Build(ascending(9), nil).Insert(twice) })
	require.Panics(t, func() { Build(ascending(9), nil).Move(Entry{1, 1, 1}, twice) })
	require.Panics(t, func() { buildSized(ascending(9), nil, 2).Move(Entry{1, 1, 1}, twice) })
}

func TestPagesAreCopies(t *testing.T) {
	board := Build(ascending(10), nil)
	clear(board.Page(nil, 0, 10))
	want := ascending(10)
	slices.Reverse(want)
	require.Equal(t, want, board.Page(nil, 0, 10))
}
