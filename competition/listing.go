package competition

import (
	"cmp"
	"slices"

	"github.com/paceboard/paceboard/competition/calendar"
)

// Listing says which summaries a list shows: those of one status, or of all, that
// its reader may see.
type Listing struct {
	Reader   string // sees what is public, and the private ones that it takes part in or made
	Operator bool   // the reader sees everything
	Status   Status // 0 for any
	After    ListPlace
	Limit    int // at least 1
}

// Shows reports whether a list of this status shows the summary, to a reader who
// may see it.
func (l *Listing) Shows(s *Summary) bool {
	return (l.Status == 0 || s.Status == l.Status) && s.Place().Follows(l.After)
}

// Page makes the page of a list from parts of what it shows, each in any order and
// with at least Limit+1 of its first summaries, or all. Up to the place known every
// part is complete; the zero value says that all are to their ends. A competition
// that is in two parts is shown once.
func (l *Listing) Page(known ListPlace, parts ...[]Summary) (page []Summary, next ListPlace) {
	page = slices.Concat(parts...)
	slices.SortFunc(page, func(a, b Summary) int { return a.Place().Compare(b.Place()) })
	page = slices.CompactFunc(page, func(a, b Summary) bool { return a.Definition.ID == b.Definition.ID })
	if known != (ListPlace{}) {
		page = slices.DeleteFunc(page, func(s Summary) bool { return s.Place().Compare(known) > 0 })
		next = known
	}
	if len(page) > l.Limit {
		page = page[:l.Limit]
		next = page[l.Limit-1].Place()
	}
	return page, next
}

// ListPlace is a competition's place in lists, which are in the order of starts
// and, among equal ones, of ids. The zero value is before all of them.
type ListPlace struct {
	Start calendar.Millis
	ID    string
}

// Place returns where lists have the competition.
func (s *Summary) Place() ListPlace {
	return ListPlace{Start: s.Definition.Start, ID: s.Definition.ID}
}

// Compare orders places.
func (p ListPlace) Compare(q ListPlace) int {
	return cmp.Or(cmp.Compare(p.Start, q.Start), cmp.Compare(p.ID, q.ID))
}

// Follows reports whether the place comes after another; every place follows the
// zero value.
func (p ListPlace) Follows(q ListPlace) bool { return q == (ListPlace{}) || p.Compare(q) > 0 }

// Tie is a user's tie to a competition that is not over, with its summary.
type Tie struct {
	Membership
	Summary Summary
}

// Due is when time next decides something in a competition. They are in the order of
// times and, among equal ones, of ids.
type Due struct {
	CompetitionID string
	At            calendar.Millis
}

// DueAt returns when time next changes the status, or drops what was decided about
// erased people; ok is false when it never will.
func (s *Summary) DueAt() (at calendar.Millis, ok bool) {
	if s.KeptUntil != 0 {
		return s.KeptUntil, true
	}
	_, at, ok = s.Definition.Next(s.Status)
	return at, ok
}

// MaxOverPrivate is how many private competitions that are over one page looks
// through for those of its status.
const MaxOverPrivate = 1_000
