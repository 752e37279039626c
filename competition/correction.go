package competition

import (
	"encoding/binary"
	"errors"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// CorrectDay sets what a participant's day counts for, whatever its reports say,
// those to come included.
type CorrectDay struct {
	Caller

	UserID  string
	Day     calendar.Day
	Metrics Metrics
	Reason  string // see CheckReason
}

// WithdrawCorrection lets a day count for what its reports say again.
type WithdrawCorrection struct {
	Caller

	UserID string
	Day    calendar.Day
	Reason string // see CheckReason
}

// Answer returns a ReviewReply.
func (*CorrectDay) Answer(c *Competition, d Decision) any { return c.ReviewReply(d.Number, !d.Repeat) }

// Decide sets what a day counts for. The same twice is a no-op. Errors are as for
// ExcludeParticipant, then ErrNotStarted, ErrOutsideWindow, ErrFutureDate, ErrImplausible.
func (cmd *CorrectDay) Decide(c *Competition, now calendar.Millis) (Decision, error) {
	number, err := c.reviewable(now, cmd.Caller, cmd.UserID, cmd.Reason)
	if err != nil {
		return Decision{}, err
	}
	if c.decided.status == Upcoming {
		return Decision{}, ErrNotStarted // an edit may still change what days count for
	}
	if err := c.plausible(now, cmd.Day, 0, cmd.Metrics); err != nil {
		return Decision{}, err
	}
	correction := Correction{Day: cmd.Day, Metrics: cmd.Metrics, Reason: cmd.Reason}
	if known := c.decidedReview(number).correction(cmd.Day); known != nil && *known == correction {
		return c.repeat(number), nil
	}
	event := Event{At: now, Detail: &DayCorrected{Number: number, Correction: correction}}
	return c.decideReview(event, number, func(r *Review) { r.correct(correction) }), nil
}

// Answer returns a ReviewReply.
func (*WithdrawCorrection) Answer(c *Competition, d Decision) any {
	return c.ReviewReply(d.Number, !d.Repeat)
}

// Decide takes a correction back; if there is none, it is a no-op. Errors are as for
// ExcludeParticipant.
func (cmd *WithdrawCorrection) Decide(c *Competition, now calendar.Millis) (Decision, error) {
	number, err := c.reviewable(now, cmd.Caller, cmd.UserID, cmd.Reason)
	if err != nil {
		return Decision{}, err
	}
	if c.decidedReview(number).correction(cmd.Day) == nil {
		return c.repeat(number), nil
	}
	event := Event{At: now, Detail: &CorrectionWithdrawn{Number: number, Day: cmd.Day, Reason: cmd.Reason}}
	return c.decideReview(event, number, func(r *Review) { r.withdraw(cmd.Day) }), nil
}

// DayCorrected sets what a day counts for, until another correction, or none,
// takes its place.
type DayCorrected struct {
	Number uint32
	Correction
}

func (*DayCorrected) kind() kind { return 17 }

func (d *DayCorrected) append(dst []byte) []byte {
	dst = binary.AppendVarint(binary.AppendUvarint(dst, uint64(d.Number)), int64(d.Day))
	return wire.AppendString(appendMetrics(dst, d.Metrics), d.Reason)
}

func (d *DayCorrected) read(r *wire.Reader) {
	d.Number, d.Correction = r.Number(), Correction{Day: readDay(r), Metrics: readMetrics(r), Reason: r.String()}
}

func (d *DayCorrected) apply(c *Competition, e *Event) error {
	if !c.takes(d.Day, d.Metrics) {
		return errors.New("it corrects a day to what the competition does not take")
	}
	return c.applyRevaluation(e, d.Number, d.Day, func(r *Review) bool {
		r.correct(d.Correction)
		return true
	})
}

func (d *DayCorrected) effect() Effect { return Effect{Entry: d.Number} }

var _ reasoned = (*DayCorrected)(nil)

func (d *DayCorrected) reason() string { return d.Reason }

// CorrectionWithdrawn lets a day count for what its reports say again.
type CorrectionWithdrawn struct {
	Number uint32
	Day    calendar.Day
	Reason string
}

func (*CorrectionWithdrawn) kind() kind { return 18 }

func (d *CorrectionWithdrawn) append(dst []byte) []byte {
	dst = binary.AppendVarint(binary.AppendUvarint(dst, uint64(d.Number)), int64(d.Day))
	return wire.AppendString(dst, d.Reason)
}

func (d *CorrectionWithdrawn) read(r *wire.Reader) {
	d.Number, d.Day, d.Reason = r.Number(), readDay(r), r.String()
}

func (d *CorrectionWithdrawn) apply(c *Competition, e *Event) error {
	return c.applyRevaluation(e, d.Number, d.Day, func(r *Review) bool {
		if r.correction(d.Day) == nil {
			return false
		}
		r.withdraw(d.Day)
		return true
	})
}

func (d *CorrectionWithdrawn) effect() Effect { return Effect{Entry: d.Number} }

var _ reasoned = (*CorrectionWithdrawn)(nil)

func (d *CorrectionWithdrawn) reason() string { return d.Reason }

// applyRevaluation is applyReview where a day's value changes by it.
func (c *Competition) applyRevaluation(e *Event, number uint32, day calendar.Day, change func(*Review) bool) error {
	if !c.participants.has(number) {
		return errors.New("it is about a participant who was never enrolled")
	}
	p := c.participants.at(number)
	before := p.valueOf(day)
	if err := c.applyReview(e, number, change); err != nil {
		return err
	}
	c.revalue(e, p, before, p.valueOf(day))
	return nil
}
