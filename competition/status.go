package competition

import (
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// Status is where a competition stands in its life.
type Status uint8

// The life of a competition. Time moves it from Upcoming to Completed; paying
// the prizes settles it; cancelling ends it from anywhere before that.
const (
	Upcoming   Status = iota + 1 // before the start: people may join
	Active                       // from the start to the end
	Finalizing                   // after the end: late syncs still count
	Completed                    // standings frozen for good
	Settled                      // prizes paid
	Cancelled                    // called off, entry fees refunded
)

var statusNames = [...]string{Upcoming: "upcoming", Active: "active", Finalizing: "finalizing", Completed: "completed", Settled: "settled", Cancelled: "cancelled"}

// String returns the word that clients see.
func (s Status) String() string { return wire.Word(statusNames[:], s) }

// AllStatuses returns every status, in the order of a competition's life.
func AllStatuses() []Status {
	return []Status{Upcoming, Active, Finalizing, Completed, Settled, Cancelled}
}

func (s Status) known() bool { return s >= Upcoming && s <= Cancelled }

// ParseStatus is the inverse of String.
func ParseStatus(word string) (Status, bool) { return wire.ParseWord[Status](statusNames[:], word) }

// Open reports whether syncs count.
func (s Status) Open() bool { return s == Active || s == Finalizing }

// Next returns the status that time brings after s, and when it does; ok is false
// when time changes nothing any more.
func (d *Definition) Next(s Status) (next Status, at calendar.Millis, ok bool) {
	switch s {
	case Upcoming:
		return Active, d.Start, true
	case Active:
		return Finalizing, d.End, true
	case Finalizing:
		return Completed, d.End + calendar.Millis(d.LateSyncHours)*millisPerHour, true
	default:
		return s, 0, false
	}
}

// Over reports whether nobody is enrolled any more, no sync is taken, and time
// changes nothing.
func (s Status) Over() bool { return s == Completed || s == Settled || s == Cancelled }

const millisPerHour = 60 * 60 * 1000
