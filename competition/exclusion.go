package competition

import "github.com/paceboard/paceboard/competition/calendar"

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
	event := &ParticipantExcluded{verdict{Number: number, Reason: cmd.Reason}}
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
	event := &ParticipantRestored{verdict{Number: number, Reason: cmd.Reason}}
	return c.decideReview(Event{At: now, Detail: event}, number, event.review), nil
}

// ParticipantExcluded takes a participant off the board; syncs go on being
// merged.
type ParticipantExcluded struct{ verdict }

func (*ParticipantExcluded) kind() kind { return 15 }

func (d *ParticipantExcluded) apply(c *Competition, e *Event) error {
	return c.applyReview(e, d.Number, func(r *Review) bool {
		fits := !r.Excluded
		d.review(r)
		return fits
	})
}

var _ reasoned = (*ParticipantExcluded)(nil)

func (d *ParticipantExcluded) review(r *Review) { r.Excluded, r.Reason = true, d.Reason }

// ParticipantRestored takes an exclusion back.
type ParticipantRestored struct{ verdict }

func (*ParticipantRestored) kind() kind { return 16 }

func (d *ParticipantRestored) apply(c *Competition, e *Event) error {
	return c.applyReview(e, d.Number, func(r *Review) bool {
		fits := r.Excluded
		d.review(r)
		return fits
	})
}

var _ reasoned = (*ParticipantRestored)(nil)

func (*ParticipantRestored) review(r *Review) { r.Excluded, r.Reason = false, "" }
