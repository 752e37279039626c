package actors

import (
	"runtime"
	"testing"

	"go.uber.org/goleak"

	"github.com/paceboard/paceboard/internal/race"
)

// TestMain leaves one processor to the tests when the race detector watches them, or the
// detector would crash now and then ("ThreadSanitizer: CHECK failed: tsan_rtl.cpp:346",
// golang/go#78156). All timers of a bubble of testing/synctest share one context of the
// detector, which only one thread at a time may use, and since Go 1.26 a timer that is
// due when it is set runs at once, on the thread that sets it: two goroutines of a bubble
// that set such timers on two processors are one too many. The detector compares what
// happened before what, which it sees on one processor as well. Fewer orders of events
// come about there; those without the detector run on all processors.
func TestMain(m *testing.M) {
	if race.Enabled {
		runtime.GOMAXPROCS(1)
	}
	goleak.VerifyTestMain(m)
}
