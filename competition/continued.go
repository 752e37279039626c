package competition

import (
	"encoding/binary"
	"errors"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// Continue decides that the journal goes on from a state that lost events, under an
// epoch of its own. lost is the version that clients may have of what was lost, 0 if
// nobody knows: later versions are higher. All that was decided must be applied, and
// the competition must exist. Error: ErrDeploying.
func (c *Competition) Continue(now calendar.Millis, epoch BoardEpoch, lost uint64) (Decision, error) {
	if err := c.mayDecide(kindJournalContinued); err != nil {
		return Decision{}, err
	}
	if epoch == c.epoch.present {
		epoch = max(1, epoch+1)
	}
	version := max(c.epoch.skipped+c.decided.chain.Seq, lost) + 1
	c.emit(Event{At: now, Detail: &JournalContinued{Epoch: epoch, Version: version}})
	return Decision{Seq: c.decided.chain.Seq}, nil
}

// BoardVersion returns the board's version, with its epoch.
func (c *Competition) BoardVersion() BoardVersion {
	return BoardVersion{Version: c.version, Epoch: c.epoch.present}
}

// JournalContinued says that events after the one before it were lost, which clients
// may have seen.
type JournalContinued struct {
	Epoch   BoardEpoch // of the board from now on
	Version uint64     // of the board now; later ones are as much higher than their seqs
}

const kindJournalContinued kind = 24

func (*JournalContinued) kind() kind { return kindJournalContinued }

func (d *JournalContinued) append(dst []byte) []byte {
	return binary.AppendUvarint(binary.BigEndian.AppendUint32(dst, uint32(d.Epoch)), d.Version)
}

func (d *JournalContinued) read(r *wire.Reader) {
	d.Epoch, d.Version = BoardEpoch(r.Uint32()), r.Uvarint()
}

func (d *JournalContinued) apply(c *Competition, e *Event) error {
	switch {
	case d.Epoch == 0 || d.Epoch == c.epoch.present:
		return errors.New("it continues the board under no epoch of its own")
	case d.Version < e.Seq+c.epoch.skipped || d.Version > MaxVersion:
		return errors.New("it continues the board from an impossible version")
	}
	c.epoch = epochs{present: d.Epoch, continued: true, skipped: d.Version - e.Seq}
	c.touch(e)
	return nil
}

func (*JournalContinued) effect() Effect { return Effect{} }
