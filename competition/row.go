package competition

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// Row is a participant as of a snapshot. The identity is not part of it.
type Row struct {
	Number       uint32
	Present      bool  // takes part; on the board unless Review says excluded
	Paid         int64 // minor units paid in and not refunded
	Totals       Metrics
	Score        int64
	Reached      uint64
	UpdatedAt    Millis
	LastSyncedAt Millis
	Days         Days
	Review       *Review // nil for nearly everybody; never changed
}

// Snapshot is what changed since the snapshot before: with it, the stored rows
// are the competition as of Seq.
type Snapshot struct {
	CompetitionID string
	Since         uint64 // the snapshot before; 0 when there is none. Not stored.
	Seq           uint64
	Header        []byte // all that is not a row; see Competition.Snapshot
	Rows          []Row
}

// moneyVersion is the format of a header with prizes, and of a row with money
// paid in. The others keep the format that they always had.
const moneyVersion = 2

// reviewVersion is the format of a row with a review, behind its money.
const reviewVersion = 3

// AppendRow appends the packed form of a row, for stores that keep bytes: its
// CRC-32C, then the fields.
func AppendRow(dst []byte, row *Row) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, formatVersion)
	if row.Paid != 0 {
		dst[start+4] = moneyVersion
	}
	if row.Review != nil {
		dst[start+4] = reviewVersion
	}
	flagged := uint64(row.Number) << 1
	if row.Present {
		flagged |= 1
	}
	dst = binary.AppendUvarint(dst, flagged)
	dst = appendMetrics(dst, row.Totals)
	dst = binary.AppendVarint(dst, row.Score)
	dst = binary.AppendUvarint(dst, row.Reached)
	dst = binary.AppendVarint(dst, int64(row.UpdatedAt))
	dst = binary.AppendVarint(dst, int64(row.LastSyncedAt))
	if row.Paid != 0 || row.Review != nil {
		dst = binary.AppendUvarint(dst, uint64(row.Paid))
	}
	if row.Review != nil {
		dst = AppendReview(dst, row.Review)
	}
	dst = append(dst, row.Days...)
	binary.LittleEndian.PutUint32(dst[start:], crc32.Checksum(dst[start+4:], castagnoli))
	return dst
}

// ParseRow is the inverse of AppendRow. The row's Days are a part of b.
func ParseRow(b []byte) (Row, error) {
	if len(b) < 5 || crc32.Checksum(b[4:], castagnoli) != binary.LittleEndian.Uint32(b) {
		return Row{}, errors.New("a snapshot row has a wrong checksum")
	}
	if b[4] < formatVersion || b[4] > reviewVersion {
		return Row{}, errors.New("a snapshot row has an unknown format version")
	}
	r := reader{b: b[5:]}
	flagged := r.uvarint()
	if flagged>>1 > 1<<32-1 {
		return Row{}, errShort
	}
	row := Row{Number: uint32(flagged >> 1), Present: flagged&1 == 1, Totals: r.metrics(), Score: r.varint(), Reached: r.uvarint()}
	row.UpdatedAt, row.LastSyncedAt = Millis(r.varint()), Millis(r.varint())
	if b[4] >= moneyVersion {
		row.Paid = r.amount()
	}
	if b[4] == reviewVersion {
		row.Review = r.review()
	}
	row.Days = Days(r.b)
	if r.err != nil {
		return Row{}, r.err
	}
	return row, nil
}
