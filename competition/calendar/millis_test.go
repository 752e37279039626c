package calendar

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

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
