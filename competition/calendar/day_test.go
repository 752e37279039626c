package calendar

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseDay(t *testing.T) {
	for text, want := range map[string]Day{
		"1970-01-01": 0, "1970-01-02": 1, "1971-01-01": 365, "2000-02-29": 11_016, "2026-05-01": 20_574, "9999-12-31": MaxDay,
	} {
		got, err := ParseDay(text)
		require.NoError(t, err)
		require.Equal(t, want, got, text)
		require.Equal(t, text, want.String())
		require.Equal(t, want, DayOf(want.Time()))
	}
	for _, text := range []string{
		"", "1969-12-31", "0000-01-01", "2026-02-29", "2026-13-01", "2026-00-01", "2026-5-1", "26-05-01", "2026-05-01T00:00:00Z",
		" 2026-05-01", "2026-05-01 ", "10000-01-01", "2026/05/01", "+026-05-01", "2026-05-32",
	} {
		_, err := ParseDay(text)
		require.Error(t, err, text)
	}
}

// TestDayOf: the date on the wearer's own calendar counts.
func TestDayOf(t *testing.T) {
	for text, want := range map[string]string{
		"2026-05-01T00:00:00Z":        "2026-05-01",
		"2026-05-01T23:59:59.999Z":    "2026-05-01",
		"2026-05-01T23:00:00-11:00":   "2026-05-01",
		"2026-05-01T01:00:00+14:00":   "2026-05-01",
		"1970-01-01T00:00:00+14:00":   "1970-01-01",
		"2024-02-29T12:00:00.5+05:45": "2024-02-29",
	} {
		at, err := time.Parse(time.RFC3339Nano, text)
		require.NoError(t, err)
		require.Equal(t, date(want), DayOf(at), text)
	}
}

// TestDayBegun: a day begins at UTC+14 first.
func TestDayBegun(t *testing.T) {
	may2 := date("2026-05-02")
	require.False(t, may2.BegunBy(instant("2026-05-01T09:59:59.999Z")))
	require.True(t, may2.BegunBy(instant("2026-05-01T10:00:00Z")))
	require.True(t, may2.BegunBy(instant("2026-05-02T00:00:00Z")))
	require.True(t, may2.BegunBy(instant("2036-05-02T00:00:00Z")))
}

func TestMonths(t *testing.T) {
	for text, want := range map[string]Month{
		"1970-01-01": 0, "1970-01-31": 0, "1970-02-01": 1, "1970-12-31": 11, "1971-01-01": 12,
		"2024-02-29": 54*12 + 1, "2026-11-23": 56*12 + 10, "9999-12-31": 8029*12 + 11,
	} {
		require.Equal(t, want, date(text).Month(), text)
	}
	require.Equal(t, date("1970-01-01"), Month(0).First())
	require.Equal(t, date("2024-03-01"), Month(54*12+2).First())
	require.Equal(t, MaxDay+1, date("9999-12-31").Month().First()+31)
}

func instant(s string) Millis {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return MillisOf(t)
}

// date is a day as YYYY-MM-DD.
func date(s string) Day {
	d, err := ParseDay(s)
	if err != nil {
		panic(err)
	}
	return d
}
