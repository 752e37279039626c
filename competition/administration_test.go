package competition_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestScopesGrantThemselvesAndPayoutsGoWithPrizes: and nothing else goes with
// anything. Names are those that were granted, so that they read back as such.
func TestScopesGrantThemselvesAndPayoutsGoWithPrizes(t *testing.T) {
	words := strings.Split(competition.AllScopeNames(), ", ")
	for _, granted := range words {
		scope, known := competition.ParseScope(granted)
		require.True(t, known)
		require.Equal(t, []string{granted}, scope.Names())
		for _, asked := range words {
			wanted, _ := competition.ParseScope(asked)
			require.Equal(t, granted == asked || granted == "prizes" && asked == "payouts", scope.Has(wanted), "%s for %s", granted, asked)
		}
	}
	_, known := competition.ParseScope("all")
	require.False(t, known)
}
