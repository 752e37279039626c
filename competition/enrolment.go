package competition

import (
	"encoding/binary"
	"errors"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// enrol decides the enrolment of a user who never took part.
func (c *Competition) enrol(now calendar.Millis, userID, userName string) uint32 {
	d := &c.decided
	d.numbers++
	identity := Identity{Number: d.numbers, Key: c.newKey(), UserID: userID, UserName: PresentableName(userName)}
	c.emit(Event{At: now, Detail: &ParticipantEnrolled{CommittedIdentity: commitTo(identity)}})
	d.enrolled[userID] = identity.Number
	d.onBoard++
	c.putIdentity(identity)
	c.putMembership(userID, identity.Number, true)
	c.summarize()
	if kept := c.keptOf(userID); kept > 0 {
		c.takeOver(now, kept, identity.Number)
	}
	return identity.Number
}

// JoinCompetition enrols a user, or takes back one who left.
type JoinCompetition struct {
	Caller

	UserID   string
	UserName string // shown on boards; empty if unknown
	Rename   bool   // UserName was given for this join and replaces an older one

	// Invited says that the user accepts an invitation, which the caller has
	// checked, or shows a join code. InvitedAt is when the invitation was made: a
	// later removal goes before it. It is 0 for a join code. ByOperator says that an
	// operator made it: where there is money, no other lets anybody in.
	Invited    bool
	InvitedAt  calendar.Millis
	ByOperator bool
	Limited    bool // enrolling gives ErrUncounted
}

// Answer returns the user's Entry on the board.
func (cmd *JoinCompetition) Answer(c *Competition, _ Decision) any {
	entry, present := c.Standing(cmd.UserID)
	if !present { // left again in the same batch
		entry = Entry{UserID: cmd.UserID, UserName: cmd.UserName}
	}
	return entry
}

// Decide enrols the user; one who takes part already only gets the new name, if one
// was given. Nobody is enrolled by another user, and operators enrol only those who
// never took part, free of charge: people who left come back by themselves. Errors:
// ErrForbidden, ErrUnknownCompetition, ErrInvitationRequired, ErrOperatorInvites,
// ErrClosed, ErrFull.
func (cmd *JoinCompetition) Decide(c *Competition, now calendar.Millis) (Decision, error) {
	c.advance(now)
	d, err := c.join(now, cmd)
	if cmd.Invited {
		return d, err // an invitation says that there is such a competition
	}
	return d, c.conceal(cmd.Caller, err)
}

func (c *Competition) join(now calendar.Millis, j *JoinCompetition) (Decision, error) {
	number, enrolled, err := c.admission(j)
	switch {
	case err != nil:
		return Decision{}, err
	case enrolled:
	case j.Limited:
		return Decision{}, ErrUncounted
	default:
		if number == 0 {
			number = c.enrol(now, j.UserID, j.UserName)
		} else {
			c.setPresence(now, j.UserID, number, true)
		}
		if j.own() {
			c.collect(now, number)
		}
	}
	if shown := c.identityOf(number).UserName; shown != j.UserName && (j.Rename && j.own() || shown == "") {
		c.rename(now, number, j.UserName)
	}
	return Decision{Seq: c.decided.chain.Seq, Number: number, Enrolled: !enrolled}, nil
}

// own reports whether users join themselves.
func (cmd *JoinCompetition) own() bool { return cmd.UserID == cmd.Caller.UserID }

// admission returns why a user may not join, or the user's number (0 for one who never
// took part), and whether the user takes part already. It changes nothing.
func (c *Competition) admission(j *JoinCompetition) (number uint32, enrolled bool, err error) {
	number, enrolled = c.enrolment(j.UserID)
	switch {
	case IsPseudonym(j.UserID), !j.own() && !j.Operator:
		return 0, false, ErrForbidden
	case c.decided.status == 0:
		return 0, false, ErrUnknownCompetition
	}
	if number == 0 {
		if err := checkNewUser(j.UserID); err != nil {
			return 0, false, err
		}
	}
	if j.Rename {
		if err := CheckUserName(j.UserName); err != nil {
			return 0, false, err
		}
	}
	switch {
	case !enrolled && !c.mayEnrol(j, number):
		if j.Invited && !c.counts(j) {
			return 0, false, ErrOperatorInvites
		}
		return 0, false, ErrInvitationRequired
	case c.decided.status != Upcoming && c.decided.status != Active:
		return 0, false, ErrClosed
	case enrolled:
	case c.full() && !c.decidedReview(number).isExcluded(), j.own() && c.overflows(number):
		return 0, false, ErrFull
	}
	return number, enrolled, nil
}

// PreviewJoin returns the competition that a user would join by j, which is not carried
// out. Errors: those of the join, except those of the user's other competitions.
func (c *Competition) PreviewJoin(j *JoinCompetition) (Summary, error) {
	if _, _, err := c.admission(j); err != nil {
		return Summary{}, err
	}
	return c.Summary(), nil
}

func (c *Competition) rename(now calendar.Millis, number uint32, name string) {
	i := c.identityOf(number)
	i.UserName, i.Key = name, c.newKey()
	c.emit(Event{At: now, Detail: &ParticipantRenamed{CommittedIdentity: commitTo(i)}})
	c.putIdentity(i)
}

// counts reports whether the user is invited by somebody who may invite, as decided.
func (c *Competition) counts(j *JoinCompetition) bool {
	return j.Invited && (j.ByOperator || !c.withMoney())
}

// mayEnrol reports whether a join may enrol a user, who has the number 0 before
// taking part for the first time.
func (c *Competition) mayEnrol(j *JoinCompetition, number uint32) bool {
	if removed := c.reviewOf(number, j.UserID); removed.isRemoved() {
		return c.counts(j) && j.InvitedAt > removed.RemovedAt
	}
	switch {
	case c.counts(j):
		return true
	case j.UserID != j.Caller.UserID:
		return number == 0
	default:
		return number != 0 || c.decided.definition.Enrollment != Invite || c.rules(j.Caller)
	}
}

// LeaveCompetition takes a user off the board.
type LeaveCompetition struct {
	Caller

	UserID string
}

// Answer is nothing.
func (*LeaveCompetition) Answer(*Competition, Decision) any { return struct{}{} }

// Decide takes the user off the board. Errors: ErrForbidden, ErrUnknownCompetition,
// ErrNotEnrolled, ErrClosed.
func (cmd *LeaveCompetition) Decide(c *Competition, now calendar.Millis) (Decision, error) {
	c.advance(now)
	d, err := c.leave(now, cmd)
	return d, c.conceal(cmd.Caller, err)
}

func (c *Competition) leave(now calendar.Millis, l *LeaveCompetition) (Decision, error) {
	if l.UserID != l.Caller.UserID {
		return Decision{}, ErrForbidden // who takes others off the board removes them
	}
	if c.decided.status == 0 {
		return Decision{}, ErrUnknownCompetition
	}
	number, enrolled := c.enrolment(l.UserID)
	if !enrolled {
		return Decision{}, ErrNotEnrolled
	}
	if c.decided.status != Upcoming && c.decided.status != Active {
		return Decision{}, ErrClosed
	}
	c.setPresence(now, l.UserID, number, false)
	if c.decided.status == Upcoming {
		c.refund(now, number)
	}
	return Decision{Seq: c.decided.chain.Seq, Number: number}, nil
}

// setPresence decides that a participant leaves or returns.
func (c *Competition) setPresence(now calendar.Millis, userID string, number uint32, present bool) {
	event, change, presence := Event{At: now, Detail: &ParticipantLeft{Number: number}}, -1, leaves
	if present {
		event.Detail, change, presence = &ParticipantReturned{Number: number}, 1, returns
	}
	c.emit(event)
	c.decided.change(number, changes{presence: presence})
	if review := c.decidedReview(number); present && review.isRemoved() {
		review = review.clone()
		review.readmit()
		c.decided.change(number, changes{review: review})
	}
	if !c.decidedReview(number).isExcluded() {
		c.decided.onBoard += change
	}
	c.putMembership(userID, number, present)
	c.summarize()
}

// takeOver decides for a number what was decided about the same person before the
// person was erased.
func (c *Competition) takeOver(now calendar.Millis, kept, number uint32) {
	review := c.decidedReview(kept)
	if review.Excluded {
		event := &ParticipantExcluded{verdict{Number: number, Reason: review.Reason}}
		c.decideReview(Event{At: now, Detail: event}, number, event.review)
	}
	for _, correction := range review.Corrections {
		event := &DayCorrected{Number: number, Correction: correction}
		c.decideReview(Event{At: now, Detail: event}, number, func(r *Review) { r.correct(correction) })
	}
	c.dropKept(now, kept)
}

// ParticipantEnrolled gives a user the next number.
type ParticipantEnrolled struct{ CommittedIdentity }

func (*ParticipantEnrolled) kind() kind { return 5 }

func (d *ParticipantEnrolled) apply(c *Competition, e *Event) error {
	if d.Number != c.participants.count+1 {
		return errors.New("it enrols a participant out of order")
	}
	p := c.participants.add()
	c.participants.identify(d.Number, d.Who.UserID, d.Who.UserName)
	if c.decided.enrolled[d.Who.UserID] == d.Number { // and was not erased since
		delete(c.decided.enrolled, d.Who.UserID)
	}
	if pending := c.decided.of(d.Number); pending.who == d.Who { // and was not renamed since
		pending.who = Identity{}
		c.decided.set(d.Number, pending)
	}
	p.present, p.reached, p.updatedAt = true, e.Seq, e.At
	c.board.Insert(p.key())
	c.onBoard++
	c.markChanged(p)
	c.touch(e)
	return nil
}

func (d *ParticipantEnrolled) effect() Effect { return Effect{Entry: d.Number} }

var _ identified = (*ParticipantEnrolled)(nil)

// ParticipantRenamed says that the identity row has another name now.
type ParticipantRenamed struct{ CommittedIdentity }

func (*ParticipantRenamed) kind() kind { return 6 }

func (d *ParticipantRenamed) apply(c *Competition, e *Event) error {
	if !c.participants.has(d.Number) {
		return errors.New("it renames somebody unknown")
	}
	p := c.participants.at(d.Number)
	p.userName = d.Who.UserName
	if p.onBoard() {
		c.touch(e)
	}
	return nil
}

func (*ParticipantRenamed) effect() Effect { return Effect{} }

var _ identified = (*ParticipantRenamed)(nil)

// ParticipantLeft takes a participant off the board; the days are kept.
type ParticipantLeft struct{ Number uint32 }

func (*ParticipantLeft) kind() kind { return 7 }

func (d *ParticipantLeft) append(dst []byte) []byte {
	return binary.AppendUvarint(dst, uint64(d.Number))
}

func (d *ParticipantLeft) read(r *wire.Reader) { d.Number = r.Number() }

func (d *ParticipantLeft) apply(c *Competition, e *Event) error {
	return c.applyPresence(e, d.Number, false)
}

func (d *ParticipantLeft) effect() Effect { return Effect{Entry: d.Number} }

// ParticipantReturned puts a participant who left back on the board.
type ParticipantReturned struct{ Number uint32 }

func (*ParticipantReturned) kind() kind { return 8 }

func (d *ParticipantReturned) append(dst []byte) []byte {
	return binary.AppendUvarint(dst, uint64(d.Number))
}

func (d *ParticipantReturned) read(r *wire.Reader) { d.Number = r.Number() }

func (d *ParticipantReturned) apply(c *Competition, e *Event) error {
	if err := c.applyPresence(e, d.Number, true); err != nil {
		return err
	}
	if p := c.participants.at(d.Number); p.review.isRemoved() {
		if p.review.readmit(); p.review.empty() {
			p.review = nil
		}
		c.undecided(d.Number)
	}
	return nil
}

func (d *ParticipantReturned) effect() Effect { return Effect{Entry: d.Number} }

// applyPresence takes a participant off the board, or back onto it.
func (c *Competition) applyPresence(e *Event, number uint32, present bool) error {
	if !c.participants.has(number) || c.participants.at(number).present == present {
		return errors.New("it does not fit who takes part")
	}
	p := c.participants.at(number)
	p.present = present
	c.markChanged(p)
	switch {
	case p.review.isExcluded(): // not on the board, before or after
		return nil
	case present:
		c.board.Insert(p.key())
		c.onBoard++
	default:
		c.board.Remove(p.key())
		c.onBoard--
	}
	c.touch(e)
	return nil
}
