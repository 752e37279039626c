package ranking

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// check returns the first broken invariant of the board by its number, nil when all hold.
func check(b *Board) error {
	var last *Entry
	size := 0
	for i, block := range b.blocks {
		for p := range block {
			if last != nil && !b.before(last, &block[p]) {
				return fmt.Errorf("I1: block %d, place %d: %v does not stand before %v", i, p, *last, block[p])
			}
			last = &block[p]
		}
		if len(block) < 1 || len(block) > b.max {
			return fmt.Errorf("I2: block %d holds %d entries", i, len(block))
		}
		if i > 0 && len(b.blocks[i-1])+len(block) <= b.max/2 {
			return fmt.Errorf("I3: blocks %d and %d hold %d and %d", i-1, i, len(b.blocks[i-1]), len(block))
		}
		if i >= len(b.firsts) || b.firsts[i] != block[0] {
			return fmt.Errorf("I4: block %d: wrong first entry", i)
		}
		if i >= len(b.counts) || b.counts.before(i) != size {
			return fmt.Errorf("I5: block %d: wrong count of the %d entries before it", i, size)
		}
		size += len(block)
	}
	if len(b.firsts) != len(b.blocks) {
		return fmt.Errorf("I4: %d first entries for %d blocks", len(b.firsts), len(b.blocks))
	}
	if len(b.counts) != len(b.blocks) || b.counts.before(len(b.blocks)) != size || b.size != size {
		return fmt.Errorf("I5: size %d and %d counts for %d entries", b.size, len(b.counts), size)
	}
	if size == 0 && (b.blocks != nil || b.firsts != nil || b.counts != nil) {
		return fmt.Errorf("I6: an empty board holds memory")
	}
	return nil
}

// TestCheckSeesBrokenInvariants keeps the checker honest, on which all other tests rely.
func TestCheckSeesBrokenInvariants(t *testing.T) {
	for _, test := range []struct {
		broken string
		change func(b *Board)
	}{
		{"I1: two entries changed places", func(b *Board) { slices.Reverse(b.blocks[1][1:]) }},
		{"I1: an entry is there twice", func(b *Board) { b.blocks[1][2] = b.blocks[1][1] }},
		{"I2: a block is empty", func(b *Board) { b.blocks[1] = nil }},
		{"I2: a block is too large", func(b *Board) { b.max = 2 }},
		{"I3: two neighbours are too small", func(b *Board) {
			b.blocks[0], b.blocks[1] = b.blocks[0][:1], b.blocks[1][:1]
		}},
		{"I4: a first entry is stale", func(b *Board) { b.firsts[1].Reached++ }},
		{"I4: a first entry too many", func(b *Board) { b.firsts = append(b.firsts, Entry{}) }},
		{"I5: a count is off", func(b *Board) { b.counts[0]++ }},
		{"I5: the size is off", func(b *Board) { b.size++ }},
		{"I6: an empty board keeps its directory", func(b *Board) {
			*b = Board{tie: b.tie, max: b.max, blocks: b.blocks[:0]}
		}},
	} {
		t.Run(test.broken, func(t *testing.T) {
			board := buildSized(ascending(9), nil, 4)
			require.NoError(t, check(board))
			test.change(board)
			require.ErrorContains(t, check(board), test.broken[:3])
		})
	}
}

// ascending returns n entries of rising scores.
func ascending(n int) []Entry {
	entries := make([]Entry, n)
	for i := range entries {
		entries[i] = Entry{Score: int64(i), Reached: uint64(i), Member: uint32(i)}
	}
	return entries
}
