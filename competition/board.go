package competition

import (
	"errors"
	"slices"
)

// touch makes the event the board's version.
func (c *Competition) touch(e *Event) {
	c.version, c.updatedAt = e.Seq+c.epoch.skipped, e.At
}

// markChanged notes that the participant's row differs from the last snapshot.
func (c *Competition) markChanged(p *participant) {
	if !p.changed {
		p.changed = true
		c.changed = append(c.changed, p.number)
	}
}

// applyReview brings an operator's decision, or a flag, into the state. change
// reports false where the event does not fit the review.
func (c *Competition) applyReview(e *Event, number uint32, change func(*Review) (fits bool)) error {
	if !c.participants.has(number) {
		return errors.New("it is about a participant who was never enrolled")
	}
	p := c.participants.at(number)
	if p.review == nil {
		p.review = &Review{}
	}
	before, onBoard := p.key(), p.onBoard()
	if !change(p.review) {
		return errors.New("it does not fit what was decided about the participant before")
	}
	if p.review.empty() {
		p.review = nil
	}
	c.undecided(number)
	c.markChanged(p)
	switch {
	case onBoard && !p.onBoard():
		c.board.Remove(before)
		c.onBoard--
		c.touch(e)
	case !onBoard && p.onBoard():
		c.board.Insert(before)
		c.onBoard++
		c.touch(e)
	}
	return nil
}

// revalue lets a day of a participant count for something else.
func (c *Competition) revalue(e *Event, p *participant, before, after Metrics) {
	if before == after {
		return
	}
	key := p.key()
	p.totals = p.totals.Plus(after).Minus(before)
	if score := c.definition.Scoring.Score(p.totals); score != p.score {
		p.score, p.reached, p.updatedAt = score, e.Seq, e.At
		if p.onBoard() {
			c.board.Move(key, p.key())
		}
	}
	if p.onBoard() {
		c.touch(e)
	}
}

// undecided drops the key of a number about which nothing is decided any more, as
// a recovery from rows has it.
func (c *Competition) undecided(number uint32) {
	if !c.participants.at(number).review.decides() {
		delete(c.kept, number)
	}
}

func (c *Competition) forgetFlags(number uint32) {
	if c.flags = slices.DeleteFunc(c.flags, func(f flagPlace) bool { return f.number == number }); len(c.flags) == 0 {
		c.flags = nil // as a recovery has it
	}
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
	c.decided.appliedErasure(number)
	p.present, p.days, p.lastSynced, p.review = false, nil, 0, decided
	p.totals = totalOf(nil, decided)
	p.score = c.definition.Scoring.Score(p.totals)
	p.reached, p.updatedAt = e.Seq, e.At
	c.markChanged(p)
}

// keep notes in a set that a number's decisions are kept under a key.
func keep(kept *map[uint32]Key, number uint32, key Key) {
	if *kept == nil {
		*kept = map[uint32]Key{}
	}
	(*kept)[number] = key
}
