package competition

import (
	"math"
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
	require.False(t, may2.begunBy(instant("2026-05-01T09:59:59.999Z")))
	require.True(t, may2.begunBy(instant("2026-05-01T10:00:00Z")))
	require.True(t, may2.begunBy(instant("2026-05-02T00:00:00Z")))
	require.True(t, may2.begunBy(instant("2036-05-02T00:00:00Z")))
}

// TestTimesHaveAConstantNumberOfDecimals: Java's and Swift's fixed patterns read
// three and nothing else; recorded_at alone keeps more where it has more.
func TestTimesHaveAConstantNumberOfDecimals(t *testing.T) {
	for at, want := range map[Millis]string{
		0:                   "1970-01-01T00:00:00.000Z",
		1:                   "1970-01-01T00:00:00.001Z",
		1_777_654_980_000:   "2026-05-01T17:03:00.000Z",
		1_777_654_980_100:   "2026-05-01T17:03:00.100Z",
		1_777_654_980_123:   "2026-05-01T17:03:00.123Z",
		253_402_300_799_999: "9999-12-31T23:59:59.999Z",
	} {
		require.Equal(t, "at:"+want, string(at.AppendTime([]byte("at:"))))
	}
	second := int64(1_777_654_980_000_000_000)
	for nanos, want := range map[int64]string{
		0: ".000Z", 100_000_000: ".100Z", 123_000_000: ".123Z", 123_400_000: ".1234Z", 1_000: ".000001Z", 5: ".000000005Z", 999_999_999: ".999999999Z",
	} {
		require.Equal(t, "at:2026-05-01T17:03:00"+want, string(AppendNanos([]byte("at:"), second+nanos)))
	}
	require.Equal(t, "2262-04-11T23:47:16.854775807Z", string(AppendNanos(nil, math.MaxInt64)))
}

func TestMillis(t *testing.T) {
	at := time.Date(2026, 5, 1, 18, 3, 0, 123_999_999, time.FixedZone("", 3600))
	require.Equal(t, Millis(1_777_654_980_123), MillisOf(at), "cut, not rounded")
	require.Equal(t, time.Date(2026, 5, 1, 17, 3, 0, 123_000_000, time.UTC), MillisOf(at).Time())
}
