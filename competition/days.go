package competition

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"
	"math"
	"slices"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// MaxSources is how many sources one user and day may have.
const MaxSources = 8

// MaxSourcesOverall is how many sources a participant may have in all. Older
// versions took any number, and participants who have more keep them.
const MaxSourcesOverall = 64

// Register is what one source last said of one day.
type Register struct {
	Day        calendar.Day
	Source     uint32 // index into the competition's list of source names
	RecordedAt int64  // nanoseconds since 1970 UTC; 0 when the report gave none
	Metrics    Metrics
}

// merge returns the join of two reports of one source and day: the one recorded
// later wins; of two recorded at the same time, or both without one, each
// metric keeps its maximum. It is commutative, associative and idempotent.
func (r Register) merge(o Register) Register {
	switch {
	case o.RecordedAt > r.RecordedAt:
		r.RecordedAt, r.Metrics = o.RecordedAt, o.Metrics
	case o.RecordedAt == r.RecordedAt:
		r.Metrics = r.Metrics.Max(o.Metrics)
	}
	return r
}

// Days are one participant's registers, one for each day and source, packed
// into bytes: a participant of 30 days takes about 500 of them and no pointer,
// and a snapshot row is a copy. The zero value is empty.
//
// Entries stand in the order of day, then source. An entry is
//
//	size    1 byte, of what follows
//	day     uvarint
//	source  uvarint, shifted left by two; the low bits say how the time of
//	        recording is written: 0 none, 1 seconds, 2 milliseconds, 3 nanoseconds
//	time    varint, counted from the day's midnight UTC; absent for 0
//	steps, centimetres, 1/100 kcal, minutes   uvarint each
//
// A lookup reads one byte for each entry before the one it wants.
type Days []byte

// Merged says what a merge did to the day it concerned.
type Merged struct {
	Before, After Metrics // the day's value: the maximum over its sources
	Changed       bool    // the register changed; its day's value may not have
	Full          bool    // nothing was changed: the day has MaxSources others
}

// slot is where a register stands, or would stand, among the entries.
type slot struct {
	at, end int      // the bytes of the register; end == at when there is none
	old     Register // what stands there
	others  Metrics  // maximum over the day's other sources
	sources int      // how many other sources the day has
}

// find looks for the register of a day and source. Cost: one step for each
// entry of an earlier day, a decode for each of the day itself.
func (d Days) find(day calendar.Day, source uint32) slot {
	s := slot{at: -1}
	i := d.before(day)
	for i < len(d) {
		next := i + 1 + int(d[i])
		entryDay, _ := binary.Uvarint(d[i+1 : next])
		if calendar.Day(entryDay) > day {
			break
		}
		if calendar.Day(entryDay) == day {
			r := decodeRegister(d[i+1 : next])
			switch {
			case r.Source == source:
				s.at, s.end, s.old = i, next, r
			case r.Source > source && s.at < 0:
				s.at, s.end = i, i
				fallthrough
			default:
				s.others = s.others.Max(r.Metrics)
				s.sources++
			}
		}
		i = next
	}
	if s.at < 0 {
		s.at, s.end = i, i
	}
	return s
}

// before returns where the first entry of a day stands, or of those after it. It
// looks at each entry before that, of which there may be thousands, and so decodes
// days by hand: until the year 7711 they take three bytes at most.
func (d Days) before(day calendar.Day) (i int) {
	for i+3 < len(d) {
		var entry calendar.Day
		switch {
		case d[i+1] < 0x80:
			entry = calendar.Day(d[i+1])
		case d[i+2] < 0x80:
			entry = calendar.Day(d[i+1]&0x7f) | calendar.Day(d[i+2])<<7
		case d[i+3] < 0x80:
			entry = calendar.Day(d[i+1]&0x7f) | calendar.Day(d[i+2]&0x7f)<<7 | calendar.Day(d[i+3])<<14
		default:
			return i
		}
		if entry >= day {
			return i
		}
		i += 1 + int(d[i])
	}
	return min(i, len(d))
}

// plan works out what merging r would do, without doing it.
func (d Days) plan(r Register) (slot, Register, Merged) {
	s := d.find(r.Day, r.Source)
	if s.at == s.end {
		if s.sources >= MaxSources {
			return s, r, Merged{Before: s.others, After: s.others, Full: true}
		}
		return s, r, Merged{Before: s.others, After: s.others.Max(r.Metrics), Changed: true}
	}
	merged := s.old.merge(r)
	return s, merged, Merged{
		Before:  s.others.Max(s.old.Metrics),
		After:   s.others.Max(merged.Metrics),
		Changed: merged != s.old,
	}
}

// Plan tells what Merge would do, and changes nothing.
func (d Days) Plan(r Register) Merged {
	_, _, m := d.plan(r)
	return m
}

// Merge joins r into the registers and returns them; the old value must not be
// used any more. The metrics of r are at most 2^53.
func (d Days) Merge(r Register) (Days, Merged) {
	s, merged, m := d.plan(r)
	if !m.Changed {
		return d, m
	}
	var scratch [maxRegisterBytes]byte
	entry := appendRegister(scratch[:0], merged)
	if len(entry) == s.end-s.at {
		copy(d[s.at:], entry)
		return d, m
	}
	return slices.Replace(d, s.at, s.end, entry...), m
}

