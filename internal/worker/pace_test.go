package worker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/internal/worker"
)

func TestTheLogIsToldOnceAMinute(t *testing.T) {
	var p worker.Pace
	require.False(t, p.Reset(), "nothing was told")
	now := time.Unix(1e9, 0)
	due := func(at time.Duration) (int, bool) { return p.Due(now.Add(at)) }
	for _, c := range []struct {
		at      time.Duration
		skipped int
		due     bool
	}{
		{0, 0, true},
		{time.Second, 0, false},
		{time.Minute - 1, 0, false},
		{time.Minute, 2, true},
		{2*time.Minute - 1, 0, false},
		{2 * time.Minute, 1, true},
	} {
		skipped, is := due(c.at)
		require.Equal(t, c.due, is, "%s", c.at)
		require.Equal(t, c.skipped, skipped, "%s", c.at)
	}
	_, is := due(2*time.Minute + 1)
	require.False(t, is)
	require.True(t, p.Reset())
	skipped, is := due(2*time.Minute + 2)
	require.True(t, is, "it begins anew")
	require.Zero(t, skipped)
}
