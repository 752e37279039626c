package competition

import "github.com/paceboard/paceboard/competition/calendar"

// Amendment is what operators have changed after a competition was made, and why: how
// it stood from then on.
type Amendment struct {
	At          calendar.Millis
	End         calendar.Millis
	DailyLimits Metrics
	Visibility  Visibility
	Reason      string
}
