package competition

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// Changed returns how many participants' rows differ from the last snapshot.
func (c *Competition) Changed() int { return len(c.changed) }

// Snapshot returns the header and the changed rows as of the last applied event, and
// from now on those rows count as saved; after a failed save, Resave takes that
// back. Rows share no memory with the state. Cost: linear in what changed.
func (c *Competition) Snapshot() Snapshot {
	s := Snapshot{CompetitionID: c.ID(), Since: c.saved, Seq: c.applied.Seq, Header: c.header(), Rows: make([]Row, len(c.changed))}
	size := 0
	for _, number := range c.changed {
		size += len(c.participants.at(number).days)
	}
	arena := make([]byte, 0, size)
	for i, number := range c.changed {
		p := c.participants.at(number)
		p.changed = false
		start := len(arena)
		arena = append(arena, p.days...)
		s.Rows[i] = Row{
			Number: p.number, Present: p.present, Totals: p.totals, Score: p.score, Reached: p.reached,
			UpdatedAt: p.updatedAt, LastSyncedAt: p.lastSynced, Paid: p.paid, Days: arena[start:len(arena):len(arena)],
		}
		if p.review != nil {
			s.Rows[i].Review = p.review.clone()
		}
	}
	c.changed = c.changed[:0]
	c.saved = s.Seq
	return s
}

// Resave marks the rows of the last snapshot, which was not saved, as changed
// again.
func (c *Competition) Resave(s *Snapshot) {
	c.saved = s.Since
	for i := range s.Rows {
		c.markChanged(c.participants.at(s.Rows[i].Number))
	}
}

// A header is, after its CRC-32C and a version byte, what a snapshot says
// besides its rows.
func (c *Competition) header() []byte {
	dst := []byte{0, 0, 0, 0, c.headerVersion()}
	dst = binary.AppendUvarint(dst, c.applied.Seq)
	dst = append(dst, c.applied.Hash[:]...)
	dst = append(dst, byte(c.status))
	dst = binary.AppendUvarint(dst, c.version)
	dst = binary.AppendVarint(dst, int64(c.updatedAt))
	dst = binary.AppendUvarint(dst, uint64(c.participants.count))
	dst = binary.AppendUvarint(dst, uint64(c.sources.applied))
	for _, name := range c.sources.names[:c.sources.applied] {
		dst = wire.AppendString(dst, name)
	}
	dst = appendDefinition(dst, &c.definition)
	if c.headerVersion() >= epochVersion {
		dst = wire.AppendFlag(c.epoch.append(dst), c.distribution != nil)
	}
	if c.distribution != nil {
		dst = appendDistribution(dst, c.distribution)
	}
	if len(c.amendments) > 0 {
		dst = c.appendAmendments(dst)
	}
	wire.Seal(dst)
	return dst
}

// epochVersion is the format of a header with epochs, and perhaps prizes.
const epochVersion = 3

// amendedVersion is epochVersion with amendments at the end.
const amendedVersion = 4

func (c *Competition) headerVersion() byte {
	switch {
	case len(c.amendments) > 0:
		return amendedVersion
	case c.epoch != firstEpochs(c.ID()):
		return epochVersion
	case c.distribution != nil:
		return moneyVersion
	default:
		return formatVersion
	}
}

// loadHeader is the inverse of header; it returns how many rows follow. The
// error is a *CorruptError.
func (c *Competition) loadHeader(b []byte) (rows uint32, err error) {
	if rows, err = c.readHeader(b); err != nil {
		err = c.applied.corrupt(err.Error())
	}
	return rows, err
}

func (c *Competition) readHeader(b []byte) (rows uint32, err error) {
	fields, ok := wire.Unseal(b)
	if !ok {
		return 0, errors.New("the snapshot's header has a wrong checksum")
	}
	r := wire.NewReader(fields)
	version := r.Byte()
	if version < formatVersion || version > amendedVersion {
		return 0, errors.New("the snapshot's header has an unknown format version")
	}
	c.applied.Seq, c.applied.Hash = r.Uvarint(), r.Hash()
	c.status = Status(r.Byte())
	c.version, c.updatedAt = r.Uvarint(), calendar.Millis(r.Varint())
	rows = r.Number()
	for range r.Length() {
		c.sources.add(r.String())
		c.sources.applied++
	}
	c.definition = readDefinition(&r)
	withMoney := version == moneyVersion
	if version >= epochVersion {
		c.epoch = readEpochs(&r)
		withMoney = r.Flag()
	}
	if withMoney {
		c.distribution = readDistribution(&r)
		c.balances.enterDistribution(c.distribution)
	}
	if version == amendedVersion {
		c.readAmendments(&r)
	}
	if err := r.End(); err != nil {
		return 0, err
	}
	return rows, c.checkHeader()
}

// SnapshotChain returns where in the journal the header of a snapshot stands.
func SnapshotChain(competitionID string, header []byte) (Chain, error) {
	c := New(competitionID, nil)
	if _, err := c.loadHeader(header); err != nil {
		return Chain{}, err
	}
	return c.applied, nil
}

// ChainBefore returns where a reading of a journal stands that begins with these
// records, as the first of them says: its seq and the hash of the one before.
// What it says is proved when a reading from there reaches a hash that is known.
func ChainBefore(competitionID string, records []byte) (Chain, error) {
	record, _, err := SplitRecord(records)
	if err != nil {
		return Chain{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	r := wire.NewReader(record[afterChainOffset+1:])
	return Chain{CompetitionID: competitionID, Seq: r.Uvarint() - 1, Hash: Hash(record[recordHeader+1 : afterChainOffset])}, r.Err()
}

// SnapshotSources reads from a snapshot's header of which seq it is, and the
// names of the sources that its rows count into.
func SnapshotSources(competitionID string, header []byte) (seq uint64, sources []string, err error) {
	c := New(competitionID, nil)
	_, err = c.loadHeader(header)
	return c.applied.Seq, c.sources.names, err
}
