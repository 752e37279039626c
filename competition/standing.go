package competition

// StandingKept is a ParticipantErased in a settled competition: prizes name
// ranks, so the participant's rank and score stay, under a pseudonym, without
// days and times.
type StandingKept struct {
	CommittedIdentity

	gone string // the user id, once it is applied; not part of the record
}

func (*StandingKept) kind() kind { return kindStandingKept }

func (d *StandingKept) apply(c *Competition, e *Event) (problem string) {
	if c.award == nil || !c.participants.has(d.Number) || !c.participants.at(d.Number).onBoard() {
		return "it keeps the standing of somebody who has none"
	}
	p := c.participants.at(d.Number)
	d.gone = p.who()
	c.board.Remove(p.key()) // since the user id breaks ties
	c.forgetFlags(d.Number)
	c.participants.forget(d.Number)
	c.participants.identify(d.Number, d.Who.UserID, "")
	delete(c.head.erased, d.Number)
	p.days, p.totals, p.lastSynced, p.updatedAt = nil, Metrics{}, 0, c.award.at
	p.review = &Review{Standing: true}
	c.undecided(d.Number)
	c.board.Insert(p.key())
	c.markChanged(p)
	c.touch(e)
	return ""
}

func (d *StandingKept) effect() Effect { return Effect{Erased: true, Gone: d.gone} }

var _ identified = (*StandingKept)(nil)
