// Package memory is competition.Store without a disk, for tests: the embedded
// store on a file system in memory. It is a real store and passes the conformance
// suite, so no test rests on what a stand-in allows.
//
// It is not part of the program. Tests that need calls to fail or to wait wrap it.
package memory

import (
	"context"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/embedded"
)

// Open opens an empty store. Nothing in it waits for a clock, and all goroutines
// that it starts end with Close, so that it can be used in a bubble of
// testing/synctest. Cost: some 3 ms.
func Open(ctx context.Context) (competition.Store, error) { return open(ctx, vfs.NewMem()) }

func open(ctx context.Context, files vfs.FS) (competition.Store, error) {
	return embedded.Open(ctx, embedded.Options{Dir: "/data", FS: files, BallastBytes: -1, NoTimers: true})
}
