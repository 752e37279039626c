package competition

import (
	"errors"
	"time"
)

// Day is a calendar day, counted from 1970-01-01, which is 0. It has no time
// zone: it is the day on the wearer's own calendar.
type Day int32

const (
	secondsPerDay = 24 * 60 * 60
	nanosPerDay   = secondsPerDay * int64(time.Second)
)

// The first and last day that can be named.
const (
	MinDay Day = 0         // 1970-01-01
	MaxDay Day = 2_932_896 // 9999-12-31
)

// DayOf is the day on which t falls in t's own location.
func DayOf(t time.Time) Day {
	y, m, d := t.Date()
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

// ParseDay reads YYYY-MM-DD.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1970 {
		return 0, errors.New("must be a day as YYYY-MM-DD, from 1970-01-01 on")
	}
	return DayOf(t), nil
}

// Time is the day's midnight in UTC.
func (d Day) Time() time.Time { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }

// String is the day as YYYY-MM-DD.
func (d Day) String() string { return d.Time().Format(time.DateOnly) }

// begunBy reports whether the day has begun anywhere on earth at a time: the
// earliest zone is UTC+14.
func (d Day) begunBy(now Millis) bool {
	return d <= DayOf(now.Time().Add(14*time.Hour))
}

// Millis is a point in time, in milliseconds since 1970 UTC. 0 means never.
type Millis int64

// MillisOf is t, cut to the millisecond.
func MillisOf(t time.Time) Millis { return Millis(t.UnixMilli()) }

// Time is the same point as a time.Time in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// AppendTime appends the point as clients read times: RFC 3339 in UTC with
// exactly three decimals, since fixed date patterns (Java's and Swift's) need a
// constant number of them. Whatever clients and sibling services read is written
// by it or by AppendNanos.
func (m Millis) AppendTime(dst []byte) []byte {
	t := m.Time()
	return appendTime(dst, t, int64(t.Nanosecond())/int64(time.Millisecond), 3)
}

// AppendNanos appends a time in nanoseconds since 1970 UTC as AppendTime does,
// with as many decimals as it needs, at least three.
func AppendNanos(dst []byte, nanos int64) []byte {
	t := time.Unix(0, nanos).UTC()
	fraction, decimals := int64(t.Nanosecond()), 9
	for decimals > 3 && fraction%10 == 0 {
		fraction, decimals = fraction/10, decimals-1
	}
	return appendTime(dst, t, fraction, decimals)
}

// appendTime appends t with a fraction of so many decimals.
func appendTime(dst []byte, t time.Time, fraction int64, decimals int) []byte {
	dst = t.AppendFormat(dst, time.RFC3339) // whole seconds, quicker than with a layout of our own
	dst[len(dst)-1] = '.'                   // instead of the Z
	end := len(dst) + decimals
	dst = append(dst, "000000000"[:decimals]...)
	for i := end - 1; fraction > 0; i, fraction = i-1, fraction/10 {
		dst[i] = byte('0' + fraction%10)
	}
	return append(dst, 'Z')
}
