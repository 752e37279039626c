package competition

import (
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// EraseParticipant has a competition forget who one of its participants, or its
// creator, was. Whether the person may ask for it is the caller's matter.
type EraseParticipant struct {
	UserID    string
	Pseudonym string // takes the place of the user id, of this competition alone; one is made if it is empty, or has to recognise the user
}

// Payer returns nobody: no budget keeps a person from being forgotten.
func (*EraseParticipant) Payer() string { return "" }

// EraseReply answers an EraseParticipant.
type EraseReply struct {
	Kept      bool            // what was decided about the person is kept, and recognises them
	KeptUntil calendar.Millis // when that ends; 0 if settlement or cancelling ends it
}

// Answer returns an EraseReply.
func (*EraseParticipant) Answer(c *Competition, d Decision) any {
	var reply EraseReply
	if _, reply.Kept = c.kept[d.Number]; reply.Kept {
		if at, ok := c.keptUntil(); ok {
			reply.KeptUntil = at
		}
	}
	return reply
}

// Decide forgets who a participant was, so that nobody can tell any more: the
// identity row, in the same commit, names a pseudonym under a new key, the
// participant is off the board and without days and score, and the ledger's rows
// of this competition name the pseudonym, which no other competition has. In a
// settled competition rank and score stay; see StandingKept. What was decided
// about the person stays while it can decide anything; see keptAfter. Money stays
// as it is, except that a fee is refunded as by leaving before the start. It is no
// error if the user never took part, or was erased; a user who enrols afterwards
// is somebody new, except for those decisions.
// A prize that is pending must be decided first, since the payment provider has
// to be able to say whose it is. Until a distribution that is under way is
// applied the decision is Later. Errors: ErrUnknownCompetition, ErrPrizePending,
// ErrDeploying.
func (cmd *EraseParticipant) Decide(c *Competition, now calendar.Millis) (Decision, error) {
	c.advance(now)
	if c.decided.status == 0 {
		return Decision{}, ErrUnknownCompetition
	}
	number, enrolled := c.enrolment(cmd.UserID)
	creator := cmd.UserID != "" && cmd.UserID == c.decidedCreator()
	switch prize, won := c.decidedPrize(number); {
	case number == 0 && !creator:
		return c.repeat(c.keptOf(cmd.UserID)), nil // so that a repeat has the same answer
	case c.decided.status == Settled && c.distribution == nil:
		return Decision{Seq: c.decided.chain.Seq, Later: true}, nil
	case won && prize.Status == ledger.PendingPrize:
		return Decision{}, ErrPrizePending
	}
	if number > 0 {
		if err := c.mayDecide(c.erasureKind(now, number, enrolled)); err != nil {
			return Decision{}, err
		}
	}
	if number > 0 && c.decided.status == Upcoming {
		c.refund(now, number)
	}
	key, pseudonym := c.newKey(), cmd.Pseudonym
	if pseudonym == "" || c.decidedReview(number).decides() && c.keeps(now) {
		pseudonym = pseudonymUnder(key, cmd.UserID)
	}
	c.outbox.erase(Erasure{UserID: cmd.UserID, Pseudonym: pseudonym})
	if creator {
		c.pseudonymise(now, Identity{Number: 0, Key: c.newKey(), UserID: pseudonym})
	}
	if number > 0 {
		c.eraseParticipant(now, number, enrolled, Identity{Number: number, Key: key, UserID: pseudonym})
		delete(c.decided.enrolled, cmd.UserID)
		c.decided.change(number, changes{erased: true})
	}
	return Decision{Seq: c.decided.chain.Seq, Number: number}, nil
}

// eraseParticipant decides how a number becomes nobody's. who has the key that
// recognises the person; unless decisions are kept, it is thrown away.
func (c *Competition) eraseParticipant(now calendar.Millis, number uint32, enrolled bool, who Identity) {
	review := c.decidedReview(number)
	onBoard := enrolled && !review.isExcluded()
	switch c.erasureKind(now, number, enrolled) {
	case kindStandingKept:
		who.Key = c.newKey()
		c.emit(Event{At: now, Detail: &StandingKept{erased{CommittedIdentity: commitTo(who)}}})
		c.putIdentity(who)
		c.decided.change(number, changes{review: &Review{Standing: true}})
		return
	case kindDecisionsKept:
		c.emit(Event{At: now, Detail: &DecisionsKept{erased{CommittedIdentity: commitTo(who)}}})
		c.putIdentity(who)
		keep(&c.decided.kept, number, who.Key)
		c.decided.change(number, changes{review: review.decisions()})
	default:
		who.Key = c.newKey()
		c.pseudonymise(now, who)
		c.decided.change(number, changes{review: &Review{}})
	}
	if onBoard {
		c.decided.onBoard--
	}
	c.summarize() // it says who is on the board, and until when decisions are kept
}

// erasureKind returns which event erases a participant.
func (c *Competition) erasureKind(now calendar.Millis, number uint32, enrolled bool) kind {
	switch review := c.decidedReview(number); {
	case c.decided.status == Settled && enrolled && !review.isExcluded():
		return kindStandingKept
	case review.decides() && c.keeps(now):
		return kindDecisionsKept
	default:
		return kindParticipantErased
	}
}

// Erased is what an erasure came to.
type Erased struct {
	Competitions int             // in which the person was erased
	Transactions int             // that are kept, under a pseudonym
	KeptIn       []string        // the competitions that keep what was decided about the person, and would recognise them
	KeptUntil    calendar.Millis // when the last of those without money stops to; 0 if none of them is
}

// Note counts a competition in which the person was erased.
func (e *Erased) Note(competitionID string, r EraseReply) {
	e.Competitions++
	if r.Kept {
		e.KeptIn = append(e.KeptIn, competitionID)
		e.KeptUntil = max(e.KeptUntil, r.KeptUntil)
	}
}
