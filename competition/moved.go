package competition

import (
	"time"

	"github.com/paceboard/paceboard/competition/calendar"
)

// The names by which package calendar was known here.
type (
	Day    = calendar.Day
	Month  = calendar.Month
	Millis = calendar.Millis
)

// The first and last day that can be named.
const (
	MinDay = calendar.MinDay
	MaxDay = calendar.MaxDay
)

// DayOf is calendar.DayOf.
func DayOf(t time.Time) Day { return calendar.DayOf(t) }

// ParseDay is calendar.ParseDay.
func ParseDay(s string) (Day, error) { return calendar.ParseDay(s) }

// MillisOf is calendar.MillisOf.
func MillisOf(t time.Time) Millis { return calendar.MillisOf(t) }

// AppendNanos is calendar.AppendNanos.
func AppendNanos(dst []byte, nanos int64) []byte { return calendar.AppendNanos(dst, nanos) }
