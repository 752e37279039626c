package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/paceboard/paceboard/config"
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

func version(_ context.Context, p *program, args []string) error {
	cmd := config.Command{Name: "version", Summary: "Print the version, the commit it was built from, and what it runs on."}
	if _, _, err := cmd.Load(args, p.environ, p.envFile); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "paceboard %s, commit %s, %s %s/%s\n", Version, commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
