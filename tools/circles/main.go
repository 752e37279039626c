// Command circles measures how entangled the files of a package are. A file
// depends on another if it uses a name that the other declares: of a type, a
// function, a variable, a constant, a method or a field. Files that depend on one
// another, directly or through others, form a circle: none of them can be read, or
// moved into a package of its own, without the rest. Tests do not count.
//
//	go run ./circles ..                        prints the largest circle of each package
//	go run ./circles -check circles/bounds ..  fails if one is larger than it may be
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func main() {
	bounds := flag.String("check", "", "a `file` of lines \"package size\": how large circles may be")
	flag.Parse()
	if err := run(os.Stdout, flag.Arg(0), *bounds); err != nil {
		fmt.Fprintln(os.Stderr, "circles:", err)
		os.Exit(1)
	}
}

// run measures the packages below a folder, and prints what it finds, or holds it
// against the bounds if there are any.
func run(out io.Writer, root, bounds string) error {
	packages, err := measure(root)
	if err != nil {
		return err
	}
	if bounds == "" {
		for _, p := range packages {
			fmt.Fprintf(out, "%-24s %3d of %3d files\n", p.name, len(p.circle), p.files)
		}
		return nil
	}
	allowed, err := readBounds(bounds)
	if err != nil {
		return err
	}
	var problems []error
	for _, p := range packages {
		if most := allowed[p.name]; len(p.circle) > most {
			problems = append(problems, fmt.Errorf("%s: %d files form a circle, %d may: %s", p.name, len(p.circle), most, strings.Join(p.circle, " ")))
		}
		delete(allowed, p.name)
	}
	for name := range allowed {
		problems = append(problems, fmt.Errorf("%s: there is no package %s", bounds, name))
	}
	return errors.Join(problems...)
}

// readBounds reads how many files of a package may form a circle. In a package
// that is not listed none may.
func readBounds(name string) (map[string]int, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	allowed := map[string]int{}
	lines := bufio.NewScanner(strings.NewReader(string(text)))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 {
			return nil, fmt.Errorf("%s: %q is not a package and a size", name, line)
		}
		if allowed[fields[0]], err = strconv.Atoi(fields[1]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return allowed, lines.Err()
}

// measured is what there is to say of a package.
type measured struct {
	name   string // its folder
	files  int
	circle []string // the files of the largest circle; empty if there is none
}

func measure(root string) (all []measured, err error) {
	err = filepath.WalkDir(root, func(dir string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if dir != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		name, err := filepath.Rel(root, dir)
		if err != nil {
			return err
		}
		p, err := measurePackage(dir)
		if p.files > 0 {
			p.name = filepath.ToSlash(name)
			all = append(all, p)
		}
		return err
	})
	return all, err
}

// measurePackage resolves the names of one package. What other packages declare
// does not matter here: they are taken for empty, and what cannot be resolved for
// that reason is left out.
func measurePackage(dir string) (p measured, err error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return p, err
	}
	positions := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(positions, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return p, err
		}
		files = append(files, file)
	}
	p.files = len(files)
	uses := map[*ast.Ident]types.Object{}
	config := types.Config{Importer: emptyPackages{}, Error: func(error) {}}
	pkg, _ := config.Check(dir, positions, files, &types.Info{Uses: uses}) // its first error is one of those
	depends := map[string]map[string]bool{}
	for use, object := range uses {
		if object.Pkg() != pkg || !isShared(pkg, object) {
			continue
		}
		from, to := positions.Position(use.Pos()).Filename, positions.Position(object.Pos()).Filename
		if from == to {
			continue
		}
		if depends[from] == nil {
			depends[from] = map[string]bool{}
		}
		depends[from][to] = true
	}
	p.circle = largestCircle(depends)
	for i := range p.circle {
		p.circle[i] = filepath.Base(p.circle[i])
	}
	return p, nil
}

// isShared reports whether other files of the package can use an object.
func isShared(pkg *types.Package, object types.Object) bool {
	if object.Parent() == pkg.Scope() {
		return true
	}
	field, isVariable := object.(*types.Var)
	_, isFunction := object.(*types.Func)
	return isFunction || isVariable && field.IsField()
}

// emptyPackages stands in for everything that is imported.
type emptyPackages struct{}

// Import implements types.Importer.
func (emptyPackages) Import(path string) (*types.Package, error) {
	p := types.NewPackage(path, filepath.Base(path))
	p.MarkComplete()
	return p, nil
}

// largestCircle is the largest strongly connected component of more than one file,
// sorted (Tarjan, "Depth-First Search and Linear Graph Algorithms", 1972).
func largestCircle(depends map[string]map[string]bool) (largest []string) {
	index, low := map[string]int{}, map[string]int{}
	var stack []string
	var visit func(file string)
	visit = func(file string) {
		index[file] = len(index) + 1
		low[file] = index[file]
		stack = append(stack, file)
		for to := range depends[file] {
			if index[to] == 0 {
				visit(to)
				low[file] = min(low[file], low[to])
			} else if slices.Contains(stack, to) {
				low[file] = min(low[file], index[to])
			}
		}
		if low[file] != index[file] {
			return
		}
		begin := slices.Index(stack, file)
		if circle := stack[begin:]; len(circle) > max(1, len(largest)) {
			largest = slices.Sorted(slices.Values(circle))
		}
		stack = stack[:begin]
	}
	for file := range depends {
		if index[file] == 0 {
			visit(file)
		}
	}
	return largest
}
