package embedded

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestKindsOfKeysAreDifferent: two kinds of rows under one letter would be read as
// each other.
func TestKindsOfKeysAreDifferent(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	letters := map[string]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || !strings.HasSuffix(spec.Names[0].Name, "Keys") {
				return true
			}
			letter, ok := spec.Values[0].(*ast.BasicLit)
			if !ok || letter.Kind != token.CHAR {
				return true
			}
			require.Empty(t, letters[letter.Value], "%s has the letter of another kind", spec.Names[0].Name)
			letters[letter.Value] = spec.Names[0].Name
			return true
		})
	}
	require.Greater(t, len(letters), 20)
}
