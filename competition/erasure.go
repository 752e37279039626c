package competition

import (
	"encoding/hex"
	"slices"
	"strings"
)

// EraseParticipant has a competition forget who one of its participants, or its
// creator, was. Whether the person may ask for it is the caller's matter.
type EraseParticipant struct {
	UserID    string
	Pseudonym string // takes the place of the user id, of this competition alone; one is made if it is empty, or has to recognise the user
}

// pseudonymPrefix begins every pseudonym; 16 bytes in hexadecimal follow.
const pseudonymPrefix = "erased-"

// NewPseudonym is what stands where an erased person's id stood, made of 16
// random bytes.
func NewPseudonym(random [16]byte) string { return pseudonymPrefix + hex.EncodeToString(random[:]) }

// IsPseudonym reports whether a user id is that of somebody erased. No such user
// can take part in anything.
func IsPseudonym(userID string) bool {
	digits, ok := strings.CutPrefix(userID, pseudonymPrefix)
	return ok && len(digits) == 32 && strings.Trim(digits, "0123456789abcdef") == ""
}

// Decide is [Competition.Erase].
func (cmd *EraseParticipant) Decide(c *Competition, now Millis) (Decision, error) {
	return c.Erase(now, cmd)
}

// Payer is nobody: no budget keeps a person from being forgotten.
func (*EraseParticipant) Payer() string { return "" }

// EraseReply answers an EraseParticipant.
type EraseReply struct {
	Kept      bool   // what was decided about the person is kept, and recognises them
	KeptUntil Millis // when that ends; 0 if settlement or cancelling ends it
}

// Answer is an EraseReply.
func (*EraseParticipant) Answer(c *Competition, d Decision) any {
	var reply EraseReply
	if _, reply.Kept = c.kept[d.Number]; reply.Kept {
		if at, ok := c.keptUntil(); ok {
			reply.KeptUntil = at
		}
	}
	return reply
}

// Erase decides that nobody can tell any more who a participant was: the
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
// applied the decision is Later. Errors: ErrUnknownCompetition, ErrPrizePending.
func (c *Competition) Erase(now Millis, cmd *EraseParticipant) (Decision, error) {
	c.advance(now)
	if c.head.status == 0 {
		return Decision{}, ErrUnknownCompetition
	}
	number, enrolled := c.enrolment(cmd.UserID)
	creator := cmd.UserID != "" && cmd.UserID == c.headCreator()
	switch prize, won := c.headPrize(number); {
	case number == 0 && !creator:
		return c.repeat(c.keptOf(cmd.UserID)), nil // so that a repeat has the same answer
	case c.head.status == Settled && c.award == nil:
		return Decision{Seq: c.head.chain.Seq, Later: true}, nil
	case won && prize.Status == PendingPrize:
		return Decision{}, ErrPrizePending
	}
	if number > 0 && c.head.status == Upcoming {
		c.refund(now, number)
	}
	key, pseudonym := c.newKey(), cmd.Pseudonym
	if pseudonym == "" || c.headReview(number).decides() && c.keeps(now) {
		pseudonym = pseudonymUnder(key, cmd.UserID)
	}
	c.outbox.erase(Erasure{UserID: cmd.UserID, Pseudonym: pseudonym})
	if creator {
		c.pseudonymise(now, Identity{Number: 0, Key: c.newKey(), UserID: pseudonym})
	}
	if number > 0 {
		c.eraseParticipant(now, number, enrolled, Identity{Number: number, Key: key, UserID: pseudonym})
		delete(c.head.enrolled, cmd.UserID)
		c.head.erased[number] = true
	}
	return Decision{Seq: c.head.chain.Seq, Number: number}, nil
}

