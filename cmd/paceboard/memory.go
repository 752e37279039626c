package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/paceboard/paceboard/internal/worker"
)

// The collector by default lets the heap double before it runs. A board of a
// million would so take twice the memory that it needs, and an empty server
// would collect all the time. What is wanted is a headroom that hardly depends
// on what is kept.
const (
	minHeadroom    = 64 << 20 // bytes
	headroomShare  = 12       // of what is kept: at least one part in so many
	collectEvery   = 2 * time.Second
	mostGCPercent  = 1600
	smallGCPercent = 100 / headroomShare
)

// keepHeadroom keeps the garbage collector's headroom until the loop is stopped; what
// was set last stays. Where GOGC or GOMEMLIMIT is set, somebody knows better, and
// nothing is changed.
func keepHeadroom() *worker.Loop {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return worker.Start(context.Background(), func(context.Context) {})
	}
	kept := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	present := 0
	return worker.Start(context.Background(), func(ctx context.Context) {
		for goOn := true; goOn; goOn = worker.Pause(ctx, collectEvery) {
			metrics.Read(kept)
			var bytes uint64
			for _, s := range kept {
				bytes += s.Value.Uint64()
			}
			if percent := gcPercent(bytes); percent != present {
				present = percent
				debug.SetGCPercent(percent)
			}
		}
	})
}

// gcPercent is the GOGC that gives the headroom where so many bytes are kept. It
// moves in steps of an eighth, so that it is not set all the time.
func gcPercent(kept uint64) int {
	percent := min(mostGCPercent, max(smallGCPercent, 100*minHeadroom/max(kept, 1)))
	for step := uint64(smallGCPercent); ; step += max(1, step/8) {
		if next := step + max(1, step/8); next > percent {
			return int(step)
		}
	}
}
