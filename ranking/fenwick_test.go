package ranking

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestFenwickIsARunningSum compares the tree with sums over the plain lengths.
func TestFenwickIsARunningSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOfN(rapid.IntRange(1, 5), 1, 40).Draw(t, "lengths")
		blocks := make([][]Entry, len(lengths))
		for i, length := range lengths {
			blocks[i] = make([]Entry, length)
		}
		tree := fenwick{9, 9, 9}.rebuild(blocks)

		i := rapid.IntRange(0, len(lengths)-1).Draw(t, "changed")
		delta := rapid.IntRange(1-lengths[i], 3).Draw(t, "delta")
		lengths[i] += delta
		tree.add(i, delta)

		sum := 0
		for i, length := range lengths {
			require.Equal(t, sum, tree.before(i))
			for p := range length {
				gotI, gotP := tree.find(sum + p)
				require.Equal(t, []int{i, p}, []int{gotI, gotP})
			}
			sum += length
		}
		require.Equal(t, sum, tree.before(len(lengths)))
	})
}