// eraseParticipant decides how a number becomes nobody's. who has the key that
// recognises the person; unless decisions are kept, it is thrown away.
func (c *Competition) eraseParticipant(now Millis, number uint32, enrolled bool, who Identity) {
	review := c.headReview(number)
	onBoard := enrolled && !review.isExcluded()
	switch {
	case c.head.status == Settled && onBoard:
		who.Key = c.newKey()
		c.emit(Event{At: now, Detail: &StandingKept{CommittedIdentity: commitTo(who)}})
		c.putIdentity(who)
		c.head.reviews[number] = &Review{Standing: true}
		return
	case review.decides() && c.keeps(now):
		c.emit(Event{At: now, Detail: &DecisionsKept{CommittedIdentity: commitTo(who)}})
		c.putIdentity(who)
		keep(&c.head.kept, number, who.Key)
		c.head.reviews[number] = review.decisions()
	default:
		who.Key = c.newKey()
		c.pseudonymise(now, who)
		c.head.reviews[number] = &Review{}
	}
	if onBoard {
		c.head.onBoard--
	}
	c.summarize() // it says who is on the board, and until when decisions are kept
}

// pseudonymise decides that a number is nobody's.
func (c *Competition) pseudonymise(now Millis, who Identity) {
	c.emit(Event{At: now, Detail: &ParticipantErased{CommittedIdentity: commitTo(who)}})
	c.putIdentity(who)
}

// erase takes a user out of the rows that the batch has so far: a store carries
// its erasures out first, and then writes those rows.
func (b *Batch) erase(e Erasure) {
	b.Erasures = append(b.Erasures, e)
	b.Identities = slices.DeleteFunc(b.Identities, func(i Identity) bool { return i.UserID == e.UserID })
	b.Memberships = slices.DeleteFunc(b.Memberships, func(m Membership) bool { return m.UserID == e.UserID })
	for i := range b.Transactions {
		b.Transactions[i].Rename(e)
	}
	for i := range b.Prizes {
		if b.Prizes[i].UserID == e.UserID {
			b.Prizes[i].UserID = e.Pseudonym
		}
	}
}

// Rename has the transaction name the pseudonym where it names the erased user,
// and reports whether it did.
func (t *Transaction) Rename(e Erasure) (renamed bool) {
	for i := range t.Postings {
		if account := &t.Postings[i].Account; account.OfUser() && account.Owner == e.UserID {
			account.Owner, renamed = e.Pseudonym, true
		}
	}
	return renamed
}

// ParticipantErased says that nobody can tell any more who a participant was, or,
// with number 0, the creator: the identity row names a pseudonym now. The
// participant is off the board, without days and score.
type ParticipantErased struct {
	CommittedIdentity

	gone string // who it was, once it is applied; not part of the record
}

func (*ParticipantErased) kind() kind { return kindParticipantErased }

func (d *ParticipantErased) apply(c *Competition, e *Event) (problem string) {
	if d.Number == 0 {
		c.creator = d.Who.UserID
		return ""
	}
	if !c.participants.has(d.Number) {
		return "it erases somebody unknown"
	}
	d.gone = c.participants.at(d.Number).who()
	c.forgetPerson(e, d.Number, d.Who.UserID, nil)
	c.undecided(d.Number)
	return ""
}

// forgetPerson takes a participant off the board, without days and score, and
// leaves of the person what was decided, or nothing (nil).
func (c *Competition) forgetPerson(e *Event, number uint32, pseudonym string, decided *Review) {
	p := c.participants.at(number)
	if p.onBoard() {
		c.board.Remove(p.key())
		c.onBoard--
		c.touch(e)
	}
	c.forgetFlags(number)
	c.participants.forget(number)
	c.participants.identify(number, pseudonym, "")
	delete(c.head.erased, number)
	p.present, p.days, p.lastSynced, p.review = false, nil, 0, decided
	p.totals = totalOf(nil, decided)
	p.score = c.definition.Scoring.Score(p.totals)
	p.reached, p.updatedAt = e.Seq, e.At
	c.markChanged(p)
}

// who is the participant's user id, or nothing if nobody can tell.
func (p *participant) who() string {
	if IsPseudonym(p.userID) {
		return ""
	}
	return p.userID
}

// forgetFlags drops the flags of a participant.
func (c *Competition) forgetFlags(number uint32) {
	if c.flags = slices.DeleteFunc(c.flags, func(f flagPlace) bool { return f.number == number }); len(c.flags) == 0 {
		c.flags = nil // as a recovery has it
	}
}

func (d *ParticipantErased) effect() Effect { return Effect{Erased: d.Number > 0, Gone: d.gone} }

var _ identified = (*ParticipantErased)(nil)
