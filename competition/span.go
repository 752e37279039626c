package competition

import (
	"iter"

	"github.com/paceboard/paceboard/competition/calendar"
)

// Span says which of a user's days are read. From and To, both inclusive, choose
// those that are summed; of them the days from Begin on are shown, Limit at most.
type Span struct {
	From, To calendar.Day
	Begin    calendar.Day // MinDay shows them from From on
	Limit    int          // 0 shows all
}

// AllDays reads and shows everything.
var AllDays = Span{From: calendar.MinDay, To: calendar.MaxDay}

// daysShown picks the days that are shown of a span.
type daysShown struct {
	span Span
	n    int
	next calendar.Day // the first that is not shown any more; 0 if all are
}

// shows reports whether the day is shown; it is asked once for each, in order.
func (p *daysShown) shows(day calendar.Day) bool {
	switch {
	case day < p.span.Begin:
		return false
	case p.span.Limit > 0 && p.n == p.span.Limit:
		if p.next == 0 {
			p.next = day
		}
		return false
	}
	p.n++
	return true
}

// daysOf yields the days from and to of some registers as they count, in order: a
// correction stands in for the value, the sources stay as they were reported. What
// it yields is good until the next one, so that memory does not grow with the days.
func daysOf(sources []string, days Days, corrections []Correction, from, to calendar.Day) iter.Seq[*DayStats] {
	return func(yield func(*DayStats) bool) {
		var day DayStats
		begun := false
		end := func() (more bool) {
			if len(corrections) > 0 && corrections[0].Day == day.Day {
				day.Value, corrections = corrections[0].Metrics, corrections[1:]
			}
			return yield(&day)
		}
		begin := func(d calendar.Day) { day, begun = DayStats{Day: d, Sources: day.Sources[:0]}, true }
		// before yields the days before d of which there is but a correction.
		before := func(d calendar.Day) (more bool) {
			for len(corrections) > 0 && corrections[0].Day < d {
				if corrections[0].Day < from {
					corrections = corrections[1:]
					continue
				}
				if begin(corrections[0].Day); !end() {
					return false
				}
			}
			return true
		}
		for r := range days.All() {
			if r.Day < from || r.Day > to {
				continue
			}
			if !begun || day.Day != r.Day {
				if begun && !end() || !before(r.Day) {
					return
				}
				begin(r.Day)
			}
			day.Value = day.Value.Max(r.Metrics)
			day.Sources = append(day.Sources, SourceStats{Source: sources[r.Source], RecordedAt: r.RecordedAt, Metrics: r.Metrics})
		}
		if begun && !end() {
			return
		}
		before(to + 1)
	}
}

// DayStats is one day of a user.
type DayStats struct {
	Day     calendar.Day
	Value   Metrics
	Sources []SourceStats
}

// SourceStats is what one source said of a day.
type SourceStats struct {
	Source     string
	RecordedAt int64 // nanoseconds since 1970 UTC; 0 when unknown
	Metrics    Metrics
}
