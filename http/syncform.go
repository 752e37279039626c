package http

import "github.com/paceboard/paceboard/competition"

// syncForm is one sync as a client wrote it, checked. The byte slices may be
// parts of the body; they are nil when absent.
type syncForm struct {
	userID        []byte // the caller's own when nil
	competitionID []byte // every competition of the user when nil
	source        []byte // never empty; defaultSource when nil
	day           competition.Day
	recordedAt    int64 // nanoseconds since 1970 UTC, 0 when absent
	metrics       competition.Metrics
}

const (
	defaultSource = "google_fit"
)

// readSync reads a body that is one sync. There are two readers, and a fuzz
// test that holds them together: the quick one takes what clients send, and
// whatever it does not take at once, good or bad, the exact one reads again.
func readSync(body []byte, s *syncForm) error {
	if end, ok := quickSync(body, skipSpace(body, 0), s); ok && skipSpace(body, end) == len(body) {
		return nil
	}
	f, err := readForm(body)
	if err != nil {
		return err
	}
	return exactSync(f, s)
}

// exactSync reads a sync from a form; the error lists every bad field.
func exactSync(f *form, s *syncForm) error {
	*s = syncForm{}
	if id, ok := f.bytes("user_id"); ok {
		if s.userID = id; !competition.ValidUserID(string(id)) {
			f.refuse("user_id", badUserID)
		}
	}
	if id, ok := f.bytes("competition_id"); ok {
		if s.competitionID = id; !competition.ValidID(string(id)) {
			f.refuse("competition_id", badCompetitionID)
		}
	}
	if source, ok := f.bytes("source"); ok && len(source) > 0 {
		if s.source = source; !competition.ValidText(string(source), competition.MaxSourceRunes) {
			f.refuse("source", "must be 1 to 64 characters without control characters")
		}
	}
	s.metrics = readMetrics(f)
	if text, ok := f.bytes("date"); ok {
		if s.day, ok = readDay(text); !ok {
			f.refuse("date", "must be a day from 1970-01-01 on, as YYYY-MM-DD or RFC 3339")
		}
	} else if !f.has("date") {
		f.refuse("date", "must be there: a day as YYYY-MM-DD or RFC 3339")
	}
	if t, ok := f.time("recorded_at"); ok {
		if s.recordedAt = t.unixNano(); s.recordedAt <= 0 {
			f.refuse("recorded_at", "must be after 1970-01-01T00:00:00Z")
		}
	}
	return f.err()
}

// readMetrics reads a day's totals; those left out are 0.
func readMetrics(f *form) (m competition.Metrics) {
	m.Steps, _ = f.count("steps")
	m.DistanceCm, _ = f.hundredths("distance")
	m.EnergyCentikcal, _ = f.hundredths("calories")
	m.ActiveMinutes, _ = f.count("active_minutes")
	if !f.has("steps") && !f.has("distance") && !f.has("calories") && !f.has("active_minutes") {
		f.refuse("steps", "at least one of steps, distance, calories and active_minutes must be there")
	}
	return m
}

const (
	badUserID        = competition.BadUserID
	badCompetitionID = "must be 1 to 64 of A-Z a-z 0-9 _ -"
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
func quickSync(b []byte, i int, s *syncForm) (end int, ok bool) {
	*s = syncForm{}
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
func (s *syncForm) quickField(key, b []byte, i int) (field, end int) {
	var ok bool
	switch string(key) {
	case "user_id":
		field = sawUserID
		s.userID, end, ok = plainString(b, i)
		ok = ok && competition.ValidUserID(viewOf(s.userID))
	case "competition_id":
		field = sawCompetitionID
		s.competitionID, end, ok = plainString(b, i)
		ok = ok && competition.ValidID(viewOf(s.competitionID))
	case "source":
		field = sawSource
		s.source, end, ok = plainString(b, i)
		if ok = ok && len(s.source) <= competition.MaxSourceRunes; len(s.source) == 0 {
			s.source = nil
		}
	case "steps":
		field = sawSteps
		s.metrics.Steps, end, ok = quickCount(b, i)
	case "distance":
		field = sawDistance
		s.metrics.DistanceCm, end, ok = quickHundredths(b, i)
	case "calories":
		field = sawCalories
		s.metrics.EnergyCentikcal, end, ok = quickHundredths(b, i)
	case "active_minutes":
		field = sawMinutes
		s.metrics.ActiveMinutes, end, ok = quickCount(b, i)
	case "date":
		field = sawDate
		var text []byte
		if text, end, ok = plainString(b, i); ok {
			s.day, ok = readDay(text)
		}
	case "recorded_at":
		field = sawRecordedAt
		var text []byte
		if text, end, ok = plainString(b, i); ok {
			var t writtenTime
			t, ok = readTime(text)
			s.recordedAt = t.unixNano()
			ok = ok && s.recordedAt > 0
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
