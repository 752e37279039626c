package embedded

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
)

// Records and participants' rows bring their own checksums. Every other row is
// sealed: a version byte, the fields, and the CRC-32C of key, version and
// fields, so that a row that was altered or stands under another's key is
// noticed.
const (
	rowVersion   = 1
	checksumSize = 4
	hashSize     = len(competition.Hash{})
	keySize      = len(competition.Key{})
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errSealed = errors.New("its checksum is wrong")
	errFields = errors.New("its fields cannot be read")
)

func sealOf(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

// seal ends a row that holds its version and fields.
func seal(key, value []byte) []byte {
	return binary.LittleEndian.AppendUint32(value, sealOf(key, value))
}

// unseal returns the fields of a row.
func unseal(key, value []byte) ([]byte, error) {
	end := len(value) - checksumSize
	if end < 1 || sealOf(key, value[:end]) != binary.LittleEndian.Uint32(value[end:]) {
		return nil, errSealed
	}
	if value[0] != rowVersion {
		return nil, errors.New("its version is unknown to this program")
	}
	return value[1:end], nil
}

// head is where a competition's journal ends.
type head struct {
	seq  uint64
	hash competition.Hash
}

func appendHead(dst, key []byte, h head) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, rowVersion), h.seq)
	return seal(key, append(dst, h.hash[:]...))
}

func parseHead(key, value []byte) (head, error) {
	fields, err := unseal(key, value)
	if err != nil {
		return head{}, err
	}
	if len(fields) != seqSize+hashSize {
		return head{}, errFields
	}
	return head{seq: binary.BigEndian.Uint64(fields), hash: competition.Hash(fields[seqSize:])}, nil
}

func appendIdentity(dst, key []byte, i *competition.Identity) []byte {
	dst = append(append(dst, rowVersion), i.Key[:]...)
	dst = binary.AppendUvarint(dst, uint64(len(i.UserID)))
	dst = append(append(dst, i.UserID...), i.UserName...)
	return seal(key, dst)
}

// parseIdentity leaves the number, which stands in the key, to the caller.
func parseIdentity(key, value []byte) (competition.Identity, error) {
	fields, err := unseal(key, value)
	if err != nil {
		return competition.Identity{}, err
	}
	if len(fields) <= keySize {
		return competition.Identity{}, errFields
	}
	i := competition.Identity{Key: competition.Key(fields[:keySize])}
	names := fields[keySize:]
	length, n := binary.Uvarint(names)
	if n <= 0 || length > uint64(len(names)-n) {
		return competition.Identity{}, errFields
	}
	names = names[n:]
	i.UserID, i.UserName = string(names[:length]), string(names[length:])
	return i, nil
}

// The flags of a membership.
const (
	flagPresent = 1 << iota
	flagCreator
)

func appendMembership(dst, key []byte, m *competition.Membership) []byte {
	var flags byte
	if m.Present {
		flags |= flagPresent
	}
	if m.Creator {
		flags |= flagCreator
	}
	return seal(key, binary.BigEndian.AppendUint32(append(dst, rowVersion, flags), m.Number))
}

// parseMembership leaves the ids, which stand in the key, to the caller.
func parseMembership(key, value []byte) (competition.Membership, error) {
	fields, err := unseal(key, value)
	if err != nil {
		return competition.Membership{}, err
	}
	if len(fields) != 1+numberSize || fields[0] > flagPresent|flagCreator {
		return competition.Membership{}, errFields
	}
	return competition.Membership{
		Number:  binary.BigEndian.Uint32(fields[1:]),
		Present: fields[0]&flagPresent != 0,
		Creator: fields[0]&flagCreator != 0,
	}, nil
}

func appendSnapshotHeader(dst, key []byte, seq uint64, header []byte) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, rowVersion), seq)
	return seal(key, append(dst, header...))
}

// parseSnapshotHeader returns a header that is a part of value.
func parseSnapshotHeader(key, value []byte) (seq uint64, header []byte, err error) {
	fields, err := unseal(key, value)
	if err != nil {
		return 0, nil, err
	}
	if len(fields) < seqSize {
		return 0, nil, errFields
	}
	return binary.BigEndian.Uint64(fields), fields[seqSize:], nil
}

func appendSummary(dst, key []byte, s *competition.Summary) []byte {
	return seal(key, competition.AppendSummary(append(dst, rowVersion), s))
}

func parseSummary(key, value []byte) (competition.Summary, error) {
	fields, err := unseal(key, value)
	if err != nil {
		return competition.Summary{}, err
	}
	return competition.ParseSummary(fields)
}

// countRecords is how many whole records there are; anything else than whole
// records, and at least one, is an error.
func countRecords(records []byte) (n uint64, err error) {
	for ok := true; ok; ok = len(records) > 0 {
		if _, records, err = competition.SplitRecord(records); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// setJSON puts a row into a batch.
func setJSON(batch *pebble.Batch, key []byte, row any) error {
	fields, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("write row %q: %w", key, err)
	}
	return batch.Set(key, seal(key, append([]byte{rowVersion}, fields...)), nil)
}

// parseJSON reads a row that setJSON wrote.
func parseJSON(key, value []byte, row any) error {
	fields, err := unseal(key, value)
	if err == nil {
		err = json.Unmarshal(fields, row)
	}
	if err != nil {
		return fmt.Errorf("%w: row %q cannot be read: %w", competition.ErrCorrupt, key, err)
	}
	return nil
}

// readJSON reads one row; absent is the error where there is none.
func (s *Store) readJSON(key []byte, row any, absent error) error {
	value, err := get(s.db, key)
	switch {
	case err != nil:
		return unread(err)
	case value == nil:
		return absent
	}
	return parseJSON(key, value, row)
}
