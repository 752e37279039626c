package competition

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/calendar"
)

func amend(change func(*AmendCompetition)) *AmendCompetition {
	cmd := &AmendCompetition{Caller: operator, Reason: "a storm"}
	change(cmd)
	return cmd
}

func endAt(s string) *AmendCompetition {
	return amend(func(cmd *AmendCompetition) { cmd.End = new(instant(s)) })
}

// TestAmendmentsChangeARunningCompetition, which runs on by what they say: in memory,
// from the journal and from a snapshot.
func TestAmendmentsChangeARunningCompetition(t *testing.T) {
	c, s := New("spring", countedKeys()), newStore()
	const now = "2026-05-02T12:00:00Z"
	sync := func(id, day string, n int64) *SubmitSync {
		return &SubmitSync{UserID: id, Source: "phone", Day: date(day), Metrics: steps(n)}
	}
	s.do(t, c, now, &CreateCompetition{Caller: operator, Definition: spring()}, sync("ann", "2026-05-01", 90_000))
	low := Metrics{Steps: 50_000, DistanceCm: DefaultDailyLimits.DistanceCm, EnergyCentikcal: DefaultDailyLimits.EnergyCentikcal, ActiveMinutes: 1440}
	s.do(t, c, now,
		amend(func(cmd *AmendCompetition) { cmd.DailyLimits = &low }),
		amend(func(cmd *AmendCompetition) { cmd.Visibility = new(Private) }),
		endAt("2026-05-20T00:00:00Z"))
	d := c.Summary().Definition
	require.Equal(t, low, d.DailyLimits)
	require.Equal(t, Private, d.Visibility)
	require.Equal(t, Invite, d.Enrollment)
	require.Equal(t, instant("2026-05-20T00:00:00Z"), d.End)
	at, ok := c.NextTransition()
	require.True(t, ok)
	require.Equal(t, d.End, at)

	refused, _ := perform(c, instant(now), sync("ann", "2026-05-02", 50_001))
	require.ErrorIs(t, refused.err, ErrImplausible, "the new limits hold")
	require.EqualValues(t, 90_000, c.Page(nil, 0, 1).Entries[0].Totals.Steps, "what was accepted under the old ones counts")
	s.do(t, c, "2026-05-15T12:00:00Z", sync("ann", "2026-05-14", 5))
	s.do(t, c, "2026-05-15T12:00:00Z", &SubmitSync{UserID: "ann", Source: "phone", Day: date("2026-05-01"), Metrics: Metrics{DistanceCm: 5}})
	require.EqualValues(t, 90_005, c.Page(nil, 0, 1).Entries[0].Totals.Steps, "of equal times each metric keeps its maximum, beyond the limits of today")

	_, err := c.Amendments(user("eve"))
	require.ErrorIs(t, err, ErrUnknownCompetition, "it is private now")
	seen, err := c.Amendments(user("ann"))
	require.NoError(t, err)
	require.Len(t, seen, 3)
	require.Equal(t, Amendment{At: instant(now), End: d.End, DailyLimits: low, Visibility: Private, Reason: "a storm"}, seen[2])
	sameState(t, c, recovered(t, s))
	snapshot := c.Snapshot()
	require.NoError(t, s.save(&snapshot))
	again := recovered(t, s)
	sameState(t, c, again)
	require.Equal(t, c.amendments, again.amendments)
	require.Equal(t, c.ceiling, again.ceiling)
	require.Equal(t, byte(amendedVersion), snapshot.Header[4])
}

