package competition

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// A record is one event as the journal keeps it:
//
//	length  4 bytes, little endian, of all that follows the checksum
//	crc     4 bytes, little endian, CRC-32C (RFC 3720) of the same
//	version 1 byte, formatVersion
//	chain   32 bytes, the hash of the record before; see [Chain]
//	kind    1 byte
//	seq     uvarint
//	at      varint, milliseconds
//	…       by kind
//
// Records follow one another without a gap, so that a batch of them is one
// piece of bytes. Readers of a later version keep reading this one.
const (
	formatVersion    = 1
	recordHeader     = 8
	maxRecordBytes   = 1 << 25 // MaxWinners prizes of up to 18 bytes
	minRecordBytes   = recordHeader + 1 + 32 + 3
	checksumAt       = 4
	afterChainOffset = recordHeader + 1 + 32
)

// Hash is a link of the chain: SHA-256.
type Hash [32]byte

// Chain is the place where a journal ends, or a reading of it stands: the last
// seq and the hash of its record. Every record holds the hash of the one
// before, and the first one that of the competition's id, so that a record
// cannot be changed, left out, moved or brought in from elsewhere unseen.
type Chain struct {
	CompetitionID string
	Seq           uint64 // 0 before the first record
	Hash          Hash
}

// NewChain returns the empty journal of a competition.
func NewChain(id string) Chain {
	return Chain{CompetitionID: id, Hash: sha256.Sum256([]byte("paceboard journal 1 " + id))}
}

// Append adds the event, which must have the next seq, to the chain and its
// record to dst. It allocates nothing if dst has room (a sync takes about 90
// bytes).
func (c *Chain) Append(dst []byte, e *Event) []byte {
	if e.Seq != c.Seq+1 {
		panic(fmt.Sprintf("competition %q: record %d after %d", c.CompetitionID, e.Seq, c.Seq))
	}
	start := len(dst)
	dst = append(dst, make([]byte, recordHeader)...)
	dst = append(dst, formatVersion)
	dst = append(dst, c.Hash[:]...)
	dst = append(dst, byte(e.kind()))
	dst = binary.AppendUvarint(dst, e.Seq)
	dst = binary.AppendVarint(dst, int64(e.At))
	if e.Detail == nil {
		dst = e.Sync.append(dst)
	} else {
		dst = e.Detail.append(dst)
	}
	body := dst[start+recordHeader:]
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(body)))
	binary.LittleEndian.PutUint32(dst[start+checksumAt:], wire.Checksum(body))
	if len(body) > maxRecordBytes {
		panic(fmt.Sprintf("competition %q: record %d has %d bytes, which nobody could read", c.CompetitionID, e.Seq, len(body)))
	}
	c.Seq, c.Hash = e.Seq, sha256.Sum256(body)
	return dst
}

func (c *Chain) corrupt(reason string) error {
	return &CorruptError{CompetitionID: c.CompetitionID, Seq: c.Seq + 1, Reason: reason}
}

// SplitRecord returns the bytes of the first record and what follows it. It
// checks the length alone; stores that keep a row for each event use it.
func SplitRecord(records []byte) (record, rest []byte, err error) {
	if len(records) < minRecordBytes {
		return nil, nil, wire.ErrShort
	}
	n := int(binary.LittleEndian.Uint32(records))
	if n < minRecordBytes-recordHeader || n > maxRecordBytes || n > len(records)-recordHeader {
		return nil, nil, fmt.Errorf("its length %d is impossible", n)
	}
	return records[:recordHeader+n], records[recordHeader+n:], nil
}

// TimeOf returns when the event of a record happened, for stores that remove old ones.
func TimeOf(record []byte) (calendar.Millis, error) {
	if len(record) < minRecordBytes {
		return 0, wire.ErrShort
	}
	r := wire.NewReader(record[afterChainOffset+1:])
	r.Uvarint()
	at := calendar.Millis(r.Varint())
	return at, r.Err()
}

// SeqOf returns the seq of a record, for stores that keep batches.
func SeqOf(record []byte) (uint64, error) {
	if len(record) < minRecordBytes {
		return 0, wire.ErrShort
	}
	r := wire.NewReader(record[afterChainOffset+1:])
	seq := r.Uvarint()
	return seq, r.Err()
}

func splitRecord(records []byte) (body, rest []byte, err error) {
	record, rest, err := SplitRecord(records)
	if err != nil {
		return nil, nil, err
	}
	body = record[recordHeader:]
	if wire.Checksum(body) != binary.LittleEndian.Uint32(record[checksumAt:]) {
		return nil, nil, errors.New("its checksum is wrong")
	}
	return body, rest, nil
}
