package main

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/cmd/internal/monitoring"
)

// neverCaused are alerts whose reason no test can cause, with why.
var neverCaused = map[string]string{}

// TestEveryAlertIsCausedByATest: for each alert there is a test of this package that causes
// its reason, waits until it fires, mends the reason, and waits until the alert stops. They
// are found in the source: calls of fires, and of quiet after it, that name the alert.
func TestEveryAlertIsCausedByATest(t *testing.T) {
	t.Parallel()
	caused := map[string]string{}
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(gotoken.NewFileSet(), f.Name(), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range parsed.Decls {
			if test, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(test.Name.Name, "Test") {
				for _, alert := range causedIn(t, test) {
					caused[alert] = test.Name.Name
				}
			}
		}
	}
	for i := range monitoring.Alerts {
		name := monitoring.Alerts[i].Name
		why, never := neverCaused[name]
		switch {
		case never:
			require.NotEmpty(t, why, name)
			require.Empty(t, caused[name], "%s is caused, whatever neverCaused says", name)
		default:
			require.NotEmpty(t, caused[name], "no test causes the reason of %s until it fires, and mends it until it stops", name)
		}
		delete(caused, name)
	}
	require.Empty(t, caused, "alerts that there are not")
}

// causedIn returns the alerts that a test waits for to fire, and to stop afterwards.
func causedIn(t *testing.T, test *ast.FuncDecl) (alerts []string) {
	t.Helper()
	fired := map[string]bool{}
	ast.Inspect(test, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || method.Sel.Name != "fires" && method.Sel.Name != "quiet" {
			return true
		}
		for _, argument := range call.Args {
			text, ok := argument.(*ast.BasicLit)
			require.True(t, ok, "%s names an alert other than by its text", test.Name.Name)
			alert, err := strconv.Unquote(text.Value)
			require.NoError(t, err)
			if method.Sel.Name == "fires" {
				fired[alert] = true
			} else if fired[alert] {
				alerts = append(alerts, alert)
			}
		}
		return true
	})
	return alerts
}
