package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write .env.example anew from the table")

// envExample is what .env.example must be: every setting, commented out, with its default.
func envExample() string {
	var text strings.Builder
	text.WriteString(`# Paceboard's settings: copy this file to .env and set what should not be the default.
# Flags win over the environment, and that wins over .env. An empty value stands for the default.
# Instead of a secret, NAME_FILE may name a file that has it. Both at once are refused.
# Put values with $, # or spaces into single quotes: "$" begins a variable elsewhere.
# Written from the table in config/table.go by: go test ./config -update
`)
	group := ""
	for _, row := range table {
		if row.flagOnly {
			continue
		}
		if row.group != group {
			group = row.group
			text.WriteString("\n## " + group + "\n")
		}
		text.WriteString("\n# " + strings.ToUpper(row.meaning[:1]) + row.meaning[1:])
		text.WriteString(" (" + row.unit)
		if row.defNote != "" {
			text.WriteString("; unset: " + row.defNote)
		}
		if row.reloads {
			text.WriteString("; read again at SIGHUP")
		}
		text.WriteString(").\n# " + row.name + "=" + row.def + "\n")
		if file := row.file(); file != nil {
			text.WriteString("# " + file.name + "=\n")
		}
	}
	return text.String()
}

func TestEnvExampleHasNotDrifted(t *testing.T) {
	path := filepath.Join("..", ".env.example")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(envExample()), 0o644)) // #nosec G306 -- it is meant to be read.
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, envExample(), string(got), "run: go test ./config -update")
}

// TestEnvExampleStatesTheDefaults takes every line of the file into force: nothing may change by it.
func TestEnvExampleStatesTheDefaults(t *testing.T) {
	var lines []string
	for line := range strings.Lines(envExample()) {
		if entry, ok := strings.CutPrefix(line, "# "); ok && strings.Contains(strings.SplitN(entry, " ", 2)[0], "=") {
			lines = append(lines, strings.TrimSpace(entry))
		}
	}
	require.Len(t, lines, len(table)-3+len(inFiles(serve.rows())), "all but --dev, --demo and --check, and the files")

	want, err := Load([]string{"--dev"}, nil, "")
	require.NoError(t, err)
	got, err := Load([]string{"--dev"}, nil, envFile(t, lines...))
	require.NoError(t, err)
	require.Equal(t, want, got)
}
