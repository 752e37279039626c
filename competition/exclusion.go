package competition

import (
	"encoding/binary"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// ExcludeParticipant takes a participant off the board. Syncs go on being
// accepted and merged, so that a RestoreParticipant comes out exact.
type ExcludeParticipant struct {
	Caller

	UserID string
	Reason string // see CheckReason
}

// RestoreParticipant takes an exclusion back. A participant who has not left is on
// the board again, even if no place is free.
type RestoreParticipant struct {
	Caller

	UserID string
	Reason string // see CheckReason
}

// Answer returns a ReviewReply.
func (*ExcludeParticipant) Answer(c *Competition, d Decision) any {
	return c.ReviewReply(d.Number, !d.Repeat)
}

// Decide excludes a participant. Excluding twice is a no-op. Errors: *InvalidError,
// ErrForbidden, ErrUnknownCompetition, ErrNotEnrolled if the user never took part,
// ErrClosed.
func (cmd *ExcludeParticipant) Decide(c *Competition, now calendar.Millis) (Decision, error) {
	number, err := c.reviewable(now, cmd.Caller, cmd.UserID, cmd.Reason)
	if err != nil {
		return Decision{}, err
	}
	if c.decidedReview(number).isExcluded() {
		return c.repeat(number), nil
	}
	event := &ParticipantExcluded{Number: number, Reason: cmd.Reason}
	return c.decideReview(Event{At: now, Detail: event}, number, event.review), nil
}

// Answer returns a ReviewReply.
func (*RestoreParticipant) Answer(c *Competition, d Decision) any {
	return c.ReviewReply(d.Number, !d.Repeat)
}

// Decide takes an exclusion back. Restoring twice is a no-op. Errors are as for
// ExcludeParticipant.
func (cmd *RestoreParticipant) Decide(c *Competition, now calendar.Millis) (Decision, error) {
	number, err := c.reviewable(now, cmd.Caller, cmd.UserID, cmd.Reason)
	if err != nil {
		return Decision{}, err
	}
	if !c.decidedReview(number).isExcluded() {
		return c.repeat(number), nil
	}
	event := &ParticipantRestored{Number: number, Reason: cmd.Reason}
	return c.decideReview(Event{At: now, Detail: event}, number, event.review), nil
}

// ParticipantExcluded takes a participant off the board; syncs go on being
// merged.
type ParticipantExcluded struct {
	Number uint32
	Reason string
}

func (*ParticipantExcluded) kind() kind { return 15 }

func (d *ParticipantExcluded) append(dst []byte) []byte {
	return wire.AppendString(binary.AppendUvarint(dst, uint64(d.Number)), d.Reason)
}

func (d *ParticipantExcluded) read(r *wire.Reader) { d.Number, d.Reason = r.Number(), r.String() }

func (d *ParticipantExcluded) apply(c *Competition, e *Event) error {
	return c.applyReview(e, d.Number, func(r *Review) bool {
		fits := !r.Excluded
		d.review(r)
		return fits
	})
}

func (d *ParticipantExcluded) effect() Effect { return Effect{Entry: d.Number} }

var _ reasoned = (*ParticipantExcluded)(nil)

func (d *ParticipantExcluded) reason() string { return d.Reason }

func (d *ParticipantExcluded) review(r *Review) { r.Excluded, r.Reason = true, d.Reason }

// ParticipantRestored takes an exclusion back.
type ParticipantRestored struct {
	Number uint32
	Reason string
}

func (*ParticipantRestored) kind() kind { return 16 }

func (d *ParticipantRestored) append(dst []byte) []byte {
	return wire.AppendString(binary.AppendUvarint(dst, uint64(d.Number)), d.Reason)
}

func (d *ParticipantRestored) read(r *wire.Reader) { d.Number, d.Reason = r.Number(), r.String() }

func (d *ParticipantRestored) apply(c *Competition, e *Event) error {
	return c.applyReview(e, d.Number, func(r *Review) bool {
		fits := r.Excluded
		d.review(r)
		return fits
	})
}

func (d *ParticipantRestored) effect() Effect { return Effect{Entry: d.Number} }

var _ reasoned = (*ParticipantRestored)(nil)

func (d *ParticipantRestored) reason() string { return d.Reason }

func (*ParticipantRestored) review(r *Review) { r.Excluded, r.Reason = false, "" }
