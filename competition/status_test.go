package competition

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStatusWords(t *testing.T) {
	words := map[Status]string{
		Upcoming: "upcoming", Active: "active", Finalizing: "finalizing", Completed: "completed", Settled: "settled", Cancelled: "cancelled",
	}
	for s, word := range words {
		require.Equal(t, word, s.String())
		parsed, ok := ParseStatus(word)
		require.True(t, ok)
		require.Equal(t, s, parsed)
		require.Equal(t, s == Active || s == Finalizing, s.Open())
	}
	for _, word := range []string{"", "Active", "open", "unknown"} {
		_, ok := ParseStatus(word)
		require.False(t, ok, word)
	}
	require.Equal(t, "unknown", Status(0).String())
	require.Equal(t, "unknown", Status(200).String())
}

func TestStatusByTime(t *testing.T) {
	d := spring(func(d *Definition) { d.LateSyncHours = 6 })
	for _, test := range []struct {
		from, to Status
		at       string
	}{
		{Upcoming, Active, "2026-05-01T00:00:00Z"},
		{Active, Finalizing, "2026-05-08T00:00:00Z"},
		{Finalizing, Completed, "2026-05-08T06:00:00Z"},
	} {
		next, at, ok := d.Next(test.from)
		require.True(t, ok)
		require.Equal(t, test.to, next)
		require.Equal(t, instant(test.at), at)
	}
	for _, last := range []Status{Completed, Settled, Cancelled, 0} {
		_, _, ok := d.Next(last)
		require.False(t, ok, "time changes %v no more", last)
	}
}
