package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHeadroomHardlyDependsOnWhatIsKept: it is 64 MiB, or a twelfth of a large
// heap, and never more than sixteen times a small one.
func TestHeadroomHardlyDependsOnWhatIsKept(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct{ kept, least, most uint64 }{
		{0, 0, 0},
		{1 * mib, 13 * mib, 16 * mib},
		{4 * mib, 50 * mib, 64 * mib},
		{50 * mib, 50 * mib, 64 * mib},
		{200 * mib, 50 * mib, 64 * mib},
		{512 * mib, 60 * mib, 64 * mib},
		{900 * mib, 70 * mib, 75 * mib},
		{8000 * mib, 600 * mib, 670 * mib},
	} {
		got := c.kept * uint64(gcPercent(c.kept)) / 100
		require.GreaterOrEqual(t, got, c.least, "%d MiB", c.kept/mib)
		require.LessOrEqual(t, got, c.most, "%d MiB", c.kept/mib)
	}
}
