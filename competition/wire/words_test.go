package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWordsAreReadBackAndNothingElseIs(t *testing.T) {
	type colour uint8
	words := []string{1: "red", 2: "green"}
	for _, c := range []colour{1, 2} {
		back, ok := ParseWord[colour](words, Word(words, c))
		require.True(t, ok)
		require.Equal(t, c, back)
	}
	for _, c := range []colour{0, 3, 255} {
		require.Equal(t, "unknown", Word(words, c))
	}
	for _, word := range []string{"", "unknown", "Red", "blue"} {
		_, ok := ParseWord[colour](words, word)
		require.False(t, ok, word)
	}
}
