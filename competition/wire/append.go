package wire

import (
	"encoding/binary"
	"hash/crc32"
)

// AppendString appends the length of s, and s.
func AppendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// AppendFlag appends one byte, 1 if the flag is set.
func AppendFlag(dst []byte, set bool) []byte {
	if set {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// AppendFlaggedNumber appends a number and a flag as one uvarint.
func AppendFlaggedNumber(dst []byte, n uint32, flag bool) []byte {
	v := uint64(n) << 1
	if flag {
		v |= 1
	}
	return binary.AppendUvarint(dst, v)
}

// ChecksumSize is how many bytes a checksum takes.
const ChecksumSize = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Checksum returns the CRC-32C (RFC 3720) of the parts, one after the other.
func Checksum(parts ...[]byte) (sum uint32) {
	for _, part := range parts {
		sum = crc32.Update(sum, castagnoli, part)
	}
	return sum
}

// Seal writes the checksum of a row into the row's first bytes, which were left for
// it: 4, little endian, of all that follows.
func Seal(row []byte) {
	binary.LittleEndian.PutUint32(row, Checksum(row[ChecksumSize:]))
}

// Unseal returns what follows the checksum of a row, which is at least one byte; ok
// is false if the checksum is wrong.
func Unseal(row []byte) (fields []byte, ok bool) {
	if len(row) <= ChecksumSize || Checksum(row[ChecksumSize:]) != binary.LittleEndian.Uint32(row) {
		return nil, false
	}
	return row[ChecksumSize:], true
}
