package http

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// TestReasonsOfClosingFit in a control frame, and stay UTF-8 wherever they are cut.
func TestReasonsOfClosingFit(t *testing.T) {
	require.Equal(t, strings.Repeat("x", 123), shortReason(strings.Repeat("x", 123)))
	for from := range 4 {
		short := shortReason(strings.Repeat("x", from) + strings.Repeat("é", 64) + "日本語")
		require.LessOrEqual(t, len(short), 123)
		require.Greater(t, len(short), 115)
		require.True(t, utf8.ValidString(short), "%q", short)
	}
}
