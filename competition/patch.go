package competition

import (
	"reflect"

	"github.com/paceboard/paceboard/competition/calendar"
)

// Patch names what is to change; nil leaves a field as it is.
type Patch struct {
	Name, Description  *string
	Type               *Type
	Start, End         *calendar.Millis
	EntryFeeMinor      *int64
	PrizePoolMinor     *int64
	Currency, TimeZone *string
	Scoring            *Weights
	PrizeSplit         []int64
	Enrollment         *Enrollment
	Visibility         *Visibility
	MaxParticipants    *int
	DailyLimits        *Metrics
	LateSyncHours      *int
}

// onlyWords reports whether the patch touches nothing but name and description,
// which may change at any time.
func (p *Patch) onlyWords() bool {
	rest := *p
	rest.Name, rest.Description = nil, nil
	return rest.PrizeSplit == nil && reflect.DeepEqual(rest, Patch{})
}

// touchesMoney reports whether the patch sets an amount above 0, or says what
// currency one is in.
func (p *Patch) touchesMoney(edited *Definition) bool {
	return edited.EntryFeeMinor > 0 && (p.EntryFeeMinor != nil || p.Currency != nil) ||
		edited.PrizePoolMinor > 0 && (p.PrizePoolMinor != nil || p.Currency != nil)
}

// apply returns d with the patch, completed and not yet validated. Words alone
// leave the window as it was worked out.
func (p *Patch) apply(d Definition) Definition {
	set(&d.Name, p.Name)
	set(&d.Description, p.Description)
	set(&d.Type, p.Type)
	set(&d.Start, p.Start)
	set(&d.End, p.End)
	set(&d.EntryFeeMinor, p.EntryFeeMinor)
	set(&d.PrizePoolMinor, p.PrizePoolMinor)
	set(&d.Currency, p.Currency)
	set(&d.TimeZone, p.TimeZone)
	set(&d.Scoring, p.Scoring)
	set(&d.Enrollment, p.Enrollment)
	set(&d.Visibility, p.Visibility)
	set(&d.MaxParticipants, p.MaxParticipants)
	set(&d.DailyLimits, p.DailyLimits)
	set(&d.LateSyncHours, p.LateSyncHours)
	if p.PrizeSplit != nil {
		d.PrizeSplit = p.PrizeSplit
	}
	if !p.onlyWords() {
		d.Complete()
	}
	return d
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}
