package actors

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// Every command of package competition, and every query that the actor answers, says
// how it crosses between nodes.
func TestEveryCommandAndQueryCrosses(t *testing.T) {
	known := map[string]bool{}
	for _, k := range wireKinds {
		require.False(t, known[k.request.Name()], "%s has two kinds", k.request.Name())
		known[k.request.Name()] = true
	}
	commands := commandsIn(t, "../competition")
	require.Contains(t, commands, "JoinCompetition")
	queries := queriesIn(t, ".")
	require.Contains(t, queries, "getTop")
	for _, name := range append(commands, queries...) {
		if name == "subscribe" { // subscribers elsewhere watch through a follower
			continue
		}
		require.True(t, known[name], "%s is not in wireKinds: say how it crosses between nodes", name)
		delete(known, name)
	}
	require.Equal(t, map[string]bool{"SubmitSync": true, "batchOfSyncs": true, "watch": true}, known, "neither commands nor queries")
}

// commandsIn returns the types that decide: those with a Decide of their own, and those
// that embed one of them.
func commandsIn(t *testing.T, dir string) []string {
	t.Helper()
	decides := map[string]bool{}
	embeds := map[string][]string{}
	eachFile(t, dir, func(file *ast.File) {
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv != nil && d.Name.Name == "Decide" && typeNameOf(d.Type.Params.List[0].Type) == "Competition" {
					decides[typeNameOf(d.Recv.List[0].Type)] = true
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					spec, ok := s.(*ast.TypeSpec)
					if !ok {
						continue
					}
					if fields, ok := spec.Type.(*ast.StructType); ok {
						for _, f := range fields.Fields.List {
							if len(f.Names) == 0 {
								embeds[spec.Name.Name] = append(embeds[spec.Name.Name], typeNameOf(f.Type))
							}
						}
					}
				}
			}
		}
	})
	for again := true; again; {
		again = false
		for name, inner := range embeds {
			if !decides[name] && slices.ContainsFunc(inner, func(n string) bool { return decides[n] }) {
				decides[name], again = true, true
			}
		}
	}
	return slices.Sorted(maps.Keys(decides))
}

// queriesIn returns the types of the cases of competitionActor.query.
func queriesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	eachFile(t, dir, func(file *ast.File) {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Name.Name != "query" || f.Recv == nil || typeNameOf(f.Recv.List[0].Type) != "competitionActor" {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if c, ok := n.(*ast.CaseClause); ok {
					for _, of := range c.List {
						names = append(names, typeNameOf(of))
					}
				}
				return true
			})
		}
	})
	return names
}

func eachFile(t *testing.T, dir string, visit func(*ast.File)) {
	t.Helper()
	files, err := fs.Glob(os.DirFS(dir), "*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), dir+"/"+name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		visit(file)
	}
}

func typeNameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeNameOf(e.X)
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	default:
		return ""
	}
}

// What may be asked again after a lost answer is syncs, reads, and what says the same
// the second time (DESIGN: F1).
func TestWhatMayBeRepeated(t *testing.T) {
	repeated := map[string]bool{}
	for _, k := range wireKinds {
		if reflect.PointerTo(k.request).Implements(reflect.TypeFor[competition.Command]()) && k.repeatable {
			repeated[k.name] = true
		}
	}
	require.Equal(t, map[string]bool{"distribute_prizes": true, "confirm_prize": true, "erase": true}, repeated)
	require.True(t, repeatable(&competition.SubmitSync{}))
	require.True(t, repeatable(&batchOfSyncs{}))
	require.True(t, repeatable(&getStats{}))
	require.True(t, repeatable(&saveRows{}))
	require.False(t, repeatable(&competition.JoinCompetition{}))
	require.False(t, repeatable(&subscribe{}))
	require.Equal(t, "get_stats", kindName(14))
	require.Equal(t, "unknown", kindName(9999))
}