// TestAnEarlierEndLeavesDaysThatHaveBegun in the window: their reports count already.
func TestAnEarlierEndLeavesDaysThatHaveBegun(t *testing.T) {
	c, s := New("spring", countedKeys()), newStore()
	const now = "2026-05-02T12:00:00Z" // the 3rd has begun in Kiritimati
	s.do(t, c, now,
		&CreateCompetition{Caller: operator, Definition: spring()},
		&SubmitSync{UserID: "ann", Source: "phone", Day: date("2026-05-03"), Metrics: steps(7)},
		endAt("2026-05-02T12:01:00Z"))
	d := c.Summary().Definition
	require.Equal(t, date("2026-05-03"), d.LastDay)
	require.NoError(t, d.Sound())
	s.do(t, c, "2026-05-02T12:02:00Z", tick{})
	require.Equal(t, Finalizing, c.Summary().Status)
	s.do(t, c, "2026-05-02T13:00:00Z", &SubmitSync{UserID: "ann", Source: "phone", Day: date("2026-05-03"), Metrics: steps(9)})
	require.EqualValues(t, 9, c.Page(nil, 0, 1).Entries[0].Totals.Steps)
	refused, _ := perform(c, instant("2026-05-02T13:00:00Z"), &SubmitSync{UserID: "ann", Source: "phone", Day: date("2026-05-04"), Metrics: steps(9)})
	require.ErrorIs(t, refused.err, ErrOutsideWindow)
	s.do(t, c, "2026-05-02T13:00:00Z", amend(func(cmd *AmendCompetition) {
		cmd.DailyLimits = &Metrics{Steps: 10, DistanceCm: 1, EnergyCentikcal: 1, ActiveMinutes: 1}
	}))
	require.Equal(t, date("2026-05-03"), c.Summary().Definition.LastDay, "another amendment leaves the window")
	sameState(t, c, recovered(t, s))
}

func TestAmendmentsAreRefused(t *testing.T) {
	const now = "2026-05-02T12:00:00Z"
	for name, test := range map[string]struct {
		at   string
		cmd  *AmendCompetition
		want error
	}{
		"by anybody but operators":             {now, amend(func(cmd *AmendCompetition) { cmd.Caller = user("carol") }), ErrForbidden},
		"without a reason":                     {now, amend(func(cmd *AmendCompetition) { cmd.Reason = " " }), &InvalidError{}},
		"to an end that has passed":            {now, endAt("2026-05-02T12:00:00Z"), &InvalidError{}},
		"to an end before the start":           {"2026-04-02T12:00:00Z", endAt("2026-04-30T00:00:00Z"), &InvalidError{}},
		"to another end once it has ended":     {"2026-05-08T01:00:00Z", endAt("2026-06-01T00:00:00Z"), &InvalidError{}},
		"when it is completed: nothing opens":  {"2026-05-09T01:00:00Z", endAt("2026-06-01T00:00:00Z"), ErrClosed},
		"to limits that scores cannot hold":    {now, amend(func(cmd *AmendCompetition) { cmd.DailyLimits = &Metrics{Steps: -1} }), &InvalidError{}},
		"to a visibility that there is not":    {now, amend(func(cmd *AmendCompetition) { cmd.Visibility = new(Visibility("odd")) }), &InvalidError{}},
		"to what would exceed scores in years": {now, endAt("9999-01-01T00:00:00Z"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			c, s := New("spring", countedKeys()), newStore()
			s.do(t, c, "2026-04-01T00:00:00Z", &CreateCompetition{Caller: Caller{UserID: "carol", Operator: true}, Definition: spring()})
			_, err := test.cmd.Decide(c, instant(test.at))
			var invalid *InvalidError
			switch {
			case test.want == nil:
				require.NoError(t, err)
				return
			case !errors.Is(test.want, ErrForbidden) && !errors.Is(test.want, ErrClosed):
				require.ErrorAs(t, err, &invalid)
			default:
				require.ErrorIs(t, err, test.want)
			}
			for _, e := range c.Take(Batch{}).Events {
				require.NotEqual(t, kindCompetitionAmended, e.kind(), "nothing was amended")
			}
		})
	}
	_, err := endAt("2026-06-01T00:00:00Z").Decide(New("spring", countedKeys()), instant(now))
	require.ErrorIs(t, err, ErrUnknownCompetition)
}

// TestSoManyAmendmentsAtMost, counting those that are not durable yet.
func TestSoManyAmendmentsAtMost(t *testing.T) {
	c, s := New("spring", countedKeys()), newStore()
	const now = "2026-05-02T12:00:00Z"
	s.do(t, c, now, &CreateCompetition{Caller: operator, Definition: spring()})
	end := instant("2026-06-01T00:00:00Z")
	cmd := func(n int) *AmendCompetition {
		return amend(func(cmd *AmendCompetition) { cmd.End = new(end + calendar.Millis(n)*1000) })
	}
	for n := range MaxAmendments {
		_, err := cmd(n).Decide(c, instant(now))
		require.NoError(t, err)
	}
	_, err := cmd(MaxAmendments).Decide(c, instant(now))
	var invalid *InvalidError
	require.ErrorAs(t, err, &invalid)
	again, err := cmd(MaxAmendments-1).Decide(c, instant(now))
	require.NoError(t, err, "the same once more is a no-op")
	require.True(t, again.Repeat)
}
