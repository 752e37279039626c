package competition

import (
	"cmp"
	"slices"

	"github.com/paceboard/paceboard/competition/calendar"
)

// Explanation is why a participant's score is what it is.
type Explanation struct {
	CompetitionID string
	UserID        string
	UserName      string
	Status        Status
	Scoring       Weights
	Score         int64 // Sum, rounded down once
	Rank          int   // 0 when not on the board
	Total         int   // participants on the board
	Left          bool  // took part, and left
	Excluded      bool
	Reason        string         // of the exclusion
	Removed       bool           // by the creator or an operator; Left is true then, too
	Removal       string         // the reason of that
	Days          []ExplainedDay // those that are shown
	Next          calendar.Day   // the first day that is not shown any more; 0 if all are
	Sum           Points         // of all days of the span
	Rows          int            // how many registers were read
}

// ExplainedDay is what a day counts for and why.
type ExplainedDay struct {
	Day        calendar.Day
	Value      Metrics
	Points     Points
	Correction *Correction // by an operator, in place of what the reports say; or nil
	Reports    []ExplainedReport
	Flags      []Flag
}

// ExplainedReport is what a source last said of a day, and what of it counts.
type ExplainedReport struct {
	SourceStats
	Counted Metrics // of each metric all or nothing: that of one source counts
	Ignored Ignored // why nothing of it counts; empty if something does
}

// Ignored says why a report does not count, in the word that clients see.
type Ignored string

// Why a report does not count.
const (
	IgnoredCorrected Ignored = "corrected"               // an operator has said what the day counts for
	IgnoredSurpassed Ignored = "another_source_has_more" // or as much of everything
	IgnoredEmpty     Ignored = "nothing_reported"        // it has 0 of everything
)

// Explain returns why a user's score is what it is, with the days of a span. Error:
// ErrNotEnrolled if the user never took part. Cost: linear in the user's days; memory in
// those that are shown.
func (c *Competition) Explain(userID string, span Span) (Explanation, error) {
	p := c.participants.find(userID)
	if p == nil {
		return Explanation{}, ErrNotEnrolled
	}
	x := Explanation{
		CompetitionID: c.ID(), UserID: userID, UserName: p.userName, Status: c.status, Scoring: c.definition.Scoring,
		Score: p.score, Rank: c.statsOf(p).Rank, Total: c.onBoard, Left: !p.present, Rows: p.days.count(),
	}
	if p.review != nil {
		x.Excluded, x.Reason = p.review.Excluded, p.review.Reason
		x.Removed, x.Removal = p.review.isRemoved(), p.review.Removal
	}
	page := daysShown{span: span}
	for day := range daysOf(c.sources.names, p.days, p.review.corrections(), span.From, span.To) {
		x.Sum = x.Sum.Plus(c.definition.Scoring.Points(day.Value))
		if page.shows(day.Day) {
			x.Days = append(x.Days, c.explainDay(p.review, day))
		}
	}
	x.Next = page.next
	return x, nil
}

func (c *Competition) explainDay(r *Review, s *DayStats) ExplainedDay {
	d := ExplainedDay{
		Day: s.Day, Value: s.Value, Points: c.definition.Scoring.Points(s.Value),
		Reports: make([]ExplainedReport, len(s.Sources)),
	}
	if correction := r.correction(s.Day); correction != nil {
		d.Correction = new(*correction)
	}
	left := s.Value // what no report has accounted for yet
	for i, source := range s.Sources {
		report := ExplainedReport{SourceStats: source}
		switch {
		case d.Correction != nil:
			report.Ignored = IgnoredCorrected
		case source.Metrics == Metrics{}:
			report.Ignored = IgnoredEmpty
		default:
			if report.Counted, left = count(source.Metrics, left); report.Counted == (Metrics{}) {
				report.Ignored = IgnoredSurpassed
			}
		}
		d.Reports[i] = report
	}
	if r != nil {
		for _, f := range r.Flags {
			if f.Day == s.Day {
				d.Flags = append(d.Flags, f)
			}
		}
	}
	return d
}

// count returns what of a report counts: each metric that is the day's value and that
// no source before has had.
func count(reported, left Metrics) (counted, rest Metrics) {
	take := func(reported int64, left, counted *int64) {
		if reported == *left {
			*counted, *left = reported, 0
		}
	}
	take(reported.Steps, &left.Steps, &counted.Steps)
	take(reported.DistanceCm, &left.DistanceCm, &counted.DistanceCm)
	take(reported.EnergyCentikcal, &left.EnergyCentikcal, &counted.EnergyCentikcal)
	take(reported.ActiveMinutes, &left.ActiveMinutes, &counted.ActiveMinutes)
	return counted, left
}

// FlaggedEntry is a flag and whose it is.
type FlaggedEntry struct {
	Flag
	UserID, UserName string
	Excluded         bool
	Value            Metrics // what the day counts for now
}

// Flags lists flags, newest first, beginning after the seq before (0: with the
// newest), limit at most, and the seq to go on after; next is 0 at the end.
// Cost: O(log n + limit).
func (c *Competition) Flags(before uint64, limit int) (list []FlaggedEntry, next uint64) {
	end := len(c.flags)
	if before > 0 {
		end, _ = slices.BinarySearchFunc(c.flags, before, func(f flagPlace, seq uint64) int { return cmp.Compare(f.seq, seq) })
	}
	for i := end - 1; i >= 0; i-- {
		if len(list) == limit {
			return list, list[limit-1].Seq
		}
		p := c.participants.at(c.flags[i].number)
		at := slices.IndexFunc(p.review.Flags, func(f Flag) bool { return f.Seq == c.flags[i].seq })
		f := p.review.Flags[at]
		list = append(list, FlaggedEntry{Flag: f, UserID: p.userID, UserName: p.userName, Excluded: p.review.Excluded, Value: p.valueOf(f.Day)})
	}
	return list, 0
}

// Person is all that a competition knows of one user.
type Person struct {
	Competition Summary
	UserName    string
	Present     bool // takes part now
	Creator     bool
	PaidMinor   int64        // paid in and not given back
	Stats       Stats        // the rank is 0 if not on the board
	Explanation *Explanation // nil for a creator who never took part
}

// Person returns what there is to tell of a user, with the days of a span; ok is false
// where there is nothing. Cost: linear in the user's days; memory in those that are
// shown.
func (c *Competition) Person(userID string, span Span) (p Person, ok bool) {
	p = Person{Competition: c.Summary(), Creator: userID != "" && userID == c.creator, Stats: Stats{CompetitionID: c.ID(), UserID: userID}}
	found := c.participants.find(userID)
	if found == nil {
		return p, p.Creator
	}
	p.UserName, p.Present, p.PaidMinor = found.userName, found.present, found.paid
	p.Stats, _ = c.Stats(userID, span)
	if x, err := c.Explain(userID, span); err == nil {
		p.Explanation = &x
	}
	return p, true
}
