package competition

import (
	"cmp"
	"encoding/binary"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// History is some of a user's registers, with the names that their sources have
// in it. A history of several competitions may have more than MaxSources of a
// day.
//
// Histories are joined as registers are: commutatively, associatively and
// idempotently. So it does no harm to join one twice, late, or in parts.
type History struct {
	Sources  []string // Register.Source counts into it
	Days     Days
	SyncedAt calendar.Millis // a sync that changed something was accepted then; 0 when unknown
}

// Merge joins o into the history and reports whether that changed it. It keeps
// nothing of o's memory, and writes neither to o nor to the names and days that
// the history began with. Cost: linear in both numbers of registers, whatever there
// are of them in a month.
func (h *History) Merge(o History) (changed bool) {
	if o.SyncedAt > h.SyncedAt {
		h.SyncedAt, changed = o.SyncedAt, true
	}
	m := merging{days: h.Days, names: slices.Clip(h.Sources), renumbered: map[uint32]uint32{}}
	var day []Register // of o's
	for r := range o.Days.All() {
		if len(day) > 0 && day[0].Day != r.Day {
			m.join(day)
			day = day[:0]
		}
		r.Source = m.number(r.Source, o.Sources)
		day = append(day, r)
	}
	m.join(day)
	if m.merged == nil {
		return changed
	}
	h.Days, h.Sources = append(m.merged, h.Days[m.copied:]...), m.names
	return true
}

// merging is a Merge under way: a walk along the days of the history, which is in
// the same order as that of the days that are joined to it.
type merging struct {
	days   Days // the history's
	at     int  // how far they are walked along, in bytes
	merged Days // what they become; nil while nothing has changed
	copied int  // how much of them is in merged

	names      []string
	numbers    map[string]uint32 // of names; nil before it is needed
	renumbered map[uint32]uint32 // sources of what is joined
}

// number returns the number of a source among the history's, to which it is added if it
// is not one of them.
func (m *merging) number(source uint32, names []string) uint32 {
	if number, ok := m.renumbered[source]; ok {
		return number
	}
	if m.numbers == nil {
		m.numbers = make(map[string]uint32, len(m.names))
		for i, name := range m.names {
			m.numbers[name] = uint32(i)
		}
	}
	name := names[source]
	number, ok := m.numbers[name]
	if !ok {
		number = uint32(len(m.names))
		m.names, m.numbers[name] = append(m.names, name), number
	}
	m.renumbered[source] = number
	return number
}

// join joins the registers of one day, which is later than those before.
func (m *merging) join(day []Register) {
	slices.SortFunc(day, func(a, b Register) int { return cmp.Compare(a.Source, b.Source) })
	for _, r := range day {
		end := m.seek(&r)
		if end > m.at {
			known := decodeRegister(m.days[m.at+1 : end])
			if r = known.merge(r); r == known {
				m.at = end
				continue
			}
		}
		if m.merged == nil {
			m.merged = make(Days, 0, len(m.days)+maxRegisterBytes*len(day))
		}
		m.merged = appendRegister(append(m.merged, m.days[m.copied:m.at]...), r)
		m.at, m.copied = end, end
	}
}

// seek walks to where a register has its place; end is after the one that is there
// already, if there is one.
func (m *merging) seek(r *Register) (end int) {
	for m.at < len(m.days) {
		end = m.at + 1 + int(m.days[m.at])
		switch known := decodeRegister(m.days[m.at+1 : end]); cmp.Or(cmp.Compare(known.Day, r.Day), cmp.Compare(known.Source, r.Source)) {
		case 0:
			return end
		case 1:
			return m.at
		}
		m.at = end
	}
	return m.at
}

// Months yields the history by month, in parts that share its memory. SyncedAt
// goes with the last one, so that a sync changes one part alone.
func (h History) Months() iter.Seq2[calendar.Month, History] {
	return func(yield func(calendar.Month, History) bool) {
		for i := 0; i < len(h.Days); {
			month := h.Days.dayAt(i).Month()
			next, end := (month + 1).First(), i
			for end < len(h.Days) && h.Days.dayAt(end) < next {
				end += 1 + int(h.Days[end])
			}
			part := History{Sources: h.Sources, Days: h.Days[i:end:end]}
			if end == len(h.Days) {
				part.SyncedAt = h.SyncedAt
			}
			if !yield(month, part) {
				return
			}
			i = end
		}
	}
}

// Check reports whether the history is one of that month, as Merge leaves it.
// Stores check what they read, and nobody needs to afterwards.
func (h History) Check(month calendar.Month) error {
	if err := h.Days.check(len(h.Sources)); err != nil {
		return err
	}
	first, next := month.First(), (month + 1).First()
	for r := range h.Days.All() {
		if r.Day < first || r.Day >= next {
			return errors.New("a day register is of another month")
		}
	}
	return nil
}

// CheckDays reports what is wrong with the days of a history that another process sent.
func (h *History) CheckDays() error { return h.Days.check(len(h.Sources)) }

// AppendHistory appends the packed form of a history, for stores that keep bytes.
func AppendHistory(dst []byte, h History) []byte {
	dst = binary.AppendVarint(dst, int64(h.SyncedAt))
	dst = binary.AppendUvarint(dst, uint64(len(h.Sources)))
	for _, name := range h.Sources {
		dst = wire.AppendString(dst, name)
	}
	return append(dst, h.Days...)
}

// ParseHistory is the inverse of AppendHistory, for a history of one month. Its
// Days are a part of b.
func ParseHistory(month calendar.Month, b []byte) (History, error) {
	r := wire.NewReader(b)
	h := History{SyncedAt: calendar.Millis(r.Varint()), Sources: make([]string, r.Length())}
	for i := range h.Sources {
		h.Sources[i] = r.String()
	}
	if r.Err() != nil {
		return History{}, r.Err()
	}
	h.Days = Days(r.Rest())
	return h, h.Check(month)
}

// Lifetime puts a user's days together from histories of any competitions and
// months. The zero value is empty.
type Lifetime struct {
	months map[calendar.Month]History
	rows   int // registers that were added, and others that were read for it
}

// Add joins a history. It keeps nothing of its memory.
func (l *Lifetime) Add(h History) {
	if l.months == nil {
		l.months = map[calendar.Month]History{}
	}
	l.rows += h.Days.count()
	for month, part := range h.Months() {
		known := l.months[month]
		if known.Merge(part) {
			l.months[month] = known
		}
	}
}

// Cost notes rows that were read besides the histories, which Stats.Rows tells, too.
func (l *Lifetime) Cost(rows int) { l.rows += rows }

// Stats returns what was added of the days of a span; the sources of a day are in the
// order of their names. It has no competition, score and rank. Cost: linear in the
// days, and sorting the sources of each; memory in those that are shown.
func (l *Lifetime) Stats(userID string, span Span) Stats {
	s := Stats{UserID: userID, Rows: l.rows}
	page := daysShown{span: span}
	for _, month := range slices.Sorted(maps.Keys(l.months)) {
		h := l.months[month]
		s.LastSyncedAt = max(s.LastSyncedAt, h.SyncedAt)
		for day := range daysOf(h.Sources, h.Days, nil, span.From, span.To) {
			slices.SortFunc(day.Sources, func(a, b SourceStats) int { return strings.Compare(a.Source, b.Source) })
			s.add(day, &page)
		}
	}
	return s
}

// History returns what the competition knows of a user's days, those before leaving
// included; empty for a user who never took part. Cost: a copy of the days.
func (c *Competition) History(userID string) History {
	p := c.participants.find(userID)
	if p == nil {
		return History{}
	}
	// Names that are applied stay where they are: the slice can be shared.
	names := c.sources.names[:c.sources.applied:c.sources.applied]
	return History{Sources: names, Days: slices.Clone(p.days), SyncedAt: p.lastSynced}
}

// Projection is a part of a snapshot on its way into the lifetime statistics.
type Projection struct {
	CompetitionID string
	Sources       []string // of Rows; see SnapshotSources
	Rows          []Row    // of which Number, Days and LastSyncedAt count

	// From and To say what is known once the rows are in: with what the
	// statistics had of the competition as of From, all there is as of To. A part
	// that does not complete anything has To 0.
	From, To uint64
}

// History returns what a row adds to the statistics of the user whose identity its
// number has: nothing for a pseudonym. It shares the row's days.
func (p *Projection) History(row *Row, userID string) History {
	if IsPseudonym(userID) {
		return History{}
	}
	return History{Sources: p.Sources, Days: row.Days, SyncedAt: row.LastSyncedAt}
}
