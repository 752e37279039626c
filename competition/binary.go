package competition

import (
	"encoding/binary"
	"errors"
	"math"
)

var errShort = errors.New("it ends too early")

// reader takes values off the front of b. The first failure sticks, and every
// value after it is zero, so that a decoder checks once, at its end.
type reader struct {
	b   []byte
	err error
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.fail()
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) byte() byte {
	if v := r.bytes(1); v != nil {
		return v[0]
	}
	return 0
}

func (r *reader) string() string { return string(r.bytes(r.length())) }

// length reads a count that cannot be more than the bytes that are left.
func (r *reader) length() int {
	v := r.uvarint()
	if v > uint64(len(r.b)) {
		r.fail()
		return 0
	}
	return int(v)
}

func (r *reader) hash() (h [32]byte) {
	copy(h[:], r.bytes(len(h)))
	return h
}

func (r *reader) metrics() Metrics {
	return Metrics{
		Steps: int64(r.uvarint()), DistanceCm: int64(r.uvarint()),
		EnergyCentikcal: int64(r.uvarint()), ActiveMinutes: int64(r.uvarint()),
	}
}

func (r *reader) day() Day {
	v := r.varint()
	if v != int64(Day(v)) {
		r.fail()
	}
	return Day(v)
}

func (r *reader) fail() {
	r.err = errShort
	r.b = nil
}

// end is the error of the whole read: a failure, or bytes nobody asked for.
func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		return errors.New("it has bytes after its end")
	}
	return r.err
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// amount reads what is 0 or more.
func (r *reader) amount() int64 {
	v := r.uvarint()
	if v > math.MaxInt64 {
		r.fail()
		return 0
	}
	return int64(v)
}

func appendFlag(dst []byte, set bool) []byte {
	if set {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func (r *reader) flag() bool {
	b := r.byte()
	if b > 1 {
		r.fail()
	}
	return b == 1
}

func appendDefinition(dst []byte, d *Definition) []byte {
	for _, s := range []string{d.ID, d.Name, d.Description, string(d.Type), d.Currency, d.TimeZone, string(d.Enrollment), string(d.Visibility)} {
		dst = appendString(dst, s)
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

func (r *reader) definition() Definition {
	var d Definition
	for _, s := range []*string{&d.ID, &d.Name, &d.Description, (*string)(&d.Type), &d.Currency, &d.TimeZone, (*string)(&d.Enrollment), (*string)(&d.Visibility)} {
		*s = r.string()
	}
	d.Start, d.End = Millis(r.varint()), Millis(r.varint())
	d.EntryFeeMinor, d.PrizePoolMinor = r.varint(), r.varint()
	d.Scoring = Weights{Step: r.varint(), Metre: r.varint(), Kcal: r.varint(), Minute: r.varint()}
	d.MaxParticipants, d.LateSyncHours = int(r.varint()), int(r.varint())
	d.FirstDay, d.LastDay = r.day(), r.day()
	d.DailyLimits = r.metrics()
	d.PrizeSplit = make([]int64, r.length())
	for i := range d.PrizeSplit {
		d.PrizeSplit[i] = r.varint()
	}
	return d
}

func (r *reader) number() uint32 {
	v := r.uvarint()
	if v > 1<<32-1 {
		r.fail()
	}
	return uint32(v)
}
