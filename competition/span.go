package competition

import (
	"cmp"
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

// Stats is a user's part in a competition, or, with an empty CompetitionID, in
// all of them together: then without score and rank.
type Stats struct {
	CompetitionID string
	UserID        string
	Score         int64
	Rank          int // 0 when not on the board
	LastSyncedAt  calendar.Millis
	Total         Metrics      // sum of the days of the span
	Source        string       // that reported last on the last of them
	Days          []DayStats   // those that are shown
	Next          calendar.Day // the first day that is not shown any more; 0 if all are
	Rows          int          // how many registers were read for it, those of other days included
}

// Stats returns what a user did on the days of a span. Error: ErrNotEnrolled for users who
// never took part. Cost: linear in the user's days; memory in those that are shown.
func (c *Competition) Stats(userID string, span Span) (Stats, error) {
	p := c.participants.find(userID)
	if p == nil {
		return Stats{}, ErrNotEnrolled
	}
	s := c.statsOf(p)
	s.Rows = p.days.count()
	page := daysShown{span: span}
	for day := range daysOf(c.sources.names, p.days, p.review.corrections(), span.From, span.To) {
		s.add(day, &page)
	}
	return s, nil
}

// statsOf returns what is to be said of a participant without any days.
func (c *Competition) statsOf(p *participant) Stats {
	s := Stats{CompetitionID: c.ID(), UserID: p.userID, Score: p.score, LastSyncedAt: p.lastSynced}
	if p.onBoard() {
		s.Rank, _ = c.board.Rank(p.key())
	}
	return s
}

// add takes the next day in: it is summed, and shown if it is one of the page.
func (s *Stats) add(day *DayStats, page *daysShown) {
	s.Total = s.Total.Plus(day.Value)
	s.Source = latestSource(day.Sources)
	if page.shows(day.Day) {
		s.Days = append(s.Days, DayStats{Day: day.Day, Value: day.Value, Sources: append([]SourceStats(nil), day.Sources...)})
	}
	s.Next = page.next
}

// latestSource returns the source that reported last, of equal ones the first by name;
// empty where none did.
func latestSource(sources []SourceStats) string {
	var latest SourceStats
	for i, source := range sources {
		if i == 0 || cmp.Or(cmp.Compare(source.RecordedAt, latest.RecordedAt), cmp.Compare(latest.Source, source.Source)) > 0 {
			latest = source
		}
	}
	return latest.Source
}
