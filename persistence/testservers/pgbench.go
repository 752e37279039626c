package testservers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

var tpsLine = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

// Pgbench runs a script of pgbench's against a database, from so many
// connections for so long, and returns transactions a second. It is the measure
// that PostgreSQL's own people use, so that our figures have a neighbour. ok is
// false where there is no pgbench.
func Pgbench(tb testing.TB, databaseURL, script string, clients int, duration time.Duration) (tps float64, ok bool) {
	tb.Helper()
	program, ok := find("pgbench")
	if !ok {
		return 0, false
	}
	file := filepath.Join(tb.TempDir(), "script.sql")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		tb.Fatal(err)
	}
	//nolint:gosec // G204: the tests' own program.
	output, err := exec.CommandContext(tb.Context(), program, "--no-vacuum", "--protocol=prepared", "--file", file,
		"--client", strconv.Itoa(clients), "--jobs", "2", "--time", fmt.Sprintf("%.0f", max(duration.Seconds(), 1)), databaseURL).CombinedOutput()
	if err != nil {
		tb.Fatalf("pgbench: %v: %s", err, output)
	}
	found := tpsLine.FindSubmatch(output)
	if found == nil {
		tb.Fatalf("pgbench said no tps: %s", output)
	}
	if tps, err = strconv.ParseFloat(string(found[1]), 64); err != nil {
		tb.Fatal(err)
	}
	return tps, true
}
