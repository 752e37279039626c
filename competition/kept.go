package competition

import (
	"crypto/hmac"
	"crypto/sha256"
	"maps"
	"slices"
)

// What was decided about a person outlives the person's erasure: else whoever was
// excluded, corrected or removed would erase themselves and come back as somebody
// new. The erased number keeps the decisions, and its identity row, which names a
// pseudonym, holds what recognises the person: the pseudonym is the HMAC-SHA-256
// (RFC 2104, cut to 16 bytes as its section 5 allows) of the user id under the
// row's random key. When the same user enrols again, the decisions go over to the
// new number. They are dropped, by a new key, when they can decide nothing any
// more: at settlement, at cancelling, or keptAfter after completion where there is
// no money.
const keptAfter = 30 * millisPerDay

// pseudonymUnder is the pseudonym by which a key recognises a user.
func pseudonymUnder(key Key, userID string) string {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(userID))
	return NewPseudonym([16]byte(mac.Sum(nil)))
}

// keptUntil is when decisions about erased people are dropped, by the clock; ok is
// false where settlement or cancelling does it.
func (c *Competition) keptUntil() (at Millis, ok bool) {
	return keptUntil(&c.head.definition, &c.head.books)
}

func keptUntil(d *Definition, b *books) (at Millis, ok bool) {
	return d.End + Millis(d.LateSyncHours)*millisPerHour + keptAfter, !d.withMoney() && b.fees == 0
}

// keeps reports whether an erasure now would keep decisions, as of the head.
func (c *Competition) keeps(now Millis) bool {
	at, ok := c.keptUntil()
	return c.head.status != Settled && c.head.status != Cancelled && (!ok || now < at)
}

// keptOf is the erased number whose decisions are about a user, or 0. Cost: linear
// in the decisions kept.
func (c *Competition) keptOf(userID string) (number uint32) {
	for number, key := range c.head.kept {
		if c.identityOf(number).UserID == pseudonymUnder(key, userID) {
			return number
		}
	}
	return 0
}

// decidedOf is what was decided about a user, by their number or, if they have
// none, before they were erased; or nil.
func (c *Competition) decidedOf(number uint32, userID string) *Review {
	if number == 0 {
		number = c.keptOf(userID)
	}
	return c.headReview(number)
}

// takeOver decides for a number what was decided about the same person before the
// person was erased.
func (c *Competition) takeOver(now Millis, kept, number uint32) {
	review := c.headReview(kept)
	if review.Excluded {
		event := &ParticipantExcluded{Number: number, Reason: review.Reason}
		c.decideReview(Event{At: now, Detail: event}, number, event.review)
	}
	for _, correction := range review.Corrections {
		event := &DayCorrected{Number: number, Correction: correction}
		c.decideReview(Event{At: now, Detail: event}, number, func(r *Review) { r.correct(correction) })
	}
	c.dropKept(now, kept)
}

// dropKept decides that nobody recognises whom an erased number's decisions were
// about.
func (c *Competition) dropKept(now Millis, number uint32) {
	c.pseudonymise(now, Identity{Number: number, Key: c.newKey(), UserID: c.identityOf(number).UserID})
	delete(c.head.kept, number)
	c.head.reviews[number] = &Review{}
}

// dropAllKept drops all decisions about erased people.
func (c *Competition) dropAllKept(now Millis) {
	if len(c.head.kept) == 0 {
		return
	}
	for _, number := range slices.Sorted(maps.Keys(c.head.kept)) {
		c.dropKept(now, number)
	}
	c.summarize()
}

// undecided drops the key of a number about which nothing is decided any more, as
// a recovery from rows has it.
func (c *Competition) undecided(number uint32) {
	if !c.participants.at(number).review.decides() {
		delete(c.kept, number)
	}
}

// keep notes in a set that a number's decisions are kept under a key.
func keep(kept *map[uint32]Key, number uint32, key Key) {
	if *kept == nil {
		*kept = map[uint32]Key{}
	}
	(*kept)[number] = key
}

// DecisionsKept is a ParticipantErased that leaves what was decided about the
// person; the identity row recognises them.
type DecisionsKept struct {
	CommittedIdentity

	gone string // the user id, once it is applied; not part of the record
}

func (*DecisionsKept) kind() kind { return kindDecisionsKept }

func (d *DecisionsKept) apply(c *Competition, e *Event) (problem string) {
	if !c.participants.has(d.Number) || !c.participants.at(d.Number).review.decides() {
		return "it keeps decisions about somebody about whom there are none"
	}
	d.gone = c.participants.at(d.Number).who()
	c.forgetPerson(e, d.Number, d.Who.UserID, c.participants.at(d.Number).review.decisions())
	keep(&c.kept, d.Number, d.Who.Key)
	return ""
}

func (d *DecisionsKept) effect() Effect { return Effect{Erased: true, Gone: d.gone} }

var _ identified = (*DecisionsKept)(nil)
