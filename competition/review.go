package competition

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// Review is what is rare about a participant: what operators have decided, and
// what looked odd. Participants without any of it have none.
type Review struct {
	Excluded    bool
	Reason      string          // of the exclusion
	RemovedAt   calendar.Millis // when the participant was removed; 0 for who was not, or was let in again since
	Removal     string          // the reason of the removal
	Standing    bool            // the person was erased, and only score and rank are left
	Corrections []Correction    // by day, one each
	Flags       []Flag          // by seq, MaxFlags at most
}

// Correction is what a day counts for, whatever its reports say.
type Correction struct {
	Day     calendar.Day
	Metrics Metrics
	Reason  string
}

// FlagReason says why a sync was flagged.
type FlagReason uint8

// The reasons.
const (
	RateFlag    FlagReason = iota + 1 // more than a human can do in the time since
	OwnDaysFlag                       // far from the person's own other days
)

var flagReasonNames = [...]string{RateFlag: "rate", OwnDaysFlag: "own_days"}

// FlagReasons are all reasons.
var FlagReasons = [...]FlagReason{RateFlag, OwnDaysFlag}

// String returns the word that clients see.
func (r FlagReason) String() string { return wire.Word(flagReasonNames[:], r) }

// Flag says that a sync was odd. It changes nothing by itself.
type Flag struct {
	Seq    uint64 // of its event; flags of a competition are told apart by it
	At     calendar.Millis
	Day    calendar.Day
	Reason FlagReason
	Figures
}

// Figures are what a flag rests on: as the state was then, since later reports
// change it.
type Figures struct {
	Found  Metrics         // RateFlag: what the day grew by; OwnDaysFlag: what it came to
	Usual  Metrics         // RateFlag: the most that a human does in that time; OwnDaysFlag: the median of the other days
	Within calendar.Millis // RateFlag: how long there was for it, in milliseconds
}

// MaxFlags is how many flags a participant gets; later syncs are not flagged.
const MaxFlags = 32

// empty reports whether there is nothing to keep.
func (r *Review) empty() bool {
	return !r.decides() && !r.Standing && len(r.Flags) == 0
}

// decides reports whether somebody has decided about the participant; none says
// that nobody has.
func (r *Review) decides() bool {
	return r != nil && (r.Excluded || r.RemovedAt != 0 || len(r.Corrections) > 0)
}

func (r *Review) isRemoved() bool { return r != nil && r.RemovedAt != 0 }

func (r *Review) readmit() { r.RemovedAt, r.Removal = 0, "" }

// decisions returns a copy of what was decided, without what looked odd.
func (r *Review) decisions() *Review {
	d := r.clone()
	d.Flags = nil
	return d
}

// clone returns an independent copy; that of none is one without anything.
func (r *Review) clone() *Review {
	if r == nil {
		return &Review{}
	}
	c := *r
	c.Corrections, c.Flags = slices.Clone(r.Corrections), slices.Clone(r.Flags)
	return &c
}

func (r *Review) isExcluded() bool { return r != nil && r.Excluded }

// place returns where the correction of a day is, or would be.
func (r *Review) place(day calendar.Day) (i int, there bool) {
	return slices.BinarySearchFunc(r.Corrections, day, func(c Correction, d calendar.Day) int { return int(c.Day) - int(d) })
}

func (r *Review) correction(day calendar.Day) *Correction {
	if r == nil {
		return nil
	}
	if i, there := r.place(day); there {
		return &r.Corrections[i]
	}
	return nil
}

func (r *Review) corrections() []Correction {
	if r == nil {
		return nil
	}
	return r.Corrections
}

// correct puts a correction in the place of an older one.
func (r *Review) correct(c Correction) {
	i, there := r.place(c.Day)
	if there {
		r.Corrections[i] = c
		return
	}
	r.Corrections = slices.Insert(r.Corrections, i, c)
}

// withdraw takes a correction away, which is there.
func (r *Review) withdraw(day calendar.Day) {
	i, _ := r.place(day)
	if r.Corrections = slices.Delete(r.Corrections, i, i+1); len(r.Corrections) == 0 {
		r.Corrections = nil // as a new one has it
	}
}

