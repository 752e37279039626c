package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// goodSecret is just long enough for HS256.
const goodSecret = "0123456789abcdef0123456789abcdef"

// envFile writes a .env with the lines given and returns its path.
func envFile(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), ".env")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	return path
}

// mistakes returns those that err lists.
func mistakes(t *testing.T, err error) []Mistake {
	t.Helper()
	var invalid *InvalidError
	require.ErrorAs(t, err, &invalid)
	return invalid.Mistakes
}
