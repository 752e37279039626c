package competition

import (
	"encoding/binary"
	"errors"
	"strconv"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// CreateCompetition brings a competition into being.
type CreateCompetition struct {
	Caller

	Definition Definition // completed and valid
	Epoch      BoardEpoch // of the board, random; 0 for one that follows from the id
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
	event := &CompetitionCreated{Definition: definition, Epoch: cmd.Epoch}
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

// NextTransition returns when time decides something next, such as to move the status
// on; ok is false when it never will.
func (c *Competition) NextTransition() (at calendar.Millis, ok bool) {
	if at, ok := c.keptUntil(); ok && c.decided.status == Completed && len(c.decided.kept) > 0 {
		return at, true
	}
	_, at, ok = c.decided.definition.Next(c.decided.status)
	return at, ok
}

// Tick decides what time alone brings.
func (c *Competition) Tick(now calendar.Millis) Decision {
	if c.decided.status != 0 {
		c.advance(now)
	}
	return Decision{Seq: c.decided.chain.Seq}
}

// advance decides every change of status that is due. Each command begins with
// it, so that no command meets a status that time has ended.
func (c *Competition) advance(now calendar.Millis) {
	for {
		next, at, ok := c.decided.definition.Next(c.decided.status)
		if !ok || at > now {
			break
		}
		c.setStatus(now, next)
	}
	if at, ok := c.keptUntil(); ok && at <= now && c.decided.status == Completed {
		c.dropAllKept(now)
	}
}

func (c *Competition) setStatus(now calendar.Millis, s Status) {
	c.emit(Event{At: now, Detail: &StatusChanged{Status: s}})
	c.decided.status = s
	c.summarize()
}

// CompetitionCreated opens every journal.
type CompetitionCreated struct {
	Definition Definition
	Creator    Commitment // identity row 0; zero when a service key created it
	Epoch      BoardEpoch // of the board; 0, and not in the record, in those of older versions
	Who        Identity   // that row; not part of the record
}

func (*CompetitionCreated) kind() kind { return 2 }

func (d *CompetitionCreated) append(dst []byte) []byte {
	dst = appendDefinition(append(dst, d.Creator[:]...), &d.Definition)
	if d.Epoch != 0 {
		dst = binary.BigEndian.AppendUint32(dst, uint32(d.Epoch))
	}
	return dst
}

func (d *CompetitionCreated) read(r *wire.Reader) {
	d.Creator, d.Definition = r.Hash(), readDefinition(r)
	if len(r.Rest()) > 0 {
		if d.Epoch = BoardEpoch(r.Uint32()); d.Epoch == 0 {
			r.Fail(errors.New("it has an epoch that is none"))
		}
	}
}

func (d *CompetitionCreated) apply(c *Competition, e *Event) error {
	c.definition, c.status = d.Definition, Upcoming
	if d.Epoch != 0 {
		c.epoch.present = d.Epoch
	}
	c.creator = d.Who.UserID
	c.touch(e)
	return nil
}

func (*CompetitionCreated) effect() Effect { return Effect{} }

var _ identified = (*CompetitionCreated)(nil)

func (d *CompetitionCreated) identity() (number uint32, said *Commitment, who *Identity) {
	if d.Creator != (Commitment{}) {
		said = &d.Creator
	}
	return 0, said, &d.Who
}

var _ defining = (*CompetitionCreated)(nil)

func (d *CompetitionCreated) defined() *Definition { return &d.Definition }

// CompetitionEdited carries the whole new definition.
type CompetitionEdited struct{ Definition Definition }

func (*CompetitionEdited) kind() kind { return 3 }

func (d *CompetitionEdited) append(dst []byte) []byte {
	return appendDefinition(dst, &d.Definition)
}

func (d *CompetitionEdited) read(r *wire.Reader) { d.Definition = readDefinition(r) }

func (d *CompetitionEdited) apply(c *Competition, _ *Event) error {
	c.definition = d.Definition
	return nil
}

func (*CompetitionEdited) effect() Effect { return Effect{} }

var _ defining = (*CompetitionEdited)(nil)

func (d *CompetitionEdited) defined() *Definition { return &d.Definition }

// StatusChanged moves the competition on.
type StatusChanged struct{ Status Status }

func (*StatusChanged) kind() kind { return 4 }

func (d *StatusChanged) append(dst []byte) []byte {
	return append(dst, byte(d.Status))
}

func (d *StatusChanged) read(r *wire.Reader) { d.Status = Status(r.Byte()) }

func (d *StatusChanged) apply(c *Competition, e *Event) error {
	if !d.Status.known() {
		return errors.New("it has an unknown status")
	}
	c.status = d.Status
	c.touch(e)
	return nil
}

func (*StatusChanged) effect() Effect { return Effect{Status: true} }
