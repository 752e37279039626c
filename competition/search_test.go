package competition

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSearchesSeeLettersOnly: neither the case nor the accents, nor which of two ways an accent was typed.
func TestSearchesSeeLettersOnly(t *testing.T) {
	composed, decomposed := "Jos\u00e9 \u00c5ngstr\u00f6m", "Jose\u0301 A\u030angstro\u0308m"
	for _, name := range []string{composed, decomposed} {
		for _, search := range []string{composed, decomposed, "josé", "JOSE", "angstrom", "Ångström", "é"} {
			l := Listing{Search: search}
			require.True(t, l.Names(&Summary{Definition: Definition{Name: name}}), "%+q in %+q", search, name)
		}
		l := Listing{Search: "joze"}
		require.False(t, l.Names(&Summary{Definition: Definition{Name: name}}))
	}
	require.Equal(t, "зима", folded("ЗИМА"))
	require.Equal(t, "冬", folded("冬"))
	require.Equal(t, "running 😀", folded("Running 😀"))
}
