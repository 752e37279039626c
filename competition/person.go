package competition

import "github.com/paceboard/paceboard/competition/calendar"

// Person is all that a competition knows of one user.
type Person struct {
	Competition Summary
	UserName    string
	Present     bool // takes part now
	Creator     bool
	PaidMinor   int64        // paid in and not given back
	Stats       Stats        // the rank is 0 for who is not on the board
	Explanation *Explanation // nil for a creator who never took part
}

// Person returns what there is to tell of a user, with the days of a span; ok is false
// where there is nothing. Cost: linear in the user's days; memory in those that are
// shown.
func (c *Competition) Person(userID string, span Span) (p Person, ok bool) {
	p = Person{Competition: c.Summary(), Creator: userID != "" && userID == c.creator, Stats: Stats{CompetitionID: c.ID(), UserID: userID}}
	found := c.participants.find(userID)
	if found == nil {
		return p, p.Creator
	}
	p.UserName, p.Present, p.PaidMinor = found.userName, found.present, found.paid
	p.Stats, _ = c.Stats(userID, span)
	if x, err := c.Explain(userID, span); err == nil {
		p.Explanation = &x
	}
	return p, true
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
