package competition

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/calendar"
)

// TestSuspicionAllocatesNothing: who syncs on, flagged or not, costs no memory,
// and no event, although every sync is looked at closely.
func TestSuspicionAllocatesNothing(t *testing.T) {
	for _, test := range []struct {
		rule  string
		other int64 // steps of the other days
		flags int
	}{
		{"an ordinary day of one who does much", 2_000_000, 1},
		{"a day like no other", 1000, 2},
	} {
		t.Run(test.rule, func(t *testing.T) {
			c := crowdOf(100, spring(func(d *Definition) { d.DailyLimits.Steps = 10_000_000 }))
			s := SubmitSync{UserID: member(42), Source: "phone", Metrics: steps(test.other)}
			var batch Batch
			now := spring().Start + 6*day + 12*hour
			for i := range calendar.Day(6) {
				s.Day = spring().FirstDay + i
				commit(c, now, &s, &batch)
			}
			s.Day, s.Metrics = s.Day+1, steps(3_000_000)
			commit(c, now, &s, &batch)
			require.Len(t, batch.Events, 1+test.flags, "a sync and its flags")
			once := func() {
				s.Metrics.Steps += 7000
				commit(c, now, &s, &batch)
				if len(batch.Events) != 1 {
					panic("an event besides the sync")
				}
			}
			for range 10 {
				once()
			}
			require.Zero(t, testing.AllocsPerRun(100, once))
		})
	}
}

// TestFlagsEnd: a participant has so many, whatever else happens.
func TestFlagsEnd(t *testing.T) {
	d := spring(func(d *Definition) { d.End = d.Start + 60*day })
	c := crowdOf(1, d)
	var batch Batch
	s := SubmitSync{UserID: member(0), Source: "phone"}
	for i := range calendar.Day(40) {
		begins := calendar.Millis(d.FirstDay+i)*day - 14*hour
		s.Day, s.Metrics = d.FirstDay+i, steps(90_000)
		commit(c, max(begins, d.Start), &s, &batch)
	}
	require.Len(t, c.participants.at(1).review.Flags, MaxFlags)
	var seqs []uint64
	before := uint64(0)
	for {
		page, next := c.Flags(before, 5)
		for _, f := range page {
			seqs = append(seqs, f.Seq)
		}
		if next == 0 {
			break
		}
		before = next
	}
	require.Len(t, seqs, MaxFlags)
	for i := range seqs[1:] {
		require.Less(t, seqs[i+1], seqs[i], "newest first")
	}
}

// TestPointsAreExact in 1/100,000: a centimetre at a thousandth of a point.
func TestPointsAreExact(t *testing.T) {
	w := Weights{Step: 1, Metre: 1, Kcal: 333, Minute: 1_000_000}
	for _, test := range []struct {
		m    Metrics
		want string
	}{
		{Metrics{}, "0.00000"},
		{Metrics{DistanceCm: 1}, "0.00001"},
		{Metrics{Steps: 1}, "0.00100"},
		{Metrics{EnergyCentikcal: 1}, "0.00333"},
		{Metrics{Steps: 999, DistanceCm: 99, EnergyCentikcal: 1, ActiveMinutes: 2}, "2001.00332"}, // 0.999 + 0.00099 + 0.00333 + 2000
	} {
		p := w.Points(test.m)
		require.Equal(t, test.want, fmt.Sprintf("%d.%05d", p.Whole, p.Parts))
	}
	require.Equal(t, Points{3, 1}, Points{1, 60_000}.Plus(Points{1, 40_001}))
}
