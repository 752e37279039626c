package mirror

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The memory for the changes while the mirror is away depends on who changed, not on
// how often.
func TestMirrorAwayTakesBoundedMemory(t *testing.T) {
	var c Changes
	taken := 0
	for n := range uint32(1_000_000) {
		c.note(1 + n*7919%1000)
		if n%3 == 0 {
			taken += len(c.take(1))
		}
	}
	require.LessOrEqual(t, c.pending(), 1000)
	require.LessOrEqual(t, cap(c.numbers), 8192)
	require.LessOrEqual(t, cap(c.noted), 64)
	require.Positive(t, taken)
}

func TestTheMirrorIsToldOnceUntilItPulls(t *testing.T) {
	c := Since("a state")
	require.False(t, c.Told())
	require.True(t, c.Told())
	answer := make(chan pulled, 1)
	c.Answer(&Pull{answer: answer}, nil)
	require.True(t, (<-answer).absent)
	require.False(t, c.Told())
}
