package competition

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNoEventAboveTheLevelIsDecided: a command whose event the nodes of an older version
// would not understand is refused and changes nothing, and others are as ever.
func TestNoEventAboveTheLevelIsDecided(t *testing.T) {
	const now = "2026-05-02T12:00:00Z"
	c, s := New("spring", countedKeys()), newStore()
	operator := Caller{Operator: true}
	s.do(t, c, now,
		&CreateCompetition{Caller: operator, Definition: spring()},
		&SubmitSync{UserID: "ann", Day: date("2026-05-01"), Source: "phone", Metrics: steps(7)},
		&SubmitSync{UserID: "ben", Day: date("2026-05-01"), Source: "phone", Metrics: steps(8)},
		&ExcludeParticipant{Caller: operator, UserID: "ann", Reason: "a bus"})
	refused := map[string]func() error{
		"competition_amended": func() error {
			_, err := endAt("2026-06-01T00:00:00Z").Decide(c, instant(now))
			return err
		},
		"decisions_kept": func() error {
			_, err := (&EraseParticipant{UserID: "ann"}).Decide(c, instant(now))
			return err
		},
		"journal_continued": func() error {
			_, err := c.Continue(instant(now), 0xa0b1c2d3, 0)
			return err
		},
	}
	for k, name := range EventNames() {
		decide := refused[name]
		if decide == nil {
			continue
		}
		delete(refused, name)
		c.SetLevel(k - 1)
		require.ErrorIs(t, decide(), ErrDeploying, name)
		require.Zero(t, c.Pending(), name)
		require.Equal(t, c.Seq(), c.DecidedSeq(), name)
		require.Panics(t, func() { c.emit(Event{Detail: newDetail(kind(k))}) }, "a command that did not ask")
		require.Zero(t, c.Pending(), name)
		c.SetLevel(k)
		require.NoError(t, decide(), name)
		require.Equal(t, 1, c.Pending(), name)
		c.Rollback()
	}
	require.Empty(t, refused)
	c.SetLevel(int(kindDecisionsKept) - 1)
	s.do(t, c, now, &EraseParticipant{UserID: "ben"})
	require.Zero(t, c.Page(nil, 0, 10).Total)
}
