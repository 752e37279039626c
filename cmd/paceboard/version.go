package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

// Version is set by the build: -ldflags "-X main.Version=…".
var Version = "dev"

// commit is the revision the program was built from, if the build knew it.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "unknown"
}

func version(_ context.Context, p *program, _ []string) error {
	fmt.Fprintf(p.out, "paceboard %s, commit %s, %s %s/%s\n", Version, commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
