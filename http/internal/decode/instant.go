package decode

import (
	"math"
	"time"

	"github.com/paceboard/paceboard/competition/calendar"
)

// ReadDay reads a day as YYYY-MM-DD, or as the date part of an RFC 3339 time,
// in the offset written.
func ReadDay(b []byte) (day calendar.Day, ok bool) {
	if len(b) == len(time.DateOnly) {
		day, ok = readDate(b)
	} else if t, isTime := readTime(b); isTime {
		day, ok = t.day, true
	}
	return day, ok && day >= calendar.MinDay
}

// Instant is an RFC 3339 time.
type Instant struct {
	day     calendar.Day // as written; negative before 1970
	seconds int64        // since 1970 UTC
	nanos   int64        // within the second
}

// UnixNano is the time in nanoseconds since 1970 UTC; one that an int64 cannot
// hold becomes the nearest that it can.
func (t Instant) UnixNano() int64 {
	const last = math.MaxInt64/int64(time.Second) - 1
	switch {
	case t.seconds > last:
		return math.MaxInt64
	case t.seconds < -last:
		return math.MinInt64
	}
	return t.seconds*int64(time.Second) + t.nanos
}

// Millis is the time, cut to the millisecond.
func (t Instant) Millis() calendar.Millis {
	return calendar.Millis(t.seconds*1000 + t.nanos/int64(time.Millisecond))
}

// readTime reads a whole RFC 3339 time, strictly: capital T and Z, no leap
// seconds, digits after the nanosecond are cut off.
func readTime(b []byte) (t Instant, ok bool) {
	const clock = len("2006-01-02T15:04:05")
	if len(b) <= clock || b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return t, false
	}
	day, ok := readDate(b[:10])
	hour, okHour := twoDigits(b[11:], 23)
	minute, okMinute := twoDigits(b[14:], 59)
	second, okSecond := twoDigits(b[17:], 59)
	if !ok || !okHour || !okMinute || !okSecond {
		return t, false
	}
	b = b[clock:]
	if b[0] == '.' {
		count := digits(b[1:])
		if count == 0 {
			return t, false
		}
		for i := range 9 {
			t.nanos *= 10
			if i < count {
				t.nanos += int64(b[1+i] - '0')
			}
		}
		b = b[1+count:]
	}
	offset, ok := readOffset(b)
	t.day = day
	t.seconds = int64(day)*24*60*60 + hour*60*60 + minute*60 + second - offset
	return t, ok
}

// readOffset reads Z or ±hh:mm, whole, in seconds.
func readOffset(b []byte) (seconds int64, ok bool) {
	if len(b) == 1 {
		return 0, b[0] == 'Z'
	}
	if len(b) != len("+00:00") || b[0] != '+' && b[0] != '-' || b[3] != ':' {
		return 0, false
	}
	hours, okHours := twoDigits(b[1:], 23)
	minutes, okMinutes := twoDigits(b[4:], 59)
	seconds = hours*60*60 + minutes*60
	if b[0] == '-' {
		seconds = -seconds
	}
	return seconds, okHours && okMinutes
}

// readDate reads YYYY-MM-DD, of the years 0000 to 9999.
func readDate(b []byte) (calendar.Day, bool) {
	if b[4] != '-' || b[7] != '-' {
		return 0, false
	}
	century, ok1 := twoDigits(b, 99)
	year, ok2 := twoDigits(b[2:], 99)
	month, ok3 := twoDigits(b[5:], 12)
	day, ok4 := twoDigits(b[8:], 31)
	if !ok1 || !ok2 || !ok3 || !ok4 || month == 0 || day == 0 {
		return 0, false
	}
	date := time.Date(int(century*100+year), time.Month(month), int(day), 0, 0, 0, 0, time.UTC)
	if date.Month() != time.Month(month) { // 31 April became 1 May
		return 0, false
	}
	return calendar.Day(date.Unix() / (24 * 60 * 60)), true
}

// twoDigits reads the number that the first two bytes of b are, up to highest.
func twoDigits(b []byte, highest int64) (int64, bool) {
	if len(b) < 2 {
		return 0, false
	}
	tens, ones := b[0]-'0', b[1]-'0' // beyond 9 for anything else than a digit
	n := int64(tens)*10 + int64(ones)
	return n, tens <= 9 && ones <= 9 && n <= highest
}
