package competition

import (
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// Event is one entry of a competition's journal: something that happened and
// was accepted. Seq counts 1, 2, 3… within its competition.
type Event struct {
	Seq    uint64
	At     calendar.Millis // the server's clock when the command was accepted
	Detail Detail          // what happened; nil means that Sync holds it
	Sync   SyncAccepted
}

// Detail is what happened, of any kind but SyncAccepted, which is kept outside
// the interface because nearly all events are one. An event has all its behaviour
// in the file of its feature, and a row in kinds.
//
// An event that names an identity row is also an [identified] one, one that
// moves money a [monetary] one, one that defines the competition a [defining] one,
// and one with a reason a [reasoned] one.
type Detail interface {
	// kind returns the event's number in kinds.
	kind() kind

	// append appends the record's bytes after seq and time.
	append(dst []byte) []byte

	// read fills the event in from what append wrote; failures stay with r.
	read(r *wire.Reader)

	// apply brings the durable event e, whose detail it is, into the state. The error
	// says why no such state can have decided it.
	apply(c *Competition, e *Event) error

	// effect returns what the event means outside the competition.
	effect() Effect
}

// identified is a Detail that says whom a number stands for. The row itself is
// not part of the record: it lies beside the journal, where an erasure finds it.
type identified interface {
	Detail

	// identity returns the row's number, what the event commits to, or nil if there is no
	// row, and where to say who it is.
	identity() (number uint32, said *Commitment, who *Identity)
}

// defining is a Detail with a whole definition, which holds from then on.
type defining interface {
	Detail
	defined() *Definition
}

// reasoned is a Detail with a reason that somebody wrote.
type reasoned interface {
	Detail
	reason() string
}

// Effect is what an applied event means to those outside the competition.
type Effect struct {
	Entry  uint32     // the participant whose entry it has changed, or 0
	Erased bool       // nobody can tell any more whose entry somebody's was
	Gone   string     // who that was, where the event still knows it
	Status bool       // the competition has another status
	Flag   FlagReason // why it flags a sync, or 0
}

// Effect returns what the event means outside, given the outcome of applying it.
func (e *Event) Effect(o Outcome) Effect {
	switch {
	case e.Detail != nil:
		return e.Detail.effect()
	case o.Changed:
		return Effect{Entry: e.Sync.Number}
	default:
		return Effect{}
	}
}

// kind numbers the events in the journal. Each event says its own; see kinds.
type kind uint8

const kindSyncAccepted kind = 1

func (e *Event) kind() kind {
	if e.Detail == nil {
		return kindSyncAccepted
	}
	return e.Detail.kind()
}

// SyncAccepted says that a report was taken.
type SyncAccepted struct {
	Number    uint32 // the participant
	Enrolled  bool   // the same command enrolled the participant
	Register  Register
	NewSource string // the name of Register.Source, where this event is the first to use it
}

func (s *SyncAccepted) append(dst []byte) []byte {
	dst = wire.AppendFlaggedNumber(dst, s.Number, s.Enrolled)
	dst = appendRegister(dst, s.Register)
	return wire.AppendString(dst, s.NewSource)
}

func (s *SyncAccepted) read(r *wire.Reader) {
	s.Number, s.Enrolled = r.FlaggedNumber()
	s.Register, s.NewSource = readRegister(r), r.String()
}

// Outcome is what a sync did.
type Outcome struct {
	Changed bool // a total or the score changed
	Full    bool // nothing happened: the day has sources enough
}