// flagged reports whether a sync of the day cannot be flagged for the reason any
// more: it was, or there are flags enough.
func (r *Review) flagged(day calendar.Day, reason FlagReason) bool {
	if r == nil {
		return false
	}
	return len(r.Flags) >= MaxFlags || slices.ContainsFunc(r.Flags, func(f Flag) bool { return f.Day == day && f.Reason == reason })
}

// check reports whether the review is as a competition leaves it by a seq.
func (r *Review) check(seq uint64) error {
	day, last := calendar.Day(-1), uint64(0)
	for _, c := range r.Corrections {
		if c.Day <= day || c.Metrics.Max(Metrics{}) != c.Metrics {
			return errors.New("a correction is out of place")
		}
		day = c.Day
	}
	for _, f := range r.Flags {
		if f.Seq <= last || f.Seq > seq || f.Reason < RateFlag || f.Reason > OwnDaysFlag {
			return errors.New("a flag is out of place")
		}
		last = f.Seq
	}
	if r.empty() || len(r.Flags) > MaxFlags || !r.Excluded && r.Reason != "" || r.RemovedAt == 0 && r.Removal != "" ||
		r.Standing && (r.decides() || len(r.Flags) > 0) {
		return errors.New("a review says what none can")
	}
	return nil
}

// The marks that a packed review begins with.
const (
	excludedMark = 1 << iota
	removedMark
	standingMark
)

// AppendReview appends the packed form of a review, for stores that keep bytes.
func AppendReview(dst []byte, r *Review) []byte {
	marks := byte(0)
	if r.Excluded {
		marks |= excludedMark
	}
	if r.RemovedAt != 0 {
		marks |= removedMark
	}
	if r.Standing {
		marks |= standingMark
	}
	dst = wire.AppendString(append(dst, marks), r.Reason)
	if r.RemovedAt != 0 {
		dst = wire.AppendString(binary.AppendVarint(dst, int64(r.RemovedAt)), r.Removal)
	}
	dst = binary.AppendUvarint(dst, uint64(len(r.Corrections)))
	for i := range r.Corrections {
		c := &r.Corrections[i]
		dst = appendMetrics(binary.AppendVarint(dst, int64(c.Day)), c.Metrics)
		dst = wire.AppendString(dst, c.Reason)
	}
	dst = binary.AppendUvarint(dst, uint64(len(r.Flags)))
	for i := range r.Flags {
		f := &r.Flags[i]
		dst = binary.AppendVarint(binary.AppendUvarint(dst, f.Seq), int64(f.At))
		dst = append(binary.AppendVarint(dst, int64(f.Day)), byte(f.Reason))
		dst = appendFigures(dst, &f.Figures)
	}
	return dst
}

// ParseReview is the inverse of AppendReview.
func ParseReview(b []byte) (*Review, error) {
	r := wire.NewReader(b)
	review := readReview(&r)
	return review, r.End()
}

func readReview(r *wire.Reader) *Review {
	marks := r.Byte()
	if marks > excludedMark|removedMark|standingMark {
		r.Fail(wire.ErrShort)
	}
	review := &Review{Excluded: marks&excludedMark != 0, Reason: r.String(), Standing: marks&standingMark != 0}
	if marks&removedMark != 0 {
		review.RemovedAt, review.Removal = calendar.Millis(r.Varint()), r.String()
	}
	if n := r.Length(); n > 0 {
		review.Corrections = make([]Correction, n)
	}
	for i := range review.Corrections {
		review.Corrections[i] = Correction{Day: readDay(r), Metrics: readMetrics(r), Reason: r.String()}
	}
	if n := r.Length(); n > 0 {
		review.Flags = make([]Flag, n)
	}
	for i := range review.Flags {
		review.Flags[i] = Flag{Seq: r.Uvarint(), At: calendar.Millis(r.Varint()), Day: readDay(r), Reason: FlagReason(r.Byte()), Figures: readFigures(r)}
	}
	return review
}

func appendFigures(dst []byte, f *Figures) []byte {
	return binary.AppendVarint(appendMetrics(appendMetrics(dst, f.Found), f.Usual), int64(f.Within))
}

func readFigures(r *wire.Reader) Figures {
	return Figures{Found: readMetrics(r), Usual: readMetrics(r), Within: calendar.Millis(r.Varint())}
}

// flagPlace says where a flag is kept.
type flagPlace struct {
	seq    uint64
	number uint32
}
