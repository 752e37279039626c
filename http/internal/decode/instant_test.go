package decode

import (
	"math"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/calendar"
)

func TestReadDay(t *testing.T) {
	for _, c := range []struct{ rule, text, want string }{
		{"a plain day", "2026-05-01", "2026-05-01"},
		{"the date part of a time", "2026-05-01T00:00:00Z", "2026-05-01"},
		{"the date part counts in the offset written", "2026-05-01T23:30:00-08:00", "2026-05-01"},
		{"and so on the other side", "2026-05-01T00:30:00+14:00", "2026-05-01"},
		{"a leap day", "2024-02-29", "2024-02-29"},
		{"no leap day", "2026-02-29", ""},
		{"no 31 April", "2026-04-31", ""},
		{"no month 13", "2026-13-01", ""},
		{"no month 0", "2026-00-10", ""},
		{"no day 0", "2026-05-00", ""},
		{"the first day", "1970-01-01", "1970-01-01"},
		{"nothing before it", "1969-12-31", ""},
		{"the last day", "9999-12-31", "9999-12-31"},
		{"no shorter year", "26-05-01", ""},
		{"no other separators", "2026/05/01", ""},
		{"no spaces", " 2026-05-01", ""},
		{"no bad time after a good date", "2026-05-01T24:00:00Z", ""},
		{"no time without an offset", "2026-05-01T00:00:00", ""},
		{"nothing", "", ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			day, ok := ReadDay([]byte(c.text))
			assert.Equal(t, c.want != "", ok)
			if ok {
				assert.Equal(t, c.want, day.String())
			}
		})
	}
}

func TestUnixNanoStopsAtTheEnds(t *testing.T) {
	for text, want := range map[string]int64{
		"1970-01-01T00:00:00.000000001Z":      1,
		"1970-01-01T00:00:00Z":                0,
		"1969-12-31T23:59:59Z":                -1e9,
		"2026-05-01T18:03:00.123456789999Z":   time.Date(2026, 5, 1, 18, 3, 0, 123456789, time.UTC).UnixNano(),
		"2026-05-01T20:03:00.5+02:00":         time.Date(2026, 5, 1, 18, 3, 0, 5e8, time.UTC).UnixNano(),
		"9999-12-31T23:59:59Z":                math.MaxInt64,
		"0000-01-01T00:00:00Z":                math.MinInt64,
		"2262-04-11T23:47:15.999999999-00:00": time.Date(2262, 4, 11, 23, 47, 15, 999999999, time.UTC).UnixNano(),
		"2262-04-11T23:47:16.9Z":              math.MaxInt64,
	} {
		got, ok := readTime([]byte(text))
		assert.True(t, ok, text)
		assert.Equal(t, want, got.UnixNano(), text)
	}
}

// grammar is RFC 3339's, section 5.6, without what its notes allow besides.
var grammar = regexp.MustCompile(`^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// FuzzReadTime holds the reader to the grammar and to the standard library,
// which knows the calendar but lets too much pass.
func FuzzReadTime(f *testing.F) {
	for _, seed := range []string{
		"2026-05-01T18:03:00Z", "2026-05-01T18:03:00.123+05:30", "2026-05-01T18:03:60Z", "2026-05-01t18:03:00z", "2026-05-01T18:03:00,5Z",
		"2026-05-01T8:03:00Z", "2026-05-01T18:03:00+24:00", "2026-05-01T18:03:00-23:59", "2026-05-01T18:03:00.Z", "2026-05-01T18:03Z", "2026-05-01T18:03:00",
		"2026-05-01T18:03:00.1234567890123Z", "0000-02-29T00:00:00Z", "2026-05-01T18:03:00+0530", "2026-05-01T18:03:00ZZ", "2026-05-01T18:03:00+0:000",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := readTime([]byte(text))
		want, err := time.Parse(time.RFC3339Nano, text)
		require.Equal(t, err == nil && grammar.MatchString(text), ok, "%q: %v", text, err)
		if !ok {
			return
		}
		assert.Equal(t, want.Unix(), got.seconds, text)
		assert.Equal(t, int64(want.Nanosecond()), got.nanos, text)
		assert.Equal(t, calendar.MillisOf(want), got.Millis(), text)
		if text >= "1970" {
			assert.Equal(t, text[:10], got.day.String())
		}
	})
}
