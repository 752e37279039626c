package competition

import (
	"encoding/binary"
	"slices"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// A sync that the daily limits let pass may still be odd. It counts like any
// other, but is flagged for operators to look at: by the rate, when the day grew
// by more than a human can do in the time there was for it, or by the own days,
// when the day is far from the person's others. Both are integer arithmetic on
// the applied state, and what they come to is an event, so that a replay decides
// nothing again.

// humanRate is what a human can do in an hour, about:
//   - 12,000 steps: 200 a minute, the cadence of a sprint; marathon runners take
//     about 180 (Daniels' Running Formula; Burns et al. 2019 saw 155 to 203 over 100 km);
//   - 25 km: the world record of an hour's run is 21.33 km (World Athletics, 2020),
//     and riding a bicycle for fun is seldom faster;
//   - 1,500 kcal: 400 W at the pedals, which professionals hold for an hour, at the
//     23 % that muscles turn into work (Coyle 2005);
//   - 60 active minutes.
var humanRate = Metrics{Steps: 12_000, DistanceCm: 25_000_00, EnergyCentikcal: 1_500_00, ActiveMinutes: 60}

// rateAllowance is added to the time that there was: devices collect in coarse
// pieces and phones report them when they like, mostly within a quarter of an
// hour, at either end.
const rateAllowance = millisPerHour / 2

// free is what is never too fast.
var free = perHour(humanRate, rateAllowance)

const (
	ownDaysNeeded = 5 // other days, for a median that means something
	ownDaysFactor = 3 // how much over it is odd
	ownDaysFloor  = 4 // no day below 1 in so many of the daily limit is
)

// A day begins in UTC+14 and ends in UTC-12 (the time zone database has none
// beyond), so it lasts 50 hours on earth.
const (
	earliestZone = 14 * millisPerHour
	latestZone   = 12 * millisPerHour
	millisPerDay = 24 * millisPerHour
)

// flag decides which flags a sync gets that was accepted just now. grown is what
// it makes of the participant's day. It looks at the days only if the cheap
// gates let it, and allocates only when it flags.
func (c *Competition) flag(now calendar.Millis, number uint32, r Register, grown Merged) {
	growth, limit := grown.After.Minus(grown.Before), c.decided.definition.DailyLimits
	fast := !growth.Within(free)
	far := grown.After.Steps > limit.Steps/ownDaysFloor || grown.After.DistanceCm > limit.DistanceCm/ownDaysFloor ||
		grown.After.EnergyCentikcal > limit.EnergyCentikcal/ownDaysFloor || grown.After.ActiveMinutes > limit.ActiveMinutes/ownDaysFloor
	if !fast && !far || grown.After == grown.Before {
		return
	}
	review := c.decidedReview(number)
	if review.correction(r.Day) != nil {
		return // an operator has judged the day
	}
	var p participant // a participant who is being enrolled now has nothing yet
	if c.participants.has(number) {
		p = *c.participants.at(number)
	}
	if fast && !review.flagged(r.Day, RateFlag) {
		within := p.timeFor(now, r)
		if usual := perHour(humanRate, within+rateAllowance); !growth.Within(usual) {
			c.emitFlag(now, number, r.Day, RateFlag, Figures{Found: growth, Usual: usual, Within: within})
			review = c.decidedReview(number)
		}
	}
	if far && !review.flagged(r.Day, OwnDaysFlag) && p.isFarFromOwnDays(r.Day, grown.After, limit) {
		c.emitFlag(now, number, r.Day, OwnDaysFlag, Figures{Found: grown.After, Usual: p.medians(r.Day)})
	}
}

// emitFlag decides a flag, which follows the sync in the same batch.
func (c *Competition) emitFlag(now calendar.Millis, number uint32, day calendar.Day, reason FlagReason, figures Figures) {
	event := &SyncFlagged{Number: number, Day: day, Reason: reason, Figures: figures}
	c.decideReview(Event{At: now, Detail: event}, number, func(r *Review) {
		r.Flags = append(r.Flags, event.flag(c.decided.chain.Seq, now))
	})
}

func (d *SyncFlagged) flag(seq uint64, at calendar.Millis) Flag {
	return Flag{Seq: seq, At: at, Day: d.Day, Reason: d.Reason, Figures: d.Figures}
}

// perHour returns what a rate comes to in some milliseconds, rounded down.
func perHour(rate Metrics, within calendar.Millis) Metrics {
	of := func(n int64) int64 { return n * int64(within) / millisPerHour }
	return Metrics{of(rate.Steps), of(rate.DistanceCm), of(rate.EnergyCentikcal), of(rate.ActiveMinutes)}
}

// timeFor returns how long there was for what a report adds to a day: until now, or
// until the day was over everywhere, since the source's report before. When that
// was is what the earlier of the clocks says, the server's and the device's: a
// report that comes late was made before. Where nothing tells, because it is the
// source's first of the day, or the person has since spoken of later days, or
// only after this one was over, there was all of the day.
func (p *participant) timeFor(now calendar.Millis, r Register) calendar.Millis {
	begin := calendar.Millis(r.Day)*millisPerDay - earliestZone
	end := calendar.Millis(r.Day+1)*millisPerDay + latestZone
	since := end
	if s := p.days.find(r.Day, r.Source); s.end > s.at {
		if p.days.last() == r.Day {
			since = p.lastSynced
		}
		if recorded := calendar.Millis(s.old.RecordedAt / 1e6); recorded != 0 {
			since = min(since, recorded)
		}
	}
	if since < begin || since >= end {
		since = begin
	}
	return max(min(now, end)-since, 0)
}

// isFarFromOwnDays reports whether some metric of a day is over its floor and
// over ownDaysFactor times the median of the other days that have any of it. A
// value is over the (upper) median of others if it is over more than half.
func (p *participant) isFarFromOwnDays(day calendar.Day, value, limit Metrics) bool {
	var others, below Metrics // how many
	count := func(v, other int64, others, below *int64) {
		if other > 0 {
			*others++
			if v > ownDaysFactor*other {
				*below++
			}
		}
	}
	p.eachOtherDay(day, func(other Metrics) {
		count(value.Steps, other.Steps, &others.Steps, &below.Steps)
		count(value.DistanceCm, other.DistanceCm, &others.DistanceCm, &below.DistanceCm)
		count(value.EnergyCentikcal, other.EnergyCentikcal, &others.EnergyCentikcal, &below.EnergyCentikcal)
		count(value.ActiveMinutes, other.ActiveMinutes, &others.ActiveMinutes, &below.ActiveMinutes)
	})
	far := func(v, limit, others, below int64) bool {
		return v > limit/ownDaysFloor && others >= ownDaysNeeded && 2*below > others
	}
	return far(value.Steps, limit.Steps, others.Steps, below.Steps) ||
		far(value.DistanceCm, limit.DistanceCm, others.DistanceCm, below.DistanceCm) ||
		far(value.EnergyCentikcal, limit.EnergyCentikcal, others.EnergyCentikcal, below.EnergyCentikcal) ||
		far(value.ActiveMinutes, limit.ActiveMinutes, others.ActiveMinutes, below.ActiveMinutes)
}

// eachOtherDay visits what the participant's other days with reports count for.
func (p *participant) eachOtherDay(day calendar.Day, visit func(Metrics)) {
	current, value := calendar.Day(-1), Metrics{}
	show := func() {
		if current < 0 || current == day {
			return
		}
		if correction := p.review.correction(current); correction != nil {
			value = correction.Metrics
		}
		visit(value)
	}
	for i := 0; i < len(p.days); {
		next := i + 1 + int(p.days[i])
		r := decodeRegister(p.days[i+1 : next])
		if r.Day != current {
			show()
			current, value = r.Day, Metrics{}
		}
		value = value.Max(r.Metrics)
		i = next
	}
	show()
}

// medians returns those that isFarFromOwnDays compares with; 0 where no other day
// has any of a metric.
func (p *participant) medians(day calendar.Day) Metrics {
	var steps, distance, energy, minutes []int64
	p.eachOtherDay(day, func(other Metrics) {
		steps, distance = append(steps, other.Steps), append(distance, other.DistanceCm)
		energy, minutes = append(energy, other.EnergyCentikcal), append(minutes, other.ActiveMinutes)
	})
	median := func(of []int64) int64 {
		of = slices.DeleteFunc(of, func(n int64) bool { return n == 0 })
		if len(of) == 0 {
			return 0
		}
		slices.Sort(of)
		return of[len(of)/2]
	}
	return Metrics{median(steps), median(distance), median(energy), median(minutes)}
}

// SyncFlagged follows a SyncAccepted at once: operators should look at the day.
type SyncFlagged struct {
	Number uint32
	Day    calendar.Day
	Reason FlagReason
	Figures
}

func (*SyncFlagged) kind() kind { return 14 }

func (d *SyncFlagged) append(dst []byte) []byte {
	dst = binary.AppendVarint(binary.AppendUvarint(dst, uint64(d.Number)), int64(d.Day))
	return appendFigures(append(dst, byte(d.Reason)), &d.Figures)
}

func (d *SyncFlagged) read(r *wire.Reader) {
	d.Number, d.Day, d.Reason, d.Figures = r.Number(), readDay(r), FlagReason(r.Byte()), readFigures(r)
}

func (d *SyncFlagged) apply(c *Competition, e *Event) error {
	c.flags = append(c.flags, flagPlace{e.Seq, d.Number})
	return c.applyReview(e, d.Number, func(r *Review) bool {
		fits := !r.flagged(d.Day, d.Reason) && (d.Reason == RateFlag || d.Reason == OwnDaysFlag)
		r.Flags = append(r.Flags, d.flag(e.Seq, e.At))
		return fits
	})
}

func (d *SyncFlagged) effect() Effect { return Effect{Flag: d.Reason} }
