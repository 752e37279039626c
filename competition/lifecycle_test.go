package competition

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEditingMoneyNeedsAnOperator: amounts above 0, and the currency that they
// are in.
func TestEditingMoneyNeedsAnOperator(t *testing.T) {
	now := instant("2026-04-28T00:00:00Z")
	for _, test := range []struct {
		rule  string
		fee   int64 // that an operator set
		pool  int64
		patch Patch
		want  error
	}{
		{"a fee", 0, 0, Patch{EntryFeeMinor: new(int64(1))}, ErrForbidden},
		{"a pool", 0, 0, Patch{PrizePoolMinor: new(int64(1))}, ErrForbidden},
		{"no fee", 500, 0, Patch{EntryFeeMinor: new(int64)}, ErrForbidden},
		{"no pool", 0, 500, Patch{PrizePoolMinor: new(int64)}, ErrForbidden},
		{"the same fee", 500, 0, Patch{EntryFeeMinor: new(int64(500))}, ErrForbidden},
		{"another currency, of nothing", 0, 0, Patch{Currency: new("EUR")}, nil},
		{"another currency, of a fee", 500, 0, Patch{Currency: new("EUR")}, ErrForbidden},
		{"another currency, of a pool", 0, 500, Patch{Currency: new("EUR")}, ErrForbidden},
		{"a name, beside a fee", 500, 0, Patch{Name: new("Summer")}, nil},
		{"a limit, beside a pool", 0, 500, Patch{MaxParticipants: new(7)}, ErrForbidden},
		{"a limit, beside a fee", 500, 0, Patch{MaxParticipants: new(7)}, ErrForbidden},
		{"a limit", 0, 0, Patch{MaxParticipants: new(7)}, nil},
	} {
		t.Run(test.rule, func(t *testing.T) {
			c := New("spring", countedKeys())
			_, err := (&CreateCompetition{Caller: user("carol"), Definition: spring()}).Decide(c, now)
			require.NoError(t, err)
			_, err = (&EditCompetition{Caller: operator, Patch: Patch{EntryFeeMinor: &test.fee, PrizePoolMinor: &test.pool}}).Decide(c, now)
			require.NoError(t, err)
			_, err = (&EditCompetition{Caller: user("carol"), Patch: test.patch}).Decide(c, now)
			require.ErrorIs(t, err, test.want)
			_, err = (&EditCompetition{Caller: operator, Patch: test.patch}).Decide(c, now)
			require.NoError(t, err)
		})
	}
}

// TestEditingWordsKeepsTheWindow: a later change of the time zone database does
// not move the days of a competition that runs.
func TestEditingWordsKeepsTheWindow(t *testing.T) {
	now := instant("2026-05-02T00:00:00Z")
	d := spring()
	d.LastDay++ // as another time zone database had it
	c := New("spring", countedKeys())
	_, err := (&CreateCompetition{Caller: user("carol"), Definition: d}).Decide(c, now)
	require.NoError(t, err)
	_, err = (&EditCompetition{Caller: user("carol"), Patch: Patch{Name: new("Summer")}}).Decide(c, now)
	require.NoError(t, err)
	land(c, &Batch{})
	require.Equal(t, "Summer", c.Summary().Definition.Name)
	require.Equal(t, d.LastDay, c.Summary().Definition.LastDay)
}

// TestPatchSetsEveryField that it names, and no other.
func TestPatchSetsEveryField(t *testing.T) {
	before := spring()
	after := Patch{
		Name: new("Summer"), Description: new("Walk."), Type: new(Weekly),
		Start: new(before.Start + day), End: new(before.End + day),
		EntryFeeMinor: new(int64(1)), PrizePoolMinor: new(int64(2)), Currency: new("EUR"), TimeZone: new("Asia/Kathmandu"),
		Scoring: &Weights{Kcal: 3}, PrizeSplit: []int64{WholeSplit}, Enrollment: new(Invite), Visibility: new(Private),
		MaxParticipants: new(4), DailyLimits: new(steps(5)), LateSyncHours: new(6),
	}
	require.Equal(t, Definition{
		ID: "spring", Name: "Summer", Description: "Walk.", Type: Weekly, Start: before.Start + day, End: before.End + day,
		EntryFeeMinor: 1, PrizePoolMinor: 2, Currency: "EUR", TimeZone: "Asia/Kathmandu", Scoring: Weights{Kcal: 3},
		PrizeSplit: []int64{WholeSplit}, Enrollment: Invite, Visibility: Private, MaxParticipants: 4, DailyLimits: steps(5),
		LateSyncHours: 6, FirstDay: date("2026-05-02"), LastDay: date("2026-05-09"),
	}, after.apply(before))
	require.Equal(t, before, new(Patch).apply(before))
}

func TestNextTransitionOfNothing(t *testing.T) {
	c := New("spring", countedKeys())
	_, ok := c.NextTransition()
	require.False(t, ok)
	require.Equal(t, Decision{}, c.Tick(instant("2026-05-01T00:00:00Z")))
	require.Zero(t, c.Pending())
}
