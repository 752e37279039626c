package main

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/cmd/internal/monitoring"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// needPrometheus skips a test that needs one of Prometheus' programs, except in CI.
func needPrometheus(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(program + " is missing: tools/install-test-needs installs it")
		}
		t.Skip(program + " is missing: tools/install-test-needs installs it")
	}
}

// measuredServers are servers that have all metrics between them: an embedded one with
// all that can be attached to it, and a node of a cluster.
func measuredServers(t *testing.T) []*instance {
	t.Helper()
	all := []*instance{
		startServer(t, t.TempDir(), "--redis-url", testservers.Redis(t).URL(), "--supabase-url", "http://127.0.0.1:1",
			"--payout-webhook-url", "http://127.0.0.1:1", "PAYOUT_WEBHOOK_SECRET="+testSecret, "--journal-retention", "720h", "--archive", t.TempDir()),
		startNode(t, newDatabase(t)),
	}
	for _, s := range all {
		s.createSpring("spring")
	}
	return all
}

// TestMetrics: they are as Prometheus wants them, the documentation has all of them, and
// what the alerts and the dashboard ask for is there. UPDATE=1 writes the documentation.
func TestMetrics(t *testing.T) {
	t.Parallel()
	needPrometheus(t, "promtool")
	help := map[string]string{} // what "type" and help say, by the name
	families := regexp.MustCompile(`(?m)^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$`)
	for _, s := range measuredServers(t) {
		status, answer := s.call(http.MethodGet, "/metrics", operatorToken(t), "")
		require.Equal(t, http.StatusOK, status)
		check := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
		check.Stdin = strings.NewReader(string(answer))
		out, err := check.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Empty(t, string(out))
		for _, m := range families.FindAllStringSubmatch(string(answer), -1) {
			help[m[1]] = m[3] + " | " + strings.ReplaceAll(m[2], "|", `\|`)
		}
	}
	names := regexp.MustCompile(`\b(?:paceboard|go|process)_[a-z0-9_]+\b`)
	histograms := regexp.MustCompile(`_(?:bucket|sum|count)$`)
	requireKnown := func(expr string) {
		for _, name := range names.FindAllString(expr, -1) {
			family := name
			if _, ok := help[family]; !ok {
				family = histograms.ReplaceAllString(name, "")
			}
			require.Contains(t, help, family, expr)
		}
	}
	for i := range monitoring.Alerts {
		requireKnown(monitoring.Alerts[i].Expr)
	}
	for _, p := range monitoring.Panels {
		for _, q := range p.Queries {
			requireKnown(q.Expr)
		}
	}
	requireMetricsDocumented(t, help)
}

// requireMetricsDocumented holds the table of metrics in the documentation against what
// servers have.
func requireMetricsDocumented(t *testing.T, help map[string]string) {
	t.Helper()
	var table strings.Builder
	table.WriteString("| metric | type | meaning |\n| --- | --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(help)) {
		if strings.HasPrefix(name, "paceboard_") {
			fmt.Fprintf(&table, "| `%s` | %s |\n", name, help[name])
		}
	}
	const path, begins, ends = "../../docs/operations.md", "<!-- metrics, generated -->\n", "<!-- end of metrics -->"
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), begins)
	require.True(t, found)
	documented, after, found := strings.Cut(rest, ends)
	require.True(t, found)
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.WriteFile(path, []byte(before+begins+table.String()+ends+after), 0o644))
		return
	}
	require.Equal(t, table.String(), documented, "docs/operations.md: UPDATE=1 go test -run TestMetrics ./cmd/paceboard writes it")
}
