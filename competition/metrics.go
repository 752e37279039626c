package competition

import (
	"encoding/binary"
	"math/bits"

	"github.com/paceboard/paceboard/competition/wire"
)

// Metrics are a day's, or a sum of days', measured totals. All are integers of
// their unit and never negative.
type Metrics struct {
	Steps           int64
	DistanceCm      int64 // centimetres
	EnergyCentikcal int64 // 1/100 kcal
	ActiveMinutes   int64
}

// Max returns the larger of each metric.
func (m Metrics) Max(o Metrics) Metrics {
	return Metrics{
		Steps:           max(m.Steps, o.Steps),
		DistanceCm:      max(m.DistanceCm, o.DistanceCm),
		EnergyCentikcal: max(m.EnergyCentikcal, o.EnergyCentikcal),
		ActiveMinutes:   max(m.ActiveMinutes, o.ActiveMinutes),
	}
}

// Plus returns the sum of each metric.
func (m Metrics) Plus(o Metrics) Metrics {
	return Metrics{
		Steps:           m.Steps + o.Steps,
		DistanceCm:      m.DistanceCm + o.DistanceCm,
		EnergyCentikcal: m.EnergyCentikcal + o.EnergyCentikcal,
		ActiveMinutes:   m.ActiveMinutes + o.ActiveMinutes,
	}
}

// Minus returns the difference of each metric.
func (m Metrics) Minus(o Metrics) Metrics {
	return Metrics{
		Steps:           m.Steps - o.Steps,
		DistanceCm:      m.DistanceCm - o.DistanceCm,
		EnergyCentikcal: m.EnergyCentikcal - o.EnergyCentikcal,
		ActiveMinutes:   m.ActiveMinutes - o.ActiveMinutes,
	}
}

// Within reports whether no metric is over its limit.
func (m Metrics) Within(limit Metrics) bool {
	return m.Steps <= limit.Steps && m.DistanceCm <= limit.DistanceCm &&
		m.EnergyCentikcal <= limit.EnergyCentikcal && m.ActiveMinutes <= limit.ActiveMinutes
}

// MaxScore is the largest score: the largest integer that a float64, and so
// every JSON reader and a Redis sorted set, holds exactly.
const MaxScore = 1<<53 - 1

// Weights turn totals into a score: thousandths of a point for each step,
// metre, kilocalorie and minute. Each is between 0 and MaxWeight.
type Weights struct {
	Step, Metre, Kcal, Minute int64
}

// MaxWeight is the largest weight, 1,000 points, in thousandths.
const MaxWeight = 1_000_000

// Score returns the weighted sum of m, exact, rounded down once, at the end. A sum
// beyond MaxScore gives MaxScore; [Definition.Validate] keeps it from happening.
func (w Weights) Score(m Metrics) int64 {
	hi, lo := w.parts(m)
	if hi >= PointParts {
		return MaxScore
	}
	score, _ := bits.Div64(hi, lo, PointParts)
	return int64(min(score, MaxScore))
}

// parts returns the weighted sum of m as 1/100,000 of a point, in 128 bits: distance
// and energy are stored as hundredths of their unit, weights as thousandths.
func (w Weights) parts(m Metrics) (hi, lo uint64) {
	add := func(amount, weight int64) {
		h, l := bits.Mul64(uint64(amount), uint64(weight))
		var carry uint64
		lo, carry = bits.Add64(lo, l, 0)
		hi, _ = bits.Add64(hi, h, carry)
	}
	add(m.Steps, w.Step*100)
	add(m.DistanceCm, w.Metre)
	add(m.EnergyCentikcal, w.Kcal)
	add(m.ActiveMinutes, w.Minute*100)
	return hi, lo
}

// Points are an exact number of points: Whole, and Parts in PointParts of one,
// as weights have three decimals and distance and energy two.
type Points struct {
	Whole int64
	Parts int64 // from 0 to PointParts-1
}

// PointParts is how many Parts make a point.
const PointParts = 100_000

// Points returns what m counts for, exactly. It is for a day, whose points stay far
// below MaxScore by the daily limits; beyond that it is MaxScore.
func (w Weights) Points(m Metrics) Points {
	hi, lo := w.parts(m)
	if hi >= PointParts {
		return Points{Whole: MaxScore}
	}
	whole, parts := bits.Div64(hi, lo, PointParts)
	return Points{Whole: int64(min(whole, MaxScore)), Parts: int64(parts)}
}

// Plus returns the sum.
func (p Points) Plus(o Points) Points {
	parts := p.Parts + o.Parts
	return Points{Whole: p.Whole + o.Whole + parts/PointParts, Parts: parts % PointParts}
}

func appendMetrics(dst []byte, m Metrics) []byte {
	dst = binary.AppendUvarint(dst, uint64(m.Steps))
	dst = binary.AppendUvarint(dst, uint64(m.DistanceCm))
	dst = binary.AppendUvarint(dst, uint64(m.EnergyCentikcal))
	return binary.AppendUvarint(dst, uint64(m.ActiveMinutes))
}

func readMetrics(r *wire.Reader) Metrics {
	return Metrics{
		Steps: int64(r.Uvarint()), DistanceCm: int64(r.Uvarint()),
		EnergyCentikcal: int64(r.Uvarint()), ActiveMinutes: int64(r.Uvarint()),
	}
}
