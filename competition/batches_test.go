package competition

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition/calendar"
)

// TestTheBoardDoesNotDependOnWhereBatchesEnd gives the same reports to two
// competitions: one applies each before the next is decided, the other whenever the
// journal happens to be done. Scores, who is first among equals, and what each
// report changed are the same: each report is a command of its own, whatever is
// known of it elsewhere. See ADR 6.
func TestTheBoardDoesNotDependOnWhereBatchesEnd(t *testing.T) {
	const people = 3
	rapid.Check(t, func(rt *rapid.T) {
		t := plain{rt}
		var batches [2]Batch
		competitions := [2]*Competition{crowd(people), crowd(people)}
		now := instant("2026-05-03T10:00:00Z")
		waiting := map[uint64]int{} // reports by seq, in the one that lags
		changed := [2]map[int]bool{{}, {}}

		apply := func(i int) {
			c := competitions[i]
			batches[i] = c.Take(batches[i])
			for n := range batches[i].Events {
				event := &batches[i].Events[n]
				outcome, err := c.Apply(event)
				require.NoError(t, err)
				if event.Detail == nil && i == 1 {
					changed[i][waiting[event.Seq]] = outcome.Changed
				} else if event.Detail == nil {
					changed[i][len(changed[i])] = outcome.Changed
				}
			}
			c.Applied(&batches[i])
		}
		order := func(c *Competition) (entries []Entry) {
			for _, e := range c.Page(nil, 0, people).Entries {
				entries = append(entries, Entry{UserID: e.UserID, Rank: e.Rank, Score: e.Score})
			}
			return entries
		}
		for n := range rapid.IntRange(1, 12).Draw(rt, "reports") {
			now++
			s := SubmitSync{
				UserID: member(rapid.IntRange(0, people-1).Draw(rt, "who")), Day: calendar.DayOf(now.Time()), Source: "watch",
				RecordedAt: rapid.Int64Range(0, 6).Draw(rt, "recorded"),
				Metrics:    Metrics{Steps: rapid.Int64Range(0, 2).Draw(rt, "steps")},
			}
			d, err := competitions[0].SubmitSync(now, &s)
			require.NoError(t, err)
			if d.Repeat {
				changed[0][n] = false
			}
			apply(0)
			d, err = competitions[1].SubmitSync(now, &s)
			require.NoError(t, err)
			if changed[1][n] = false; !d.Repeat {
				require.NotContains(t, waiting, d.Seq, "an event of its own")
				waiting[d.Seq] = n
			}
			if rapid.Bool().Draw(rt, "the journal is done") {
				apply(1)
				require.Equal(t, order(competitions[0]), order(competitions[1]))
			}
		}
		apply(1)
		require.Equal(t, order(competitions[0]), order(competitions[1]))
		require.Equal(t, changed[0], changed[1])
	})
}
