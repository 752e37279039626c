package embedded

import (
	"context"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// childOf is in the environment of a process that a test has started.
const childOf = "EMBEDDED_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childOf) != "" {
		os.Exit(m.Run()) // What a fatal error froze leaks, and that is all right there.
	}
	goleak.VerifyTestMain(m)
}

// testContext is for what runs in goroutines that are not the test's. Nothing
// here takes that long.
func testContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 30*time.Second)
}
