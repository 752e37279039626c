package testservers

import (
	"context"
	"errors"
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
	tps, err := RunPgbench(tb.Context(), databaseURL, script, clients, duration)
	if errors.Is(err, errMissing) {
		return 0, false
	}
	if err != nil {
		tb.Fatal(err)
	}
	return tps, true
}

// RunPgbench is Pgbench outside of a test; that there is none is an error.
func RunPgbench(ctx context.Context, databaseURL, script string, clients int, duration time.Duration) (tps float64, err error) {
	program, ok := find("pgbench")
	if !ok {
		return 0, fmt.Errorf("pgbench: %w", errMissing)
	}
	dir, err := os.MkdirTemp("", "paceboard-pgbench-")
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "script.sql")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return 0, fmt.Errorf("pgbench: %w", err)
	}
	//nolint:gosec // G204: the tests' own program.
	output, err := exec.CommandContext(ctx, program, "--no-vacuum", "--protocol=prepared", "--file", file,
		"--client", strconv.Itoa(clients), "--jobs", "2", "--time", fmt.Sprintf("%.0f", max(duration.Seconds(), 1)), databaseURL).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, output)
	}
	found := tpsLine.FindSubmatch(output)
	if found == nil {
		return 0, fmt.Errorf("pgbench said no tps: %s", output)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}
