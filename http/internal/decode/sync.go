package decode

import (
	"unsafe"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// Sync is one sync as a client wrote it, checked. The byte slices may be
// parts of the body; they are nil when absent.
type Sync struct {
	UserID        []byte // the caller's own when nil
	CompetitionID []byte // every competition of the user when nil
	Source        []byte // never empty; DefaultSource when nil
	Day           calendar.Day
	RecordedAt    int64 // nanoseconds since 1970 UTC, 0 when absent
	Metrics       competition.Metrics
}

// DefaultSource is the source of a sync that names none.
const DefaultSource = "google_fit"

// ReadSync reads a body that is one sync. There are two readers, which a
// fuzz test compares: the quick one reads what clients usually send, and the exact one
// reads everything else, good or bad.
func ReadSync(body []byte, s *Sync) error {
	if end, ok := quickSync(body, skipSpace(body, 0), s); ok && skipSpace(body, end) == len(body) {
		return nil
	}
	f, err := ReadForm(body)
	if err != nil {
		return err
	}
	return exactSync(f, s)
}

// exactSync reads a sync from a form; the error lists every bad field.
func exactSync(f *Form, s *Sync) error {
	*s = Sync{}
	if id, ok := f.Bytes("user_id"); ok {
		if s.UserID = id; !competition.ValidUserID(string(id)) {
			f.Refuse("user_id", BadUserID)
		}
	}
	if id, ok := f.Bytes("competition_id"); ok {
		if s.CompetitionID = id; !competition.ValidID(string(id)) {
			f.Refuse("competition_id", BadCompetitionID)
		}
	}
	if source, ok := f.Bytes("source"); ok && len(source) > 0 {
		if s.Source = source; !competition.ValidText(string(source), competition.MaxSourceRunes) {
			f.Refuse("source", "must be 1 to 64 characters without control characters")
		}
	}
	s.Metrics = ReadMetrics(f)
	if text, ok := f.Bytes("date"); ok {
		if s.Day, ok = ReadDay(text); !ok {
			f.Refuse("date", "must be a day from 1970-01-01 on, as YYYY-MM-DD or RFC 3339")
		}
	} else if !f.Has("date") {
		f.Refuse("date", "must be there: a day as YYYY-MM-DD or RFC 3339")
	}
	if t, ok := f.Time("recorded_at"); ok {
		if s.RecordedAt = t.UnixNano(); s.RecordedAt <= 0 {
			f.Refuse("recorded_at", "must be after 1970-01-01T00:00:00Z")
		}
	}
	return f.Err()
}

// ReadMetrics reads a day's totals; those left out are 0.
func ReadMetrics(f *Form) (m competition.Metrics) {
	m.Steps, _ = f.Count("steps")
	m.DistanceCm, _ = f.Hundredths("distance")
	m.EnergyCentikcal, _ = f.Hundredths("calories")
	m.ActiveMinutes, _ = f.Count("active_minutes")
	if !f.Has("steps") && !f.Has("distance") && !f.Has("calories") && !f.Has("active_minutes") {
		f.Refuse("steps", "at least one of steps, distance, calories and active_minutes must be there")
	}
	return m
}

// The details for malformed ids.
const (
	BadUserID        = competition.BadUserID
	BadCompetitionID = "must be 1 to 64 of A-Z a-z 0-9 _ -"
)

// The fields of a sync, as bits of a set.
const (
	sawUserID = 1 << iota
	sawCompetitionID
	sawSource
	sawSteps
	sawDistance
	sawCalories
	sawMinutes
	sawDate
	sawRecordedAt

	sawMetric = sawSteps | sawDistance | sawCalories | sawMinutes
)

// quickSync reads the sync that stands at b[i:] and returns where it ends. It
// takes only objects of the known fields, without escapes and null, and only
// when all of them are right; ok false says nothing about the sync. It
// allocates nothing.
func quickSync(b []byte, i int, s *Sync) (end int, ok bool) {
	*s = Sync{}
	if i >= len(b) || b[i] != '{' {
		return 0, false
	}
	seen := 0
	for i = skipSpace(b, i+1); ; i = skipSpace(b, i+1) {
		key, after, ok := plainString(b, i)
		if !ok {
			return 0, false
		}
		if i = skipSpace(b, after); i >= len(b) || b[i] != ':' {
			return 0, false
		}
		field, after := s.quickField(key, b, skipSpace(b, i+1))
		if field == 0 || seen&field != 0 {
			return 0, false
		}
		seen |= field
		if i = skipSpace(b, after); i >= len(b) {
			return 0, false
		}
		if b[i] == '}' {
			return i + 1, seen&sawDate != 0 && seen&sawMetric != 0
		}
		if b[i] != ',' {
			return 0, false
		}
	}
}

// quickField reads the value at b[i:] of the field called key; it returns the
// field's bit, 0 when it does not take it, and where the value ends.
func (s *Sync) quickField(key, b []byte, i int) (field, end int) {
	var ok bool
	switch string(key) {
	case "user_id":
		field = sawUserID
		s.UserID, end, ok = plainString(b, i)
		ok = ok && competition.ValidUserID(View(s.UserID))
	case "competition_id":
		field = sawCompetitionID
		s.CompetitionID, end, ok = plainString(b, i)
		ok = ok && competition.ValidID(View(s.CompetitionID))
	case "source":
		field = sawSource
		s.Source, end, ok = plainString(b, i)
		if ok = ok && len(s.Source) <= competition.MaxSourceRunes; len(s.Source) == 0 {
			s.Source = nil
		}
	case "steps":
		field = sawSteps
		s.Metrics.Steps, end, ok = quickCount(b, i)
	case "distance":
		field = sawDistance
		s.Metrics.DistanceCm, end, ok = quickHundredths(b, i)
	case "calories":
		field = sawCalories
		s.Metrics.EnergyCentikcal, end, ok = quickHundredths(b, i)
	case "active_minutes":
		field = sawMinutes
		s.Metrics.ActiveMinutes, end, ok = quickCount(b, i)
	case "date":
		field = sawDate
		var text []byte
		if text, end, ok = plainString(b, i); ok {
			s.Day, ok = ReadDay(text)
		}
	case "recorded_at":
		field = sawRecordedAt
		var text []byte
		if text, end, ok = plainString(b, i); ok {
			var t Instant
			t, ok = readTime(text)
			s.RecordedAt = t.UnixNano()
			ok = ok && s.RecordedAt > 0
		}
	}
	if !ok {
		return 0, 0
	}
	return field, end
}

// quickCount reads a number from 0 on, rounded down.
func quickCount(b []byte, i int) (value int64, end int, ok bool) {
	n := readCount(b[min(i, len(b)):])
	return n.value, i + n.size, n.size > 0 && !n.negative && !n.huge
}

// quickHundredths reads a number from 0 on as so many 1/100, rounded half up.
func quickHundredths(b []byte, i int) (value int64, end int, ok bool) {
	n := readNumber(b[min(i, len(b)):], 2)
	return n.value, i + n.size, n.size > 0 && !n.negative && !n.huge
}

// plainString reads a string at b[i:] of printable ASCII without escapes.
func plainString(b []byte, i int) (text []byte, end int, ok bool) {
	if i >= len(b) || b[i] != '"' {
		return nil, 0, false
	}
	rest := b[i+1:]
	for n, c := range rest {
		if !isPlain[c] {
			return rest[:n:n], i + n + 2, c == '"'
		}
	}
	return nil, 0, false
}

// isPlain tells the bytes that a plain string may have.
var isPlain = func() (plain [256]bool) {
	for c := ' '; c <= '~'; c++ {
		plain[c] = c != '"' && c != '\\'
	}
	return plain
}()

// skipSpace is where the JSON white space at b[i:] ends.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// View is b as a string, without a copy: for looking something up or checking
// it, while b stays as it is. It must never be kept.
func View(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // G103: saves an allocation on every request; never kept.
}
