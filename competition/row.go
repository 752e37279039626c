package competition

import (
	"encoding/binary"
	"errors"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// Row is a participant as of a snapshot. The identity is not part of it.
type Row struct {
	Number       uint32
	Present      bool  // takes part; on the board unless Review says excluded
	Paid         int64 // minor units paid in and not refunded
	Totals       Metrics
	Score        int64
	Reached      uint64
	UpdatedAt    calendar.Millis
	LastSyncedAt calendar.Millis
	Days         Days
	Review       *Review // nil for nearly everybody; never changed
}

// Snapshot is what changed since the snapshot before: with it, the stored rows
// are the competition as of Seq.
type Snapshot struct {
	CompetitionID string
	Epoch         uint64 // of the claim under which it is written; see Ownership
	Since         uint64 // the snapshot before; 0 when there is none. Not stored.
	Seq           uint64
	Header        []byte // all that is not a row; see Competition.Snapshot
	Rows          []Row
}

// moneyVersion is the format of a header with prizes, and of a row with money
// paid in. The others keep the format that they always had.
const moneyVersion = 2

// reviewVersion is the format of a row with a review, after its money.
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
	dst = wire.AppendFlaggedNumber(dst, row.Number, row.Present)
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
	wire.Seal(dst[start:])
	return dst
}

// ParseRow is the inverse of AppendRow. The row's Days are a part of b.
func ParseRow(b []byte) (Row, error) {
	fields, ok := wire.Unseal(b)
	if !ok {
		return Row{}, errors.New("a snapshot row has a wrong checksum")
	}
	r := wire.NewReader(fields)
	version := r.Byte()
	if version < formatVersion || version > reviewVersion {
		return Row{}, errors.New("a snapshot row has an unknown format version")
	}
	var row Row
	row.Number, row.Present = r.FlaggedNumber()
	row.Totals, row.Score, row.Reached = readMetrics(&r), r.Varint(), r.Uvarint()
	row.UpdatedAt, row.LastSyncedAt = calendar.Millis(r.Varint()), calendar.Millis(r.Varint())
	if version >= moneyVersion {
		row.Paid = r.Amount()
	}
	if version == reviewVersion {
		row.Review = readReview(&r)
	}
	row.Days = Days(r.Rest())
	if r.Err() != nil {
		return Row{}, r.Err()
	}
	return row, nil
}
