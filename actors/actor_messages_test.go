package actors

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhatCallersMayRun: besides syncs, what belongs to them, and nothing that may take longer.
func TestWhatCallersMayRun(t *testing.T) {
	require.True(t, brief(&flush{}))
	require.True(t, brief(&appended{}))
	require.False(t, brief(&retry{}))
}
