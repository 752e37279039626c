package competition

import (
	"strconv"

	"github.com/paceboard/paceboard/competition/calendar"
)

// CreateCompetition brings a competition into being.
type CreateCompetition struct {
	Caller

	Definition Definition // completed and valid
	Limited    bool       // creating gives ErrUncounted
}

// CreateReply answers a CreateCompetition.
type CreateReply struct {
	Summary Summary
	Created bool // false: the same competition was there
}

// Answer returns a CreateReply.
func (*CreateCompetition) Answer(c *Competition, d Decision) any {
	return CreateReply{Summary: c.Summary(), Created: !d.Repeat}
}

// Decide creates the competition. The same definition again is a no-op. Errors:
// *InvalidError, ErrForbidden, ErrExists, ErrUncounted.
func (cmd *CreateCompetition) Decide(c *Competition, now calendar.Millis) (Decision, error) {
	c.advance(now)
	definition := cmd.Definition
	if c.decided.status != 0 && c.manages(cmd.Caller) && sameDefinition(&c.decided.definition, &definition) {
		return c.repeat(0), nil
	}
	if err := validAt(now, &definition, &Definition{}, cmd.Caller); err != nil {
		return Decision{}, err
	}
	switch {
	case !cmd.Operator && (definition.EntryFeeMinor > 0 || definition.PrizePoolMinor > 0):
		return Decision{}, ErrForbidden
	case c.decided.status != 0:
		return Decision{}, ErrExists
	case cmd.Limited:
		return Decision{}, ErrUncounted
	}
	event := &CompetitionCreated{Definition: definition}
	if cmd.UserID != "" {
		event.Who = Identity{Key: c.newKey(), UserID: cmd.UserID}
		event.Creator = event.Who.Commitment()
		c.putIdentity(event.Who)
		c.putMembership(cmd.UserID, 0, false)
	}
	c.emit(Event{At: now, Detail: event})
	c.decided.definition, c.decided.status = definition, Upcoming
	c.advance(now)
	c.summarize()
	return Decision{Seq: c.decided.chain.Seq}, nil
}

// validAt is ValidateEdit, that the end is still to come, and that an athlete's
// new window is not too long.
func validAt(now calendar.Millis, d, before *Definition, caller Caller) error {
	if err := d.ValidateEdit(before); err != nil {
		return err
	}
	moved := d.Start != before.Start || d.End != before.End
	var detail string
	switch {
	case d.End <= now:
		detail = "must lie in the future"
	case moved && !caller.Operator && d.overlong():
		detail = "must be at most " + strconv.Itoa(MaxYears) + " years after start_date"
	default:
		return nil
	}
	return &InvalidError{Fields: []FieldError{{Field: "end_date", Detail: detail}}}
}

// EditCompetition changes the definition.
type EditCompetition struct {
	Caller

	Patch Patch
}

// Answer returns a Summary.
func (*EditCompetition) Answer(c *Competition, _ Decision) any { return c.Summary() }

// Decide changes the definition. Errors: ErrUnknownCompetition, *InvalidError,
// ErrForbidden, ErrStarted, ErrJoined, ErrFeesPaid.
func (cmd *EditCompetition) Decide(c *Competition, now calendar.Millis) (Decision, error) {
	if c.decided.status == 0 {
		return Decision{}, ErrUnknownCompetition
	}
	c.advance(now)
	d, err := c.edit(now, cmd)
	return d, c.conceal(cmd.Caller, err)
}

func (c *Competition) edit(now calendar.Millis, cmd *EditCompetition) (Decision, error) {
	edited := cmd.Patch.apply(c.decided.definition)
	before := &c.decided.definition
	err := edited.ValidateEdit(before)
	if c.decided.status == Upcoming {
		err = validAt(now, &edited, before, cmd.Caller)
	}
	if err != nil {
		return Decision{}, err
	}
	switch {
	case !c.manages(cmd.Caller), !cmd.Patch.onlyWords() && !c.rules(cmd.Caller), cmd.Patch.touchesMoney(&edited) && !cmd.Operator:
		return Decision{}, ErrForbidden
	case c.decided.status != Upcoming && !cmd.Patch.onlyWords():
		return Decision{}, ErrStarted
	case edited.EntryFeeMinor > 0 && c.decided.definition.EntryFeeMinor == 0 && c.decided.numbers > 0:
		return Decision{}, ErrJoined
	case edited.Currency != c.decided.definition.Currency && c.decided.balances.fees > 0:
		return Decision{}, ErrFeesPaid
	}
	if !sameDefinition(&edited, &c.decided.definition) {
		c.emit(Event{At: now, Detail: &CompetitionEdited{Definition: edited}})
		c.decided.definition = edited
		c.advance(now)
		c.summarize()
	}
	return Decision{Seq: c.decided.chain.Seq}, nil
}

// CancelCompetition calls the competition off.
type CancelCompetition struct{ Caller }

// Answer returns a Summary.
func (*CancelCompetition) Answer(c *Competition, _ Decision) any { return c.Summary() }

// Decide calls the competition off, and gives everybody back what was paid in. Twice
// is a no-op. Cost: linear in participants. Errors: ErrUnknownCompetition,
// ErrForbidden, ErrStarted, ErrClosed.
func (cmd *CancelCompetition) Decide(c *Competition, now calendar.Millis) (Decision, error) {
	if c.decided.status == 0 {
		return Decision{}, ErrUnknownCompetition
	}
	c.advance(now)
	switch {
	case !c.rules(cmd.Caller):
		return Decision{}, c.conceal(cmd.Caller, ErrForbidden)
	case c.decided.status == Cancelled:
	case c.decided.status != Upcoming && !cmd.Operator:
		return Decision{}, ErrStarted
	case c.decided.status == Settled:
		return Decision{}, ErrClosed
	default:
		c.setStatus(now, Cancelled)
		c.dropAllKept(now)
		for number := uint32(1); number <= c.decided.numbers && c.decided.balances.fees > 0; number++ {
			c.refund(now, number)
		}
	}
	return Decision{Seq: c.decided.chain.Seq}, nil
}
