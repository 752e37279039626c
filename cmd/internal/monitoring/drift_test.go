package monitoring

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../../.."

// TestNothingHasDrifted: the files are those that the tables make. UPDATE=1 writes them.
func TestNothingHasDrifted(t *testing.T) {
	dashboard, err := Dashboard()
	require.NoError(t, err)
	operations, err := os.ReadFile(filepath.Join(root, "docs", "operations.md"))
	require.NoError(t, err)
	for path, want := range map[string]string{
		"deploy/prometheus/paceboard.rules.yaml": Rules(Cut{}),
		"deploy/prometheus/paceboard.test.yaml":  RulesTests(),
		"deploy/grafana/paceboard.json":          string(dashboard) + "\n",
		"docs/operations.md":                     between(t, string(operations), "alerts", Table()),
	} {
		path = filepath.Join(root, path)
		if os.Getenv("UPDATE") != "" {
			require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
			continue
		}
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, want, string(got), "%s is not what this package makes: UPDATE=1 go test ./cmd/internal/monitoring", path)
	}
}

// between replaces what stands between two marks of a text.
func between(t *testing.T, text, mark, with string) string {
	t.Helper()
	before, rest, found := strings.Cut(text, "<!-- "+mark+", generated -->\n")
	require.True(t, found)
	_, after, found := strings.Cut(rest, "<!-- end of "+mark+" -->\n")
	require.True(t, found)
	return before + "<!-- " + mark + ", generated -->\n" + with + "<!-- end of " + mark + " -->\n" + after
}

// TestRules: Prometheus reads them, each alert fires for its series and is quiet for
// others, and each leads to its row in the documentation.
func TestRules(t *testing.T) {
	promtool(t, "check", "rules", "paceboard.rules.yaml")
	promtool(t, "test", "rules", "paceboard.test.yaml")
	operations, err := os.ReadFile(filepath.Join(root, "docs", "operations.md"))
	require.NoError(t, err)
	names := map[string]bool{}
	for _, a := range Alerts {
		require.False(t, names[a.Name], a.Name)
		names[a.Name] = true
		require.Contains(t, string(operations), `<a id="`+a.Anchor()+`"></a>`+a.Name)
		require.NotEmpty(t, a.Fires, a.Name)
		require.NotEmpty(t, a.Quiet, a.Name)
	}
}

// TestQueriesAreSound: as Prometheus parses them.
func TestQueriesAreSound(t *testing.T) {
	rules := "groups: [{name: queries, rules: [\n"
	for _, p := range Panels {
		for _, q := range p.Queries {
			expr := strings.NewReplacer("$__rate_interval", "1m", "$instance", ".*").Replace(q.Expr)
			rules += "  {record: 'x:y:z" + "', labels: {n: " + quoted(p.Title+q.Legend) + "}, expr: " + quoted(expr) + "},\n"
		}
	}
	path := filepath.Join(t.TempDir(), "queries.yaml")
	require.NoError(t, os.WriteFile(path, []byte(rules+"]}]\n"), 0o600))
	promtool(t, "check", "rules", path)
}

func promtool(t *testing.T, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("promtool is missing: tools/install-test-needs installs it")
		}
		t.Skip("promtool is missing: tools/install-test-needs installs it")
	}
	command := exec.CommandContext(t.Context(), "promtool", args...)
	command.Dir = filepath.Join(root, "deploy", "prometheus")
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
