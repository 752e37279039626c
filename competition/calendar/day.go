package calendar

import (
	"errors"
	"time"
)

// Day is a calendar day, counted from 1970-01-01, which is 0. It has no time
// zone: it is the day on the wearer's own calendar.
type Day int32

const secondsPerDay = 24 * 60 * 60

// The first and last day that can be named.
const (
	MinDay Day = 0         // 1970-01-01
	MaxDay Day = 2_932_896 // 9999-12-31
)

// DayOf returns the day on which t falls in t's own location.
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

// Time returns the day's midnight in UTC.
func (d Day) Time() time.Time { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }

// String returns the day as YYYY-MM-DD.
func (d Day) String() string { return d.Time().Format(time.DateOnly) }

// Nanos returns the day's midnight in UTC, in nanoseconds since 1970. From 2262-04-12
// on it wraps around.
func (d Day) Nanos() int64 { return int64(d) * secondsPerDay * int64(time.Second) }

// BegunBy reports whether the day has begun anywhere on earth at a time: the
// earliest zone is UTC+14.
func (d Day) BegunBy(now Millis) bool {
	return d <= DayOf(now.Time().Add(14*time.Hour))
}

// Month is a calendar month, counted from January 1970, which is 0.
type Month int32

// Month returns the month in which the day lies.
func (d Day) Month() Month {
	year, month, _ := d.Time().Date()
	return Month((year-1970)*12 + int(month) - 1)
}

// First returns the month's first day.
func (m Month) First() Day {
	return DayOf(time.Date(1970, time.January+time.Month(m), 1, 0, 0, 0, 0, time.UTC))
}
