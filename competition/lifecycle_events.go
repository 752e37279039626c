package competition

import (
	"errors"

	"github.com/paceboard/paceboard/competition/wire"
)

// CompetitionCreated opens every journal.
type CompetitionCreated struct {
	Definition Definition
	Creator    Commitment // identity row 0; zero when a service key created it
	Who        Identity   // that row; not part of the record
}

func (*CompetitionCreated) kind() kind { return 2 }

func (d *CompetitionCreated) append(dst []byte) []byte {
	return appendDefinition(append(dst, d.Creator[:]...), &d.Definition)
}

func (d *CompetitionCreated) read(r *wire.Reader) {
	d.Creator, d.Definition = r.Hash(), readDefinition(r)
}

func (d *CompetitionCreated) apply(c *Competition, e *Event) error {
	c.definition, c.status = d.Definition, Upcoming
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
