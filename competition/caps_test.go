package competition

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/calendar"
)

// long is a competition of three weeks.
func long() Definition {
	return spring(func(d *Definition) { d.End = instant("2026-05-22T00:00:00Z") })
}

// reportFrom is a sync of a day from a source.
func reportFrom(userID string, source, day int) *SubmitSync {
	return &SubmitSync{
		UserID: userID, Source: fmt.Sprintf("s%d", source), Day: spring().FirstDay + calendar.Day(day), Metrics: Metrics{Steps: 1},
	}
}

// TestSourcesOfAParticipantAreLimited, in one batch and after it, and of each
// participant alone.
func TestSourcesOfAParticipantAreLimited(t *testing.T) {
	d := long()
	now := d.End - 1
	c := New("spring", countedKeys())
	_, err := (&CreateCompetition{Caller: user("carol"), Definition: d}).Decide(c, d.Start-1)
	require.NoError(t, err)
	applyAll := func() {
		b := c.Take(Batch{})
		for i := range b.Events {
			_, err := c.Apply(&b.Events[i])
			require.NoError(t, err)
		}
		c.Applied(&b)
	}
	for source := range MaxSourcesOverall {
		if source == MaxSourcesOverall/2 {
			applyAll() // some are in the state, and some under way
		}
		_, err := c.SubmitSync(now, reportFrom("ann", source, source/MaxSources))
		require.NoError(t, err, "source %d", source)
	}
	for range 2 {
		_, err = c.SubmitSync(now, reportFrom("ann", MaxSourcesOverall, 12))
		require.ErrorIs(t, err, ErrTooManySources)
		_, err = c.SubmitSync(now, reportFrom("ann", 0, 13))
		require.NoError(t, err, "a source that the participant has")
		_, err = c.SubmitSync(now, reportFrom("bob", MaxSourcesOverall, 12))
		require.NoError(t, err, "another participant")
		applyAll()
	}
	c.Rollback()
	_, err = c.SubmitSync(now, reportFrom("ann", MaxSourcesOverall, 12))
	require.ErrorIs(t, err, ErrTooManySources)
}

// TestASourceThatADayHadNoRoomForIsStillPending: a later report of the same source is
// under way, and counts.
func TestASourceThatADayHadNoRoomForIsStillPending(t *testing.T) {
	c := crowdOf(0, long())
	now := long().End - 1
	submit := func(source, day int) {
		_, err := c.SubmitSync(now, reportFrom("ann", source, day))
		require.NoError(t, err)
	}
	for source := range MaxSources - 1 {
		submit(source, 0)
	}
	land(c, &Batch{})
	submit(MaxSources-1, 0)
	submit(MaxSources, 0) // decided before the day is full
	submit(MaxSources, 1)
	b := c.Take(Batch{})
	for i := range b.Events[:2] {
		outcome, err := c.Apply(&b.Events[i])
		require.NoError(t, err)
		require.Equal(t, Outcome{Full: i == 1}, outcome)
	}
	source, _ := c.sources.find(fmt.Sprintf("s%d", MaxSources))
	isNew, _ := c.newTo(1, source)
	require.False(t, isNew)
	_, others := c.newTo(1, source+1)
	require.Equal(t, MaxSources+1, others)
}

// TestSourcesThatOlderVersionsTookStay, and go on to be taken.
func TestSourcesThatOlderVersionsTookStay(t *testing.T) {
	d := long()
	now := d.End - 1
	s, c := newStore(), New("spring", countedKeys())
	_, err := (&CreateCompetition{Caller: user("carol"), Definition: d}).Decide(c, d.Start-1)
	require.NoError(t, err)
	const sources = MaxSourcesOverall + 6
	_, err = c.SubmitSync(now, reportFrom("ann", 0, 0))
	require.NoError(t, err)
	for source := 1; source < sources; source++ { // as they decided it
		c.sources.add(fmt.Sprintf("s%d", source))
		c.emit(Event{At: now, Sync: SyncAccepted{
			Number: 1, Register: Register{Day: d.FirstDay + calendar.Day(source/MaxSources), Source: uint32(source), Metrics: Metrics{Steps: 1}}, NewSource: fmt.Sprintf("s%d", source),
		}})
	}
	b := c.Take(Batch{})
	s.append(t, &b)
	c, err = Recover(t.Context(), "spring", s, countedKeys(), nil)
	require.NoError(t, err)
	_, err = c.SubmitSync(now, reportFrom("ann", sources-1, 13))
	require.NoError(t, err)
	_, err = c.SubmitSync(now, reportFrom("ann", sources, 13))
	require.ErrorIs(t, err, ErrTooManySources)
}