// All yields the registers by day, then source.
func (d Days) All() iter.Seq[Register] {
	return func(yield func(Register) bool) {
		for i := 0; i < len(d); {
			next := i + 1 + int(d[i])
			if !yield(decodeRegister(d[i+1 : next])) {
				return
			}
			i = next
		}
	}
}

func (d Days) count() (n int) {
	for i := 0; i < len(d); i += 1 + int(d[i]) {
		n++
	}
	return n
}

// Total returns the sum over the days of each day's value.
func (d Days) Total() Metrics {
	var total, value Metrics
	day := calendar.Day(-1)
	for r := range d.All() {
		if r.Day != day {
			total = total.Plus(value)
			day, value = r.Day, Metrics{}
		}
		value = value.Max(r.Metrics)
	}
	return total.Plus(value)
}

// check reports whether the entries are as Merge leaves them: they fill the
// bytes exactly, stand in order, and are of the first so many sources. Nothing
// after it needs to look at bounds.
func (d Days) check(sources int) error {
	previous := Register{Day: -1, Source: math.MaxUint32}
	for i := 0; i < len(d); {
		next := i + 1 + int(d[i])
		if next > len(d) {
			return wire.ErrShort
		}
		r := decodeRegister(d[i+1 : next])
		if r.Day < previous.Day || r.Day == previous.Day && r.Source <= previous.Source || int(r.Source) >= sources {
			return errors.New("a day register is out of place")
		}
		previous, i = r, next
	}
	return nil
}

// parseRegister reads the entry at the front of b, whatever b holds, and its
// size in bytes.
func parseRegister(b []byte) (Register, int, error) {
	if len(b) == 0 || 1+int(b[0]) > len(b) {
		return Register{}, 0, wire.ErrShort
	}
	entry := b[:1+int(b[0])]
	r := decodeRegister(entry[1:])
	var scratch [maxRegisterBytes]byte
	if !bytes.Equal(appendRegister(scratch[:0], r), entry) {
		return Register{}, 0, errors.New("a day register is not in its canonical form")
	}
	return r, len(entry), nil
}

const maxRegisterBytes = 1 + 7*binary.MaxVarintLen64

const (
	unitNone = iota
	unitSecond
	unitMilli
	unitNano
)

var unitNanos = [4]int64{0, 1e9, 1e6, 1}

func appendRegister(dst []byte, r Register) []byte {
	start := len(dst)
	dst = append(dst, 0)
	dst = binary.AppendUvarint(dst, uint64(r.Day))
	unit := unitNano
	switch {
	case r.RecordedAt == 0:
		unit = unitNone
	case r.RecordedAt%unitNanos[unitSecond] == 0:
		unit = unitSecond
	case r.RecordedAt%unitNanos[unitMilli] == 0:
		unit = unitMilli
	}
	dst = binary.AppendUvarint(dst, uint64(r.Source)<<2|uint64(unit))
	if unit != unitNone {
		dst = binary.AppendVarint(dst, (r.RecordedAt-r.Day.Nanos())/unitNanos[unit])
	}
	dst = appendMetrics(dst, r.Metrics)
	dst[start] = byte(len(dst) - start - 1)
	return dst
}

// decodeRegister reads an entry without its size; malformed bytes give a
// register that is not written as they are.
func decodeRegister(b []byte) Register {
	next := func() uint64 {
		v, n := binary.Uvarint(b)
		b = b[max(n, 0):]
		return v
	}
	r := Register{Day: calendar.Day(next())}
	source := next()
	r.Source = uint32(source >> 2)
	if unit := source & 3; unit != unitNone {
		v, n := binary.Varint(b)
		b = b[max(n, 0):]
		r.RecordedAt = r.Day.Nanos() + v*unitNanos[unit]
	}
	r.Metrics.Steps = int64(next())
	r.Metrics.DistanceCm = int64(next())
	r.Metrics.EnergyCentikcal = int64(next())
	r.Metrics.ActiveMinutes = int64(next())
	return r
}

// value returns the maximum over the sources of a day.
func (d Days) value(day calendar.Day) Metrics {
	const none = 1<<32 - 1 // no source is this one
	return d.find(day, none).others
}

// dayAt returns the day of the entry that begins at a byte.
func (d Days) dayAt(i int) calendar.Day {
	day, _ := binary.Uvarint(d[i+1 : i+1+int(d[i])])
	return calendar.Day(day)
}

// last returns the last day that has a register, or -1.
func (d Days) last() calendar.Day {
	last := calendar.Day(-1)
	for i := 0; i < len(d); i += 1 + int(d[i]) {
		last = d.dayAt(i)
	}
	return last
}

// readRegister takes one packed register, its size byte included.
func readRegister(r *wire.Reader) Register {
	register, n, err := parseRegister(r.Rest())
	if err != nil {
		r.Fail(err)
		return Register{}
	}
	r.Bytes(n)
	return register
}

func readDay(r *wire.Reader) calendar.Day {
	v := r.Varint()
	if v != int64(calendar.Day(v)) {
		r.Fail(wire.ErrShort)
	}
	return calendar.Day(v)
}
