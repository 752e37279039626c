package competition

import (
	"errors"

	"github.com/paceboard/paceboard/competition/calendar"
)

// The kinds of erasures; see Competition.erasureKind.
const (
	kindParticipantErased kind = 20
	kindDecisionsKept     kind = 22
	kindStandingKept      kind = 23
)

// ParticipantErased says that nobody can tell any more who a participant was, or,
// with number 0, the creator: the identity row names a pseudonym now. The
// participant is off the board, without days and score.
type ParticipantErased struct{ erased }

func (*ParticipantErased) kind() kind { return kindParticipantErased }

func (d *ParticipantErased) apply(c *Competition, e *Event) error {
	if d.Number == 0 {
		c.creator = d.Who.UserID
		return nil
	}
	if !c.participants.has(d.Number) {
		return errors.New("it erases somebody unknown")
	}
	d.gone = c.participants.at(d.Number).who()
	c.forgetPerson(e, d.Number, d.Who.UserID, nil)
	c.undecided(d.Number)
	return nil
}

var _ identified = (*ParticipantErased)(nil)

// pseudonymise decides that a number is nobody's.
func (c *Competition) pseudonymise(now calendar.Millis, who Identity) {
	c.emit(Event{At: now, Detail: &ParticipantErased{erased{CommittedIdentity: commitTo(who)}}})
	c.putIdentity(who)
}

// StandingKept is a ParticipantErased in a settled competition: prizes name
// ranks, so the participant's rank and score stay, under a pseudonym, without
// days and times.
type StandingKept struct{ erased }

func (*StandingKept) kind() kind { return kindStandingKept }

func (d *StandingKept) apply(c *Competition, e *Event) error {
	if c.distribution == nil || !c.participants.has(d.Number) || !c.participants.at(d.Number).onBoard() {
		return errors.New("it keeps the standing of somebody who has none")
	}
	p := c.participants.at(d.Number)
	d.gone = p.who()
	c.board.Remove(p.key()) // since the user id breaks ties
	c.forgetFlags(d.Number)
	c.participants.forget(d.Number)
	c.participants.identify(d.Number, d.Who.UserID, "")
	c.decided.appliedErasure(d.Number)
	p.days, p.totals, p.lastSynced, p.updatedAt = nil, Metrics{}, 0, c.distribution.at
	p.review = &Review{Standing: true}
	c.undecided(d.Number)
	c.board.Insert(p.key())
	c.markChanged(p)
	c.touch(e)
	return nil
}

var _ identified = (*StandingKept)(nil)

// DecisionsKept is a ParticipantErased that leaves what was decided about the
// person; the identity row recognises them.
type DecisionsKept struct{ erased }

func (*DecisionsKept) kind() kind { return kindDecisionsKept }

func (d *DecisionsKept) apply(c *Competition, e *Event) error {
	if !c.participants.has(d.Number) || !c.participants.at(d.Number).review.decides() {
		return errors.New("it keeps decisions about somebody about whom there are none")
	}
	d.gone = c.participants.at(d.Number).who()
	c.forgetPerson(e, d.Number, d.Who.UserID, c.participants.at(d.Number).review.decisions())
	keep(&c.kept, d.Number, d.Who.Key)
	return nil
}

var _ identified = (*DecisionsKept)(nil)

// erased is the part of an event after which nobody can tell who somebody was.
type erased struct {
	CommittedIdentity

	gone string // the user id, once the event is applied; not part of the record
}

func (d *erased) effect() Effect { return Effect{Erased: d.Number > 0, Gone: d.gone} }
