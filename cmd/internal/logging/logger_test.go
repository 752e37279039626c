package logging

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestDurationsSayTheirUnit in both formats.
func TestDurationsSayTheirUnit(t *testing.T) {
	for inJSON, want := range map[bool]string{true: `"took_seconds":0.0015,"n":2,"older_than_seconds":86400`, false: "took=1.5ms n=2 older_than=24h0m0s"} {
		var line bytes.Buffer
		New(&line, inJSON, slog.LevelInfo).Info("done", "took", 1500*time.Microsecond, "n", 2, "older_than", 24*time.Hour)
		require.Contains(t, line.String(), want)
	}
}
