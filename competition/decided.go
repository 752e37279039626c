package competition

import (
	"errors"

	"github.com/paceboard/paceboard/competition/calendar"
)

// enrolment looks a user up as decided: the number, 0 for somebody who
// never took part, and whether the user takes part now.
func (c *Competition) enrolment(userID string) (number uint32, enrolled bool) {
	number, applied := c.participants.byUser[userID]
	if !applied || c.decided.of(number).erased {
		number = c.decided.enrolled[userID]
	}
	return number, number != 0 && c.takesPart(number)
}

// takesPart reports whether a participant does as decided.
func (c *Competition) takesPart(number uint32) bool {
	if presence := c.decided.of(number).presence; presence != 0 {
		return presence == returns
	}
	return !c.participants.has(number) || c.participants.at(number).present // a participant whose enrolment is pending does
}

// identityOf returns who a number stands for as decided, without the key.
func (c *Competition) identityOf(number uint32) Identity {
	if who := c.decided.of(number).who; who.UserID != "" {
		return who
	}
	p := c.participants.at(number)
	return Identity{Number: number, UserID: p.userID, UserName: p.userName}
}

func (c *Competition) decidedReview(number uint32) *Review {
	if r := c.decided.of(number).review; r != nil {
		return r
	}
	if c.participants.has(number) {
		return c.participants.at(number).review
	}
	return nil
}

// paidBy returns what a participant has paid in and not got back, as decided.
func (c *Competition) paidBy(number uint32) int64 {
	if p := c.decided.of(number); p.paidChanged {
		return p.paid
	}
	if c.participants.has(number) {
		return c.participants.at(number).paid
	}
	return 0
}

// decidedCreator returns the creator's user id, applied or not.
func (c *Competition) decidedCreator() string {
	if who := c.decided.of(0).who; who.UserID != "" {
		return who.UserID
	}
	return c.creator
}

func (c *Competition) withMoney() bool {
	return c.decided.definition.withMoney() || c.decided.balances.fees > 0
}

func (c *Competition) full() bool {
	limit := c.decided.definition.MaxParticipants
	return limit > 0 && c.decided.onBoard >= limit
}

func (c *Competition) manages(caller Caller) bool {
	return caller.Operator || caller.UserID != "" && caller.UserID == c.decidedCreator()
}

// rules reports whether the caller may decide who takes part and by what rules.
// With money set, that decides who gets it, and is the operators'.
func (c *Competition) rules(caller Caller) bool {
	return caller.Operator || c.manages(caller) && !c.withMoney()
}

// sees reports whether the caller may know of the competition, as decided.
func (c *Competition) sees(caller Caller) bool {
	if c.decided.definition.Visibility != Private || c.manages(caller) {
		return true
	}
	_, enrolled := c.enrolment(caller.UserID)
	return enrolled
}

// conceal returns a refusal as the caller may hear it: a caller who may not know
// of the competition hears what is said of one that was never created.
func (c *Competition) conceal(caller Caller, refusal error) error {
	if refusal == nil || errors.Is(refusal, ErrUncounted) || c.sees(caller) {
		return refusal
	}
	return ErrUnknownCompetition
}

// repeat returns the decision on a command that says nothing new, about a participant
// or (0) nobody.
func (c *Competition) repeat(number uint32) Decision {
	return Decision{Seq: c.decided.chain.Seq, Number: number, Repeat: true}
}

// plausible checks a day, when it was recorded (in nanoseconds, 0 if unknown) and
// its totals.
func (c *Competition) plausible(now calendar.Millis, day calendar.Day, recordedAt int64, m Metrics) error {
	const clocksDiffer = 10 * 60 * 1000
	switch {
	case !c.decided.definition.covers(day):
		return ErrOutsideWindow
	case !day.BegunBy(now):
		return ErrFutureDate
	case recordedAt/1e6 > int64(now)+clocksDiffer:
		return ErrRecordedInFuture
	case !m.Within(c.decided.definition.DailyLimits):
		return ErrImplausible
	}
	return nil
}

// putIdentity sends an identity row along with the batch.
func (c *Competition) putIdentity(i Identity) {
	c.decided.change(i.Number, changes{who: i})
	c.outbox.Identities = append(c.outbox.Identities, i)
}

// putMembership sends a row of the user's list of competitions along.
func (c *Competition) putMembership(userID string, number uint32, present bool) {
	c.outbox.Memberships = append(c.outbox.Memberships, Membership{
		UserID: userID, CompetitionID: c.ID(), Number: number, Present: present, Creator: userID == c.decidedCreator(),
	})
}

// decideReview emits the event and notes what it does to the review.
func (c *Competition) decideReview(e Event, number uint32, apply func(*Review)) Decision {
	c.emit(e)
	review := c.decided.of(number).review
	if review == nil {
		review = c.decidedReview(number).clone()
		c.decided.change(number, changes{review: review})
	}
	excluded := review.Excluded
	apply(review)
	if excluded != review.Excluded && c.takesPart(number) {
		c.decided.onBoard += map[bool]int{true: -1, false: 1}[review.Excluded]
		c.summarize()
	}
	return Decision{Seq: c.decided.chain.Seq, Number: number}
}
