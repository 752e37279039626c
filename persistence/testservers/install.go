package testservers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"
)

// locate finds a program, newest version first, and installs its Debian package
// if there is none and that is allowed.
func locate(program, debianPackage string) (string, error) {
	if path, ok := find(program); ok {
		return path, nil
	}
	log, err := install(debianPackage)
	if path, ok := find(program); ok {
		return path, nil
	}
	return "", fmt.Errorf("%s: %w; please install the package %s (%w) %s", program, errMissing, debianPackage, cmp.Or(err, errMissing), log)
}

// find looks where Debian puts what has several versions, then in PATH.
func find(program string) (string, bool) {
	paths, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
	if err == nil && len(paths) > 0 {
		version := func(path string) int {
			n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 for what is no number
			return n
		}
		return slices.MaxFunc(paths, func(a, b string) int { return cmp.Compare(version(a), version(b)) }), true
	}
	path, err := exec.LookPath(program)
	return path, err == nil
}

var installing sync.Mutex

// install has tools/install-test-needs install a package; what that takes, and
// that no server is started by it, is decided there.
func install(debianPackage string) (log string, err error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	installing.Lock()
	defer installing.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	tool := filepath.Join(root, "tools", "install-test-needs")
	output, err := exec.CommandContext(ctx, tool, debianPackage).CombinedOutput() //nolint:gosec // G204: the packages named in this folder.
	return string(output), err
}

// moduleRoot is the folder of go.mod above the one that a test runs in.
func moduleRoot() (string, error) {
	folder, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(folder, "go.mod")); missing == nil {
			return folder, nil
		}
		above := filepath.Dir(folder)
		if above == folder {
			err = errors.New("no go.mod here or above: run the tests in the project's folders")
		}
		folder = above
	}
	return "", err
}
