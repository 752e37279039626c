package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCircles measures two small packages. In entangled a method, a field and a
// function lead from file to file and back; one file only looks on. In layered
// nothing leads back.
func TestCircles(t *testing.T) {
	packages, err := measure("testdata")
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) != 2 {
		t.Fatalf("%d packages", len(packages))
	}
	if p := packages[0]; p.name != "entangled" || p.files != 4 || !slices.Equal(p.circle, []string{"a.go", "b.go", "c.go"}) {
		t.Errorf("%+v", p)
	}
	if p := packages[1]; p.name != "layered" || p.files != 3 || len(p.circle) != 0 {
		t.Errorf("%+v", p)
	}
}

func TestBounds(t *testing.T) {
	for _, c := range []struct{ bounds, problem string }{
		{"entangled 3", ""},
		{"entangled 4 # it has shrunk", ""},
		{"entangled 2", "entangled: 3 files form a circle, 2 may: a.go b.go c.go"},
		{"", "0 may"},
		{"entangled 3\ngone 1", "there is no package gone"},
		{"entangled three", "three"},
		{"entangled", "not a package and a size"},
	} {
		name := filepath.Join(t.TempDir(), "bounds")
		if err := os.WriteFile(name, []byte(c.bounds), 0o600); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		switch err := run(&out, "testdata", name); {
		case c.problem == "" && err != nil:
			t.Errorf("%q: %v", c.bounds, err)
		case c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)):
			t.Errorf("%q: %v", c.bounds, err)
		}
	}
}
