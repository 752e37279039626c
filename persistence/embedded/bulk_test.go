package embedded

import (
	"context"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestReadsOfManyRowsLeaveRoom: as many are at work as have places, others wait as
// long as their callers do, and whoever reads few rows never waits.
func TestReadsOfManyRowsLeaveRoom(t *testing.T) {
	s := open(t, onMemory(vfs.NewMem()))
	defer func() { require.NoError(t, s.Close()) }()
	for i := range bulkFrom + 10 {
		played(t, s, i, competition.Public)
	}
	few := func() int {
		page, _, err := s.Visible(t.Context(), competition.Listing{Reader: "bert", Limit: bulkFrom / 2})
		require.NoError(t, err)
		return len(page)
	}
	ties, err := s.OpenTies(t.Context(), "anna")
	require.NoError(t, err)
	require.Len(t, ties, bulkFrom+10)
	require.Empty(t, s.bulks, "the place is given back")

	for range cap(s.bulks) {
		s.bulks <- struct{}{}
	}
	require.Equal(t, bulkFrom/2, few())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = s.OpenTies(ctx, "anna")
	require.ErrorIs(t, err, competition.ErrUnavailable)
	_, _, err = s.Visible(ctx, competition.Listing{Operator: true, Limit: 1000})
	require.ErrorIs(t, err, competition.ErrUnavailable)
	answer := make(chan int, 1)
	go func() {
		ties, _ := s.OpenTies(context.WithoutCancel(t.Context()), "anna")
		answer <- len(ties)
	}()
	<-s.bulks
	require.Equal(t, bulkFrom+10, <-answer)
}
