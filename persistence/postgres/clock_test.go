package postgres

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTheClockOffsetIsThatOfTheMiddle: the answer was made at some time between question
// and answer.
func TestTheClockOffsetIsThatOfTheMiddle(t *testing.T) {
	var heard []time.Time
	s := Store{heard: func(theirs, at time.Time) { heard = append(heard, theirs, at) }}
	require.Zero(t, s.ClockOffset())
	began := time.Now()
	s.noteClock(began, began.Add(100*time.Millisecond), began.Add(3*time.Second+50*time.Millisecond).Round(0))
	require.Equal(t, 3*time.Second, s.ClockOffset())
	s.noteClock(began, began, began.Add(-time.Minute).Round(0))
	require.Equal(t, -time.Minute, s.ClockOffset())
	require.Equal(t, []time.Time{
		began.Add(3*time.Second + 50*time.Millisecond).Round(0), began.Add(50 * time.Millisecond), began.Add(-time.Minute).Round(0), began,
	}, heard)
	s.noteClock(began, began.Add(toldWithin+1), began.Round(0))
	require.Len(t, heard, 4, "what took long says little")
}
