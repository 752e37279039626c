package testservers

import (
	"cmp"
	"context"
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

// install runs apt-get. Servers that come with a package are not started.
func install(debianPackage string) (log string, err error) {
	if os.Geteuid() != 0 {
		return "", fmt.Errorf("only root may: sudo apt-get install %s", debianPackage)
	}
	installing.Lock()
	defer installing.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	const locked = "DPkg::Lock::Timeout=240" // Another package's tests may be installing, too.
	for _, args := range [][]string{{"update", "-qq"}, {"install", "-y", "-qq", "--no-install-recommends", debianPackage}} {
		cmd := exec.CommandContext(ctx, "apt-get", append([]string{"-o", locked}, args...)...) //nolint:gosec // G204: the packages named in this folder.
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
		output, err := cmd.CombinedOutput()
		if err != nil {
			return string(output), err
		}
	}
	return "", nil
}
