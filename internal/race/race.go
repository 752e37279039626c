// Package race tells tests whether the race detector watches them, and leaves out those
// that it makes too slow or too different. It is for tests alone.
package race

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// Skip skips a test when the race detector watches: one that measures, or one that lets
// hours of a bubble pass, second by second, with hardly anything at the same time. Then
// `make test` runs it once more without the detector: Skip fails a test whose name does
// not match WITHOUT_RACE in the Makefile, since nobody would ever run it.
func Skip(t *testing.T) {
	t.Helper()
	if !Enabled {
		return
	}
	without := regexp.MustCompile(`(?m)^WITHOUT_RACE = (.*)$`).FindSubmatch(makefile(t))
	if without == nil {
		t.Fatal("the Makefile has no WITHOUT_RACE")
	}
	if !regexp.MustCompile(string(without[1])).MatchString(t.Name()) {
		t.Fatalf("please add %s to WITHOUT_RACE in the Makefile: nothing runs it", t.Name())
	}
	t.Skip("`make test` runs it without the race detector")
}

// makefile returns the Makefile of the module in whose folders the test runs.
func makefile(t *testing.T) []byte {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		text, err := os.ReadFile(filepath.Join(folder, "Makefile")) // #nosec G304 -- the module's own
		if err == nil {
			return text
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			t.Fatalf("no Makefile above %s: %v", folder, err)
		}
		folder = parent
	}
}
