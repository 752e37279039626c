//go:build !linux

package testservers

import (
	"fmt"
	"os"
	"runtime"
)

// Elsewhere than on Linux nothing ends a server with its test, so none is begun.
type process struct {
	pid          int
	ready, ended chan struct{}
}

func run(string, []string, string, string) (*process, error) {
	return nil, fmt.Errorf("%w: servers for tests need Linux, this is %s", errMissing, runtime.GOOS)
}

func (*process) log() string   { return "" }
func (*process) kill()         {}
func (*process) freeze(bool)   {}
func (*process) end(os.Signal) {}
func handOver(string) error    { return nil }
func alive(int) bool           { return true }

var immediately = os.Kill
