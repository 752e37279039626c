package competition

import (
	"slices"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// Type is how long a competition is meant to run; it is a label and rules nothing.
type Type string

// The types of a competition.
const (
	Weekly  Type = "weekly"
	Monthly Type = "monthly"
	Custom  Type = "custom"
)

// Enrollment is who may take part.
type Enrollment string

// The ways to enrol.
const (
	Open   Enrollment = "open"   // anybody, by joining or by a first sync
	Invite Enrollment = "invite" // whom the creator or an operator enrols
)

// Visibility is who may look.
type Visibility string

// The visibilities.
const (
	Public  Visibility = "public"  // everybody with a valid token
	Private Visibility = "private" // members, the creator and operators
)

// Definition is what a competition is, as its creator said it. The zero value
// is not valid; [Definition.Complete] fills in what was left out.
type Definition struct {
	ID              string
	Name            string
	Description     string
	Type            Type
	Start, End      Millis // half-open: [Start, End)
	EntryFeeMinor   int64  // minor units of Currency; 0 means free
	PrizePoolMinor  int64
	Currency        string // ISO 4217
	TimeZone        string // IANA; decides which days belong to the window
	Scoring         Weights
	PrizeSplit      []int64 // thousandths of a per cent by rank, adding up to 100,000
	Enrollment      Enrollment
	Visibility      Visibility
	MaxParticipants int // 0 means no limit
	DailyLimits     Metrics
	LateSyncHours   int

	// FirstDay and LastDay are the days that may be synced, both inclusive.
	// Complete works them out once, so that a later change of the time zone
	// database does not move them.
	FirstDay, LastDay Day
}

// WholeSplit is what the shares of a prize split add up to: 100 per cent.
const WholeSplit = 100_000

// DefaultDailyLimits is the most that a day may claim where the creator does
// not say: 100,000 steps, 200 km, 20,000 kcal, 24 hours.
var DefaultDailyLimits = Metrics{Steps: 100_000, DistanceCm: 200_000_00, EnergyCentikcal: 20_000_00, ActiveMinutes: 24 * 60}

// DefaultLateSyncHours is how long after the end syncs still count by default.
const DefaultLateSyncHours = 24

// The bounds of a definition.
const (
	MaxNameRunes        = 100
	MaxDescriptionRunes = 2_000
	MaxPrizes           = 1_000
	MaxLateSyncHours    = 24 * 31
	maxDailyLimit       = 1_000_000_000
	maxParticipants     = 10_000_000
)

// Complete fills in the defaults of the words and works out the window. It
// must be called before Validate; numbers whose absence differs from 0
// (weights, split, limits, late hours) are the caller's to default.
func (d *Definition) Complete() {
	setDefault(&d.Type, Custom)
	setDefault(&d.Currency, "USD")
	setDefault(&d.TimeZone, "UTC")
	setDefault(&d.Visibility, Public)
	if d.Visibility == Private {
		d.Enrollment = Invite
	}
	setDefault(&d.Enrollment, Open)
	if zone, err := time.LoadLocation(d.TimeZone); err == nil && d.End > d.Start {
		d.FirstDay = DayOf(d.Start.Time().In(zone))
		d.LastDay = DayOf((d.End - 1).Time().In(zone))
	}
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// Validate checks everything about a completed definition that does not depend
// on the time; the error is an *InvalidError naming every bad field.
func (d *Definition) Validate() error {
	var bad []FieldError
	refuse := func(field, detail string) { bad = append(bad, FieldError{Field: field, Detail: detail}) }

	if !ValidID(d.ID) {
		refuse("id", "must be 1 to 64 of A-Z a-z 0-9 _ -")
	}
	if d.Name == "" || !ValidText(d.Name, MaxNameRunes) {
		refuse("name", "must be 1 to 100 characters without control characters")
	}
	if !ValidText(d.Description, MaxDescriptionRunes) {
		refuse("description", "must be up to 2000 characters without control characters")
	}
	if !slices.Contains([]Type{Weekly, Monthly, Custom}, d.Type) {
		refuse("type", "must be weekly, monthly or custom")
	}
	if d.Start < 0 || d.Start > maxTime {
		refuse("start_date", "must lie between 1970 and 9999")
	}
	switch {
	case d.End > maxTime:
		refuse("end_date", "must lie between 1970 and 9999")
	case d.End <= d.Start:
		refuse("end_date", "must be after start_date")
	}
	decimals, known := CurrencyDecimals(d.Currency)
	if !known {
		refuse("currency", "must be an ISO 4217 code such as EUR")
	}
	if d.EntryFeeMinor < 0 || d.EntryFeeMinor > MaxAmountMinor {
		refuse("entry_fee", "must be between 0 and "+FormatMinor(MaxAmountMinor, decimals))
	}
	if d.PrizePoolMinor < 0 || d.PrizePoolMinor > MaxAmountMinor {
		refuse("prize_pool", "must be between 0 and "+FormatMinor(MaxAmountMinor, decimals))
	}
	if _, err := time.LoadLocation(d.TimeZone); err != nil || d.TimeZone == "" || d.TimeZone == "Local" {
		refuse("time_zone", "must be an IANA time zone such as Europe/Berlin")
	}
	if !d.Scoring.valid() {
		refuse("scoring", "weights must be between 0 and 1000 with up to 3 decimals, at least one of them above 0")
	}
	if !validSplit(d.PrizeSplit) {
		refuse("prize_split", "must be 1 to 1000 percentages above 0, with up to 3 decimals, that add up to 100")
	}
	if d.Enrollment != Open && d.Enrollment != Invite {
		refuse("enrollment", "must be open or invite")
	}
	if d.Visibility != Public && d.Visibility != Private {
		refuse("visibility", "must be public or private")
	}
	if d.MaxParticipants < 0 || d.MaxParticipants > maxParticipants {
		refuse("max_participants", "must be between 0 (no limit) and "+strconv.Itoa(maxParticipants))
	}
	if d.LateSyncHours < 0 || d.LateSyncHours > MaxLateSyncHours {
		refuse("late_sync_hours", "must be between 0 and "+strconv.Itoa(MaxLateSyncHours))
	}
	switch limits := d.DailyLimits; {
	case limits.Max(Metrics{}) != limits || !limits.Within(Metrics{maxDailyLimit, maxDailyLimit * 100, maxDailyLimit * 100, maxDailyLimit}):
		refuse("daily_limits", "must be between 0 and "+strconv.Itoa(maxDailyLimit))
	case len(bad) == 0 && d.highestScore() >= MaxScore:
		refuse("daily_limits", "the highest possible score would be over 2^53-1; lower the limits or the weights, or shorten the competition")
	}
	if len(bad) > 0 {
		return &InvalidError{Fields: bad}
	}
	return nil
}

const maxTime = Millis(253_402_300_799_999) // 9999-12-31T23:59:59.999Z

// highestScore is the score of somebody who reaches every limit on every day.
func (d *Definition) highestScore() int64 {
	days := int64(d.LastDay-d.FirstDay) + 1
	l := d.DailyLimits // each at most 1e11, days at most 3e6: no overflow
	return d.Scoring.Score(Metrics{l.Steps * days, l.DistanceCm * days, l.EnergyCentikcal * days, l.ActiveMinutes * days})
}

func (w Weights) valid() bool {
	for _, weight := range []int64{w.Step, w.Metre, w.Kcal, w.Minute} {
		if weight < 0 || weight > MaxWeight {
			return false
		}
	}
	return w != Weights{}
}

func validSplit(split []int64) bool {
	if len(split) == 0 || len(split) > MaxPrizes {
		return false
	}
	var sum int64
	for _, share := range split {
		if share <= 0 || share > WholeSplit {
			return false
		}
		sum += share
	}
	return sum == WholeSplit
}

// covers reports whether a day may be synced at all.
func (d *Definition) covers(day Day) bool { return d.FirstDay <= day && day <= d.LastDay }

// selfService reports whether a first sync enrols.
func (d *Definition) selfService() bool { return d.Enrollment == Open && d.EntryFeeMinor == 0 }

// ValidID reports whether id can name a competition.
func ValidID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// ValidUserID reports whether id can name a user: 1 to 128 bytes of printable
// ASCII without spaces.
func ValidUserID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return true
}

// ValidText reports whether s is valid UTF-8 of at most limit characters,
// without control characters.
func ValidText(s string, limit int) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > limit {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}
