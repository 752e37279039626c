package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestQuickRun is the command of docs/scale.md, with a plot.
func TestQuickRun(t *testing.T) {
	require.NoError(t, run(1, true, 2, t.TempDir()))
	path := filepath.Join(t.TempDir(), "scale.svg")
	require.NoError(t, study(1, true).plot(path))
	drawn, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(drawn), "node killed")
	require.NotContains(t, string(drawn), "NaN")
}

// TestStoredFiguresAreThoseOfThisProgram compares what docs/scale.md shows with
// what the arithmetic says now: after a change, run the command without -quick.
func TestStoredFiguresAreThoseOfThisProgram(t *testing.T) {
	text, err := os.ReadFile("../results/scale.json")
	require.NoError(t, err)
	var stored studyReport
	require.NoError(t, json.Unmarshal(text, &stored))
	require.Equal(t, unitCosts(), stored.Costs)
	var plans []plan
	for _, p := range profiles() {
		for _, users := range []float64{1e6, 1e7, 1e8} {
			plans = append(plans, planFor(users, p))
		}
	}
	require.Equal(t, plans, stored.Plans)
	require.Len(t, stored.Hours, 24)
}
