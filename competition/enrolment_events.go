package competition

import (
	"encoding/binary"
	"errors"

	"github.com/paceboard/paceboard/competition/wire"
)

// ParticipantEnrolled gives a user the next number.
type ParticipantEnrolled struct{ CommittedIdentity }

func (*ParticipantEnrolled) kind() kind { return 5 }

func (d *ParticipantEnrolled) apply(c *Competition, e *Event) error {
	if d.Number != c.participants.count+1 {
		return errors.New("it enrols a participant out of order")
	}
	p := c.participants.add()
	c.participants.identify(d.Number, d.Who.UserID, d.Who.UserName)
	if c.decided.enrolled[d.Who.UserID] == d.Number { // and was not erased since
		delete(c.decided.enrolled, d.Who.UserID)
	}
	if pending := c.decided.of(d.Number); pending.who == d.Who { // and was not renamed since
		pending.who = Identity{}
		c.decided.set(d.Number, pending)
	}
	p.present, p.reached, p.updatedAt = true, e.Seq, e.At
	c.board.Insert(p.key())
	c.onBoard++
	c.markChanged(p)
	c.touch(e)
	return nil
}

func (d *ParticipantEnrolled) effect() Effect { return Effect{Entry: d.Number} }

var _ identified = (*ParticipantEnrolled)(nil)

// ParticipantRenamed says that the identity row has another name now.
type ParticipantRenamed struct{ CommittedIdentity }

func (*ParticipantRenamed) kind() kind { return 6 }

func (d *ParticipantRenamed) apply(c *Competition, e *Event) error {
	if !c.participants.has(d.Number) {
		return errors.New("it renames somebody unknown")
	}
	p := c.participants.at(d.Number)
	p.userName = d.Who.UserName
	if p.onBoard() {
		c.touch(e)
	}
	return nil
}

func (*ParticipantRenamed) effect() Effect { return Effect{} }

var _ identified = (*ParticipantRenamed)(nil)

// ParticipantLeft takes a participant off the board; the days are kept.
type ParticipantLeft struct{ Number uint32 }

func (*ParticipantLeft) kind() kind { return 7 }

func (d *ParticipantLeft) append(dst []byte) []byte {
	return binary.AppendUvarint(dst, uint64(d.Number))
}

func (d *ParticipantLeft) read(r *wire.Reader) { d.Number = r.Number() }

func (d *ParticipantLeft) apply(c *Competition, e *Event) error {
	return c.applyPresence(e, d.Number, false)
}

func (d *ParticipantLeft) effect() Effect { return Effect{Entry: d.Number} }

// ParticipantReturned puts a participant who left back on the board.
type ParticipantReturned struct{ Number uint32 }

func (*ParticipantReturned) kind() kind { return 8 }

func (d *ParticipantReturned) append(dst []byte) []byte {
	return binary.AppendUvarint(dst, uint64(d.Number))
}

func (d *ParticipantReturned) read(r *wire.Reader) { d.Number = r.Number() }

func (d *ParticipantReturned) apply(c *Competition, e *Event) error {
	if err := c.applyPresence(e, d.Number, true); err != nil {
		return err
	}
	if p := c.participants.at(d.Number); p.review.isRemoved() {
		if p.review.readmit(); p.review.empty() {
			p.review = nil
		}
		c.undecided(d.Number)
	}
	return nil
}

func (d *ParticipantReturned) effect() Effect { return Effect{Entry: d.Number} }

// applyPresence takes a participant off the board, or back onto it.
func (c *Competition) applyPresence(e *Event, number uint32, present bool) error {
	if !c.participants.has(number) || c.participants.at(number).present == present {
		return errors.New("it does not fit who takes part")
	}
	p := c.participants.at(number)
	p.present = present
	c.markChanged(p)
	switch {
	case p.review.isExcluded(): // not on the board, before or after
		return nil
	case present:
		c.board.Insert(p.key())
		c.onBoard++
	default:
		c.board.Remove(p.key())
		c.onBoard--
	}
	c.touch(e)
	return nil
}
