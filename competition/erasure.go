package competition

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
)

// EraseParticipant has a competition forget who one of its participants, or its
// creator, was. Whether the person may ask for it is the caller's matter.
type EraseParticipant struct {
	UserID    string
	Pseudonym string // takes the place of the user id; see NewPseudonym
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

// Answer is nothing.
func (*EraseParticipant) Answer(*Competition, Decision) any { return struct{}{} }

// Erase decides that nobody can tell any more who a participant was: the
// identity row, in the same commit, names a pseudonym under a new key, the
// participant is off the board and without days and score, and the ledger's rows
// of this competition name the pseudonym. Money stays as it is, but that a fee is
// given back as by leaving before the start. Who never had to do with the
// competition, or was erased, is no error; who enrols afterwards is somebody new.
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
		return c.repeat(0), nil
	case c.head.status == Settled && c.award == nil:
		return Decision{Seq: c.head.chain.Seq, Later: true}, nil
	case won && prize.Status == PendingPrize:
		return Decision{}, ErrPrizePending
	}
	if number > 0 && c.head.status == Upcoming {
		c.refund(now, number)
	}
	c.outbox.erase(Erasure{UserID: cmd.UserID, Pseudonym: cmd.Pseudonym})
	if creator {
		c.pseudonymise(now, 0, cmd.Pseudonym)
	}
	if number > 0 {
		c.pseudonymise(now, number, cmd.Pseudonym)
		delete(c.head.enrolled, cmd.UserID)
		c.head.erased[number] = true
		if enrolled && !c.headReview(number).isExcluded() {
			c.head.onBoard--
			c.summarize()
		}
		c.head.reviews[number] = &Review{}
	}
	return Decision{Seq: c.head.chain.Seq, Number: number}, nil
}

// pseudonymise decides that a number is nobody's.
func (c *Competition) pseudonymise(now Millis, number uint32, pseudonym string) {
	who := Identity{Number: number, Key: c.newKey(), UserID: pseudonym}
	c.emit(Event{At: now, Detail: &ParticipantErased{Number: number, Identity: who.Commitment(), Who: who}})
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
	Number   uint32
	Identity Commitment
	Who      Identity // the identity row; not part of the record
	gone     string   // who it was, once it is applied; not part of the record
}

func (*ParticipantErased) kind() kind { return kindParticipantErased }

func (d *ParticipantErased) append(dst []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(d.Number)), d.Identity[:]...)
}

func (d *ParticipantErased) read(r *reader) { d.Number, d.Identity = r.number(), r.hash() }

func (d *ParticipantErased) apply(c *Competition, e *Event) (problem string) {
	if d.Number == 0 {
		c.creator = d.Who.UserID
		return ""
	}
	if !c.participants.has(d.Number) {
		return "it erases somebody unknown"
	}
	p := c.participants.at(d.Number)
	d.gone = p.userID
	if p.onBoard() {
		c.board.Remove(p.key())
		c.onBoard--
		c.touch(e)
	}
	if c.flags = slices.DeleteFunc(c.flags, func(f flagPlace) bool { return f.number == d.Number }); len(c.flags) == 0 {
		c.flags = nil // as a recovery has it
	}
	c.participants.forget(d.Number)
	c.participants.identify(d.Number, d.Who.UserID, "")
	delete(c.head.erased, d.Number)
	p.present, p.days, p.totals, p.score, p.lastSynced, p.review = false, nil, Metrics{}, 0, 0, nil
	p.reached, p.updatedAt = e.Seq, e.At
	c.markChanged(p)
	return ""
}

func (d *ParticipantErased) effect() Effect { return Effect{Erased: d.Number > 0, Gone: d.gone} }

var _ identified = (*ParticipantErased)(nil)

func (d *ParticipantErased) identity() (number uint32, said *Commitment, who *Identity) {
	return d.Number, &d.Identity, &d.Who
}
