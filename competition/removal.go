package competition

import "github.com/paceboard/paceboard/competition/calendar"

// RemoveParticipant takes a participant out of the competition, against their
// will: only a newer invitation lets them in again.
type RemoveParticipant struct {
	Caller

	UserID string
	Reason string // see CheckReason
}

// Answer is nothing.
func (*RemoveParticipant) Answer(*Competition, Decision) any { return struct{}{} }

// Decide removes a participant, or keeps one who left from coming back alone. Removing
// twice is a no-op. Before the start it refunds. Errors: *InvalidError, ErrForbidden,
// ErrUnknownCompetition, ErrNotEnrolled if the user never took part, ErrClosed.
func (cmd *RemoveParticipant) Decide(c *Competition, now calendar.Millis) (Decision, error) {
	c.advance(now)
	d, err := c.remove(now, cmd)
	return d, c.conceal(cmd.Caller, err)
}

func (c *Competition) remove(now calendar.Millis, cmd *RemoveParticipant) (Decision, error) {
	if err := CheckReason(cmd.Reason, cmd.UserID); err != nil {
		return Decision{}, err
	}
	number, enrolled := c.enrolment(cmd.UserID)
	switch {
	case !c.rules(cmd.Caller):
		return Decision{}, ErrForbidden
	case c.decided.status == 0:
		return Decision{}, ErrUnknownCompetition
	case number == 0:
		return Decision{}, ErrNotEnrolled
	case c.decided.status != Upcoming && c.decided.status != Active:
		return Decision{}, ErrClosed
	case c.decidedReview(number).isRemoved():
		return c.repeat(number), nil
	}
	event := &ParticipantRemoved{verdict{Number: number, Reason: cmd.Reason}}
	c.decideReview(Event{At: now, Detail: event}, number, func(r *Review) { event.review(r, now) })
	if enrolled {
		c.decided.change(number, changes{presence: leaves})
		if !c.decidedReview(number).isExcluded() {
			c.decided.onBoard--
		}
		c.putMembership(cmd.UserID, number, false)
		c.summarize()
	}
	if c.decided.status == Upcoming {
		c.refund(now, number)
	}
	return Decision{Seq: c.decided.chain.Seq, Number: number}, nil
}

// ParticipantRemoved takes a participant off the board, or says of one who left
// that they were removed; the days are kept. A ParticipantReturned ends it.
type ParticipantRemoved struct{ verdict }

func (*ParticipantRemoved) kind() kind { return 21 }

func (d *ParticipantRemoved) apply(c *Competition, e *Event) error {
	return c.applyReview(e, d.Number, func(r *Review) bool {
		fits := !r.isRemoved()
		d.review(r, e.At)
		c.participants.at(d.Number).present = false
		return fits
	})
}

var _ reasoned = (*ParticipantRemoved)(nil)

func (d *ParticipantRemoved) review(r *Review, at calendar.Millis) {
	r.RemovedAt, r.Removal = max(at, 1), d.Reason
}
