package competition

import (
	"encoding/binary"
	"reflect"
	"time"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
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
	Start, End      calendar.Millis // half-open: [Start, End)
	EntryFeeMinor   int64           // minor units of Currency; 0 means free
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
	FirstDay, LastDay calendar.Day
}

// WholeSplit is what the shares of a prize split add up to: 100 per cent.
const WholeSplit = 100_000

// DefaultDailyLimits is the most that a day may claim where the creator does
// not say: 100,000 steps, 200 km, 20,000 kcal, 24 hours.
var DefaultDailyLimits = Metrics{Steps: 100_000, DistanceCm: 200_000_00, EnergyCentikcal: 20_000_00, ActiveMinutes: 24 * 60}

// DefaultLateSyncHours is how long after the end syncs still count by default.
const DefaultLateSyncHours = 24

func (d *Definition) withMoney() bool { return d.EntryFeeMinor > 0 || d.PrizePoolMinor > 0 }

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
		d.FirstDay = calendar.DayOf(d.Start.Time().In(zone))
		d.LastDay = calendar.DayOf((d.End - 1).Time().In(zone))
	}
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

func (d *Definition) covers(day calendar.Day) bool { return d.FirstDay <= day && day <= d.LastDay }

// selfService reports whether a first sync enrols.
func (d *Definition) selfService() bool { return d.Enrollment == Open && d.EntryFeeMinor == 0 }

func sameDefinition(a, b *Definition) bool { return reflect.DeepEqual(a, b) }

func appendDefinition(dst []byte, d *Definition) []byte {
	for _, s := range []string{d.ID, d.Name, d.Description, string(d.Type), d.Currency, d.TimeZone, string(d.Enrollment), string(d.Visibility)} {
		dst = wire.AppendString(dst, s)
	}
	for _, n := range []int64{
		int64(d.Start), int64(d.End), d.EntryFeeMinor, d.PrizePoolMinor,
		d.Scoring.Step, d.Scoring.Metre, d.Scoring.Kcal, d.Scoring.Minute,
		int64(d.MaxParticipants), int64(d.LateSyncHours), int64(d.FirstDay), int64(d.LastDay),
	} {
		dst = binary.AppendVarint(dst, n)
	}
	dst = appendMetrics(dst, d.DailyLimits)
	dst = binary.AppendUvarint(dst, uint64(len(d.PrizeSplit)))
	for _, share := range d.PrizeSplit {
		dst = binary.AppendVarint(dst, share)
	}
	return dst
}

func readDefinition(r *wire.Reader) Definition {
	var d Definition
	for _, s := range []*string{&d.ID, &d.Name, &d.Description, (*string)(&d.Type), &d.Currency, &d.TimeZone, (*string)(&d.Enrollment), (*string)(&d.Visibility)} {
		*s = r.String()
	}
	d.Start, d.End = calendar.Millis(r.Varint()), calendar.Millis(r.Varint())
	d.EntryFeeMinor, d.PrizePoolMinor = r.Varint(), r.Varint()
	d.Scoring = Weights{Step: r.Varint(), Metre: r.Varint(), Kcal: r.Varint(), Minute: r.Varint()}
	d.MaxParticipants, d.LateSyncHours = int(r.Varint()), int(r.Varint())
	d.FirstDay, d.LastDay = readDay(r), readDay(r)
	d.DailyLimits = readMetrics(r)
	d.PrizeSplit = make([]int64, r.Length())
	for i := range d.PrizeSplit {
		d.PrizeSplit[i] = r.Varint()
	}
	return d
}
