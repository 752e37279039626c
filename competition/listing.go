package competition

import (
	"cmp"
	"slices"
	"strings"

	"github.com/paceboard/paceboard/competition/calendar"
)

// Listing says which summaries a list shows, of those that its reader may see, and in
// which order.
type Listing struct {
	Reader   string   // sees what is public, and the private ones that it takes part in or made
	Operator bool     // the reader sees everything
	Statuses []Status // none: all
	Search   string   // in the name, in any letter case, with or without accents; empty: any name
	Newest   bool     // in the opposite order
	After    ListPlace
	Limit    int // at least 1
}

// ListedPage is a page of a list that begins with its reader's own.
type ListedPage struct {
	List []Summary
	Own  int // how many of the first are the reader's own
	Next ListPlace
}

// Of reports whether the list may show competitions of a status.
func (l *Listing) Of(status Status) bool {
	return len(l.Statuses) == 0 || slices.Contains(l.Statuses, status)
}

// OfOver reports whether the list may show competitions that are over.
func (l *Listing) OfOver() bool {
	return len(l.Statuses) == 0 || slices.ContainsFunc(l.Statuses, Status.Over)
}

// Shows reports whether the list shows the summary to a reader who may see it.
func (l *Listing) Shows(s *Summary) bool {
	return l.Of(s.Status) && l.follows(s.Place()) && l.Names(s)
}

// Names reports whether the name is one that is searched for.
func (l *Listing) Names(s *Summary) bool {
	return l.Search == "" || strings.Contains(folded(s.Definition.Name), folded(l.Search))
}

// Page makes the page of a list from parts of what it shows, each in any order and
// with at least Limit+1 of its first summaries, or all. Up to each place known every
// part is complete; the zero value says that it is to its end. A competition that is in
// two parts is shown once.
func (l *Listing) Page(known []ListPlace, parts ...[]Summary) (page []Summary, next ListPlace) {
	page = slices.Concat(parts...)
	slices.SortFunc(page, func(a, b Summary) int { return l.compare(a.Place(), b.Place()) })
	page = slices.CompactFunc(page, func(a, b Summary) bool { return a.Definition.ID == b.Definition.ID })
	for _, place := range known {
		if place != (ListPlace{}) && (next == (ListPlace{}) || l.compare(place, next) < 0) {
			next = place
		}
	}
	if next != (ListPlace{}) {
		page = slices.DeleteFunc(page, func(s Summary) bool { return l.compare(s.Place(), next) > 0 })
	}
	if len(page) > l.Limit {
		page = page[:l.Limit]
		next = page[l.Limit-1].Place()
	}
	return page, next
}

// compare orders places as the list does.
func (l *Listing) compare(p, q ListPlace) int {
	if l.Newest {
		p, q = q, p
	}
	return p.Compare(q)
}

// follows reports whether the list has the place still to come.
func (l *Listing) follows(p ListPlace) bool {
	return l.After == (ListPlace{}) || l.compare(p, l.After) > 0
}

// ListPlace is a competition's place in lists, which are in the order of starts
// and, among equal ones, of ids. The zero value is before all of them.
type ListPlace struct {
	Start calendar.Millis
	ID    string
	Own   bool // in a list that begins with its reader's own: among these
}

// Place returns where lists have the competition.
func (s *Summary) Place() ListPlace {
	return ListPlace{Start: s.Definition.Start, ID: s.Definition.ID}
}

// Compare orders places.
func (p ListPlace) Compare(q ListPlace) int {
	return cmp.Or(cmp.Compare(p.Start, q.Start), cmp.Compare(p.ID, q.ID))
}

const (
	// MaxOverPrivate is how many private competitions that are over one page looks
	// through for those that it shows.
	MaxOverPrivate = 1_000
	// MaxSearched is how many of the others it looks through for a name.
	MaxSearched = 1_000
)
