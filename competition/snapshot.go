package competition

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Changed is how many participants' rows differ from the last snapshot.
func (c *Competition) Changed() int { return len(c.changed) }

// Snapshot is the header and the changed rows as of the last applied event, and
// from now on those rows count as saved; after a failed save, Resave takes that
// back. Rows share no memory with the state. Cost: linear in what changed.
func (c *Competition) Snapshot() Snapshot {
	s := Snapshot{CompetitionID: c.ID(), Since: c.saved, Seq: c.applied.Seq, Header: c.appendHeader(nil), Rows: make([]Row, len(c.changed))}
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

// A header is, behind its CRC-32C and a version byte, what a snapshot says
// besides its rows.
func (c *Competition) appendHeader(dst []byte) []byte {
	dst = append(dst, 0, 0, 0, 0, formatVersion)
	if c.award != nil {
		dst[4] = moneyVersion
	}
	dst = binary.AppendUvarint(dst, c.applied.Seq)
	dst = append(dst, c.applied.Hash[:]...)
	dst = append(dst, byte(c.status))
	dst = binary.AppendUvarint(dst, c.version)
	dst = binary.AppendVarint(dst, int64(c.updatedAt))
	dst = binary.AppendUvarint(dst, uint64(c.participants.count))
	dst = binary.AppendUvarint(dst, uint64(c.sources.applied))
	for _, name := range c.sources.names[:c.sources.applied] {
		dst = appendString(dst, name)
	}
	dst = appendDefinition(dst, &c.definition)
	if c.award != nil {
		dst = appendAward(dst, c.award)
	}
	binary.LittleEndian.PutUint32(dst, crc32.Checksum(dst[4:], castagnoli))
	return dst
}

// loadHeader is the inverse of appendHeader; it returns how many rows follow.
func (c *Competition) loadHeader(b []byte) (rows uint32, err error) {
	if len(b) < 5 || crc32.Checksum(b[4:], castagnoli) != binary.LittleEndian.Uint32(b) {
		return 0, errors.New("the snapshot's header has a wrong checksum")
	}
	if b[4] != formatVersion && b[4] != moneyVersion {
		return 0, errors.New("the snapshot's header has an unknown format version")
	}
	r := reader{b: b[5:]}
	c.applied.Seq, c.applied.Hash = r.uvarint(), r.hash()
	c.status = Status(r.byte())
	c.version, c.updatedAt = r.uvarint(), Millis(r.varint())
	rows = r.number()
	for range r.length() {
		c.sources.add(r.string())
		c.sources.applied++
	}
	c.definition = r.definition()
	if b[4] == moneyVersion {
		c.award = r.award()
		c.books.enterAward(c.award)
	}
	if err := r.end(); err != nil {
		return 0, err
	}
	return rows, c.checkHeader()
}

// SnapshotChain is where in the journal the header of a snapshot stands.
func SnapshotChain(competitionID string, header []byte) (Chain, error) {
	c := New(competitionID, nil)
	if _, err := c.loadHeader(header); err != nil {
		return Chain{}, c.applied.corrupt(err.Error())
	}
	return c.applied, nil
}

// ChainBefore is where a reading of a journal stands that begins with these
// records, as the first of them says: its seq and the hash of the one before.
// What it says is proved when a reading from there reaches a hash that is known.
func ChainBefore(competitionID string, records []byte) (Chain, error) {
	record, _, err := SplitRecord(records)
	if err != nil {
		return Chain{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	r := reader{b: record[afterChainOffset+1:]}
	return Chain{CompetitionID: competitionID, Seq: r.uvarint() - 1, Hash: Hash(record[recordHeader+1 : afterChainOffset])}, r.err
}

// SnapshotSources reads from a snapshot's header of which seq it is, and the
// names of the sources that its rows count into.
func SnapshotSources(competitionID string, header []byte) (seq uint64, sources []string, err error) {
	c := New(competitionID, nil)
	if _, err := c.loadHeader(header); err != nil {
		return 0, nil, c.applied.corrupt(err.Error())
	}
	return c.applied.Seq, c.sources.names, nil
}
