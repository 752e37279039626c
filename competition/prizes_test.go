package competition

import (
	"bytes"
	"flag"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition/ledger"
)

func TestSplitPool(t *testing.T) {
	standard := []int64{60_000, 30_000, 10_000}
	for _, test := range []struct {
		rule          string
		pool          int64
		split, scores []int64
		want          []int64
	}{
		{"percentages of the pool", 100_000, standard, []int64{9, 8, 7}, []int64{60_000, 30_000, 10_000}},
		{"who is below the places gets nothing", 100_000, standard, []int64{9, 8, 7, 6}, []int64{60_000, 30_000, 10_000, 0}},
		{"nobody", 100_000, standard, nil, []int64{}},
		{"one entrant takes all", 100_000, standard, []int64{5}, []int64{100_000}},
		{"two entrants: 60 and 30 of 90", 90_000, standard, []int64{5, 4}, []int64{60_000, 30_000}},
		{"two entrants: a third of a unit is rounded", 100_000, standard, []int64{5, 4}, []int64{66_667, 33_333}},
		{"equal firsts share 60 and 30", 1_000, standard, []int64{9, 9, 7}, []int64{450, 450, 100}},
		{"equal thirds share 10, beyond the last place", 1_000, standard, []int64{9, 8, 7, 7}, []int64{600, 300, 50, 50}},
		{"five equal firsts share all", 1_000, standard, []int64{9, 9, 9, 9, 9}, []int64{200, 200, 200, 200, 200}},
		{"of equals the better rank gets what is left", 1_000, []int64{WholeSplit}, []int64{9, 9, 9}, []int64{334, 333, 333}},
		{"the largest remainder gets what is left", 10, []int64{55_000, 45_000}, []int64{2, 1}, []int64{6, 4}}, // 5.5 and 4.5: equal, so the better rank
		{"a larger remainder goes before a better rank", 10, []int64{52_000, 48_000}, []int64{2, 1}, []int64{5, 5}},
		{"fewer units than places", 1, standard, []int64{3, 2, 1}, []int64{1, 0, 0}},
		{"fewer units than equals", 2, standard, []int64{3, 3, 3}, []int64{1, 1, 0}},
		{"shares that rise are nobody's mistake", 100, []int64{10_000, 90_000}, []int64{2, 1}, []int64{10, 90}},
		{"the largest pool", ledger.MaxAmountMinor, standard, []int64{3, 2, 2}, []int64{600_000_000_000_000, 200_000_000_000_000, 200_000_000_000_000}},
		{"a split to the thousandth of a per cent", 100_000, []int64{33_334, 33_333, 33_333}, []int64{3, 2, 1}, []int64{33_334, 33_333, 33_333}},
	} {
		t.Run(test.rule, func(t *testing.T) {
			require.Equal(t, test.want, SplitPool(test.pool, test.split, test.scores))
			require.Equal(t, test.want, append([]int64{}, naiveSplit(test.pool, test.split, test.scores)...), "the naive one")
		})
	}
}

// drawSplit draws shares above 0 that add up to the whole.
func drawSplit(t *rapid.T) []int64 {
	cuts := rapid.SliceOfNDistinct(rapid.Int64Range(1, WholeSplit-1), 0, 7, rapid.ID).Draw(t, "cuts")
	slices.Sort(cuts)
	var split []int64
	last := int64(0)
	for _, cut := range append(cuts, WholeSplit) {
		split, last = append(split, cut-last), cut
	}
	if rapid.Bool().Draw(t, "falling") {
		slices.SortFunc(split, func(a, b int64) int { return int(b - a) })
	}
	return split
}

var pools = flag.Int("pools", 30_000, "how many random pools TestSplitPoolModel divides")

// TestSplitPoolModel: the same as with fractions, to the last unit; and for
// everything that was paid, what anybody could count.
func TestSplitPoolModel(t *testing.T) {
	t.Parallel() // with a race detector it takes a while
	seen, tied, few := 0, 0, 0
	for seen < *pools { // rapid's own number of checks is that of all other tests too
		rapid.Check(t, func(t *rapid.T) {
			pool := rapid.OneOf(rapid.Int64Range(0, 200), rapid.Int64Range(0, 1_000_000), rapid.Int64Range(ledger.MaxAmountMinor-1000, ledger.MaxAmountMinor)).Draw(t, "pool")
			split := drawSplit(t)
			scores := rapid.SliceOfN(rapid.Int64Range(1, pick[int64](t, "spread", 1, 3, 1_000_000)), 0, 10).Draw(t, "scores")
			slices.SortFunc(scores, func(a, b int64) int { return int(b - a) })

			got := SplitPool(pool, split, scores)
			if want := naiveSplit(pool, split, scores); !slices.Equal(want, got) {
				t.Fatalf("%d by %v among %v is %v, and with fractions %v", pool, split, scores, got, want)
			}

			falling := slices.IsSortedFunc(split, func(a, b int64) int { return int(b - a) })
			total := int64(0)
			for i, minor := range got {
				total += minor
				equal := i > 0 && scores[i] == scores[i-1]
				switch {
				case minor < 0:
					t.Fatal("a prize below 0")
				case i > 0 && (falling || equal) && minor > got[i-1]:
					t.Fatal("a better rank got less")
				case equal && got[i-1]-minor > 1:
					t.Fatal("equals got different shares")
				case equal:
					tied++
				}
			}
			if len(scores) < len(split) {
				few++
			}
			if len(scores) > 0 && total != pool {
				t.Fatal("the amounts do not add up to the pool")
			}
			seen++
		})
	}
	t.Logf("%d pools, %d ties, %d with fewer entrants than places", seen, tied, few)
}

// TestMillionWinners: all of them equal, in one record that can be read again.
func TestMillionWinners(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	d := &PrizesDistributed{PoolMinor: ledger.MaxAmountMinor, Prizes: make([]Winner, MaxWinners)}
	scores := make([]int64, MaxWinners)
	for i := range scores {
		scores[i] = 1
	}
	for i, minor := range SplitPool(ledger.MaxAmountMinor, []int64{WholeSplit}, scores) {
		d.Prizes[i] = Winner{Number: 1<<32 - 1 - uint32(i), Rank: 1<<32 - MaxWinners + i, Minor: minor}
	}
	require.Equal(t, int64(ledger.MaxAmountMinor), d.total())
	writing, reading := NewChain("spring"), NewChain("spring")
	record := writing.Append(nil, &Event{Seq: 1, Detail: d})
	e, rest, err := reading.Next(record)
	require.NoError(t, err)
	require.Empty(t, rest)
	require.True(t, slices.Equal(d.Prizes, e.Detail.(*PrizesDistributed).Prizes))
	t.Logf("%d bytes of at most %d", len(record), maxRecordBytes)
}

func TestRecordsThatNobodyCouldReadAreNotWritten(t *testing.T) {
	chain := NewChain("spring")
	tooLong := &PrizeFailed{Number: 1, Reason: string(bytes.Repeat([]byte("x"), maxRecordBytes))}
	require.Panics(t, func() { chain.Append(nil, &Event{Seq: 1, Detail: tooLong}) })
}
