package competition

import (
	"maps"
	"slices"

	"github.com/paceboard/paceboard/competition/calendar"
)

// What was decided about a person outlives the person's erasure: else people who
// were excluded, corrected or removed could erase themselves and come back as somebody
// new. The erased number keeps the decisions, and its identity row, which names a
// pseudonym, holds what recognises the person: the pseudonym is the HMAC-SHA-256
// (RFC 2104, cut to 16 bytes as its section 5 allows) of the user id under the
// row's random key. When the same user enrols again, the decisions go over to the
// new number. They are dropped, by a new key, when they can decide nothing any
// more: at settlement, at cancelling, or keptAfter after completion where there is
// no money.

// keptUntil returns when decisions about erased people are dropped, by the clock; ok is
// false where settlement or cancelling does it.
func (c *Competition) keptUntil() (at calendar.Millis, ok bool) {
	return keptUntil(&c.decided.definition, &c.decided.balances)
}

// keeps reports whether an erasure now would keep decisions, as decided.
func (c *Competition) keeps(now calendar.Millis) bool {
	at, ok := c.keptUntil()
	return c.decided.status != Settled && c.decided.status != Cancelled && (!ok || now < at)
}

// keptOf returns the erased number whose decisions are about a user, or 0. Cost: linear
// in the decisions kept.
func (c *Competition) keptOf(userID string) (number uint32) {
	for number, key := range c.decided.kept {
		if c.identityOf(number).UserID == pseudonymUnder(key, userID) {
			return number
		}
	}
	return 0
}

// reviewOf returns what was decided about a user, by their number or, if they have
// none, before they were erased; or nil.
func (c *Competition) reviewOf(number uint32, userID string) *Review {
	if number == 0 {
		number = c.keptOf(userID)
	}
	return c.decidedReview(number)
}

// dropKept decides that nobody recognises whom an erased number's decisions were
// about.
func (c *Competition) dropKept(now calendar.Millis, number uint32) {
	c.pseudonymise(now, Identity{Number: number, Key: c.newKey(), UserID: c.identityOf(number).UserID})
	delete(c.decided.kept, number)
	c.decided.change(number, changes{review: &Review{}})
}

// dropAllKept drops all decisions about erased people.
func (c *Competition) dropAllKept(now calendar.Millis) {
	if len(c.decided.kept) == 0 {
		return
	}
	for _, number := range slices.Sorted(maps.Keys(c.decided.kept)) {
		c.dropKept(now, number)
	}
	c.summarize()
}

// pseudonymUnder returns the pseudonym by which a key recognises a user.
func pseudonymUnder(key Key, userID string) string {
	mac := key.mac(userID)
	return NewPseudonym([16]byte(mac[:]))
}
