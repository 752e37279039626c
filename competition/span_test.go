package competition

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition/calendar"
)

// requirePages holds pages of some days against all of them at once: the days are
// the same, and what is no day is the same on each.
func requirePages(t require.TestingT, whole Stats, limit int, read func(Span) Stats) {
	var days []DayStats
	for begin := calendar.MinDay; ; {
		page := read(Span{From: calendar.MinDay, To: calendar.MaxDay, Begin: begin, Limit: limit})
		require.LessOrEqual(t, len(page.Days), limit)
		days = append(days, page.Days...)
		next := page.Next
		page.Days, page.Next = whole.Days, 0
		require.Equal(t, whole, page)
		if next == 0 {
			break
		}
		require.Greater(t, next, begin)
		begin = next
	}
	require.Equal(t, whole.Days, days)
}

// TestPagesAreTheWhole: of statistics and explanations, with corrections of days
// that were reported and of days that were not.
func TestPagesAreTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := crowd(1)
		c.sources.names = []string{"phone", "watch", "ring"}
		p, ann := c.participants.at(1), member(0)
		p.days = nil
		want := map[calendar.Day]int64{}
		for range rapid.IntRange(0, 12).Draw(t, "reports") {
			r := Register{Day: calendar.Day(rapid.IntRange(1, 9).Draw(t, "day")), Source: uint32(rapid.IntRange(0, 2).Draw(t, "source")), Metrics: steps(int64(rapid.IntRange(0, 5).Draw(t, "steps")))}
			p.days, _ = p.days.Merge(r)
			want[r.Day] = max(want[r.Day], r.Metrics.Steps)
		}
		p.review = &Review{}
		for range rapid.IntRange(0, 4).Draw(t, "corrections") {
			day := calendar.Day(rapid.IntRange(1, 9).Draw(t, "corrected"))
			p.review.correct(Correction{Day: day, Metrics: steps(7)})
			want[day] = 7
		}

		whole, err := c.Stats(ann, AllDays)
		require.NoError(t, err)
		got := map[calendar.Day]int64{}
		for _, day := range whole.Days {
			got[day.Day] = day.Value.Steps
		}
		require.Equal(t, want, got)
		limit := rapid.IntRange(1, 4).Draw(t, "limit")
		requirePages(t, whole, limit, func(span Span) Stats {
			page, err := c.Stats(ann, span)
			require.NoError(t, err)
			return page
		})

		all, err := c.Explain(ann, AllDays)
		require.NoError(t, err)
		var days []ExplainedDay
		for begin := calendar.MinDay; ; {
			page, err := c.Explain(ann, Span{To: calendar.MaxDay, Begin: begin, Limit: limit})
			require.NoError(t, err)
			require.Equal(t, all.Sum, page.Sum)
			require.Equal(t, whole.Rows, page.Rows)
			days = append(days, page.Days...)
			if begin = page.Next; begin == 0 {
				break
			}
		}
		require.Equal(t, all.Days, days)
	})
}

// TestMemoryFollowsThePage: reading a page of five years of eight sources takes
// the memory of the page.
func TestMemoryFollowsThePage(t *testing.T) {
	c := crowd(1)
	c.sources.names = nil
	p, ann := c.participants.at(1), member(0)
	p.days = nil
	const days = 5 * 365
	for s := range MaxSources {
		c.sources.names = append(c.sources.names, string(rune('a'+s)))
	}
	for day := range calendar.Day(days) {
		for s := range uint32(MaxSources) {
			var scratch [maxRegisterBytes]byte
			p.days = append(p.days, appendRegister(scratch[:0], Register{Day: 1000 + day, Source: s, Metrics: steps(int64(s))})...)
		}
	}
	taken := func(limit int) int64 {
		return testing.Benchmark(func(b *testing.B) {
			for b.Loop() {
				_, err := c.Stats(ann, Span{To: calendar.MaxDay, Limit: limit})
				require.NoError(b, err)
				_, err = c.Explain(ann, Span{To: calendar.MaxDay, Limit: limit})
				require.NoError(b, err)
			}
		}).AllocedBytesPerOp()
	}
	page, whole := taken(100), taken(0)
	t.Logf("%d bytes for 100 days, %d for all %d", page, whole, days)
	require.Less(t, page, whole*2*100/days)
}
