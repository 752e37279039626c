package competition

import (
	"cmp"

	"github.com/paceboard/paceboard/competition/calendar"
)

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
