package embedded

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/wire"
)

// Records and participants' rows bring their own checksums. Every other row is
// sealed: a version byte, the fields, and the CRC-32C of key, version and
// fields, so that a row that was altered or stands under another's key is
// noticed.
const rowVersion = 1

var (
	errSealed = errors.New("its checksum is wrong")
	errFields = errors.New("its fields cannot be read")
)

// seal ends a row that holds its version and fields.
func seal(key, value []byte) []byte {
	return binary.LittleEndian.AppendUint32(value, wire.Checksum(key, value))
}

// unseal returns the fields of a row.
func unseal(key, value []byte) ([]byte, error) {
	r := fieldsOf(key, value)
	return r.Rest(), r.Err()
}

// fieldsOf reads the fields of a row; it has failed if the row was altered.
func fieldsOf(key, value []byte) wire.Reader {
	end := max(len(value)-wire.ChecksumSize, 0)
	r := wire.NewReader(value[:end])
	if end == 0 || wire.Checksum(key, value[:end]) != binary.LittleEndian.Uint32(value[end:]) {
		r.Fail(errSealed)
		return r
	}
	r.Version(rowVersion)
	return r
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
	r := fieldsOf(key, value)
	h := head{seq: r.Uint64(), hash: r.Hash()}
	return h, r.End()
}

func appendIdentity(dst, key []byte, i *competition.Identity) []byte {
	dst = append(append(dst, rowVersion), i.Key[:]...)
	return seal(key, append(wire.AppendString(dst, i.UserID), i.UserName...))
}

// parseIdentity leaves the number, which stands in the key, to the caller.
func parseIdentity(key, value []byte) (competition.Identity, error) {
	r := fieldsOf(key, value)
	i := competition.Identity{Key: r.Hash(), UserID: r.String(), UserName: string(r.Rest())}
	return i, r.Err()
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
	r := fieldsOf(key, value)
	flags := r.Byte()
	if flags > flagPresent|flagCreator {
		r.Fail(errFields)
	}
	m := competition.Membership{Number: r.Uint32(), Present: flags&flagPresent != 0, Creator: flags&flagCreator != 0}
	return m, r.End()
}

// membership is a user's tie to a competition.
func membership(key, value []byte, userID, id string) (competition.Membership, error) {
	m, err := parseMembership(key, value)
	if err != nil {
		return m, corrupt(id, 1, "a membership cannot be read: %v", err)
	}
	m.UserID, m.CompetitionID = userID, id
	return m, nil
}

func appendSnapshotHeader(dst, key []byte, seq uint64, header []byte) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, rowVersion), seq)
	return seal(key, append(dst, header...))
}

// parseSnapshotHeader returns a header that is a part of value.
func parseSnapshotHeader(key, value []byte) (seq uint64, header []byte, err error) {
	r := fieldsOf(key, value)
	return r.Uint64(), r.Rest(), r.Err()
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
