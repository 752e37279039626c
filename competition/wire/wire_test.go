package wire

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReaderReadsWhatWasAppended(t *testing.T) {
	b := AppendString([]byte{7}, "spring")
	b = AppendFlag(AppendFlag(b, true), false)
	b = AppendFlaggedNumber(AppendFlaggedNumber(b, math.MaxUint32, true), 1, false)
	b = binary.AppendVarint(binary.AppendUvarint(b, math.MaxUint64), math.MinInt64)
	b = binary.AppendUvarint(binary.AppendUvarint(b, math.MaxUint32), math.MaxInt64)
	b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b, 1<<31), 1<<63)
	hash := [32]byte{31: 1}
	b = append(append(b, hash[:]...), "rest"...)

	r := NewReader(b)
	r.Version(7)
	require.Equal(t, "spring", r.String())
	require.True(t, r.Flag())
	require.False(t, r.Flag())
	n, flag := r.FlaggedNumber()
	require.EqualValues(t, math.MaxUint32, n)
	require.True(t, flag)
	n, flag = r.FlaggedNumber()
	require.EqualValues(t, 1, n)
	require.False(t, flag)
	require.Equal(t, uint64(math.MaxUint64), r.Uvarint())
	require.EqualValues(t, math.MinInt64, r.Varint())
	require.EqualValues(t, math.MaxUint32, r.Number())
	require.EqualValues(t, math.MaxInt64, r.Amount())
	require.EqualValues(t, 1<<31, r.Uint32())
	require.Equal(t, uint64(1)<<63, r.Uint64())
	require.Equal(t, hash, r.Hash())
	require.Equal(t, "rest", string(r.Rest()))
	require.NoError(t, r.Err())
	require.Error(t, r.End(), "bytes are left")
	require.Equal(t, "rest", string(r.Bytes(4)))
	require.NoError(t, r.End())
}

// TestReaderFails: values that are cut off or out of their range fail the read, and
// everything after them is zero.
func TestReaderFails(t *testing.T) {
	uvarint := func(v uint64) []byte { return append(binary.AppendUvarint(nil, v), 1, 2, 3) }
	for name, c := range map[string]struct {
		b    []byte
		read func(r *Reader)
	}{
		"uvarint":        {[]byte{0x80}, func(r *Reader) { r.Uvarint() }},
		"long uvarint":   {[]byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}, func(r *Reader) { r.Uvarint() }},
		"varint":         {nil, func(r *Reader) { r.Varint() }},
		"number":         {uvarint(1 << 32), func(r *Reader) { r.Number() }},
		"flagged number": {uvarint(1 << 33), func(r *Reader) { r.FlaggedNumber() }},
		"amount":         {uvarint(1 << 63), func(r *Reader) { r.Amount() }},
		"length":         {uvarint(4), func(r *Reader) { r.Length() }},
		"string":         {uvarint(4), func(r *Reader) { _ = r.String() }},
		"bytes":          {[]byte{1}, func(r *Reader) { r.Bytes(2) }},
		"fewer than 0":   {[]byte{1}, func(r *Reader) { r.Bytes(-1) }},
		"byte":           {nil, func(r *Reader) { r.Byte() }},
		"flag":           {[]byte{2, 1}, func(r *Reader) { r.Flag() }},
		"version":        {[]byte{2, 1}, func(r *Reader) { r.Version(1) }},
		"32 bits":        {[]byte{1, 2, 3}, func(r *Reader) { r.Uint32() }},
		"64 bits":        {[]byte{1, 2, 3, 4, 5, 6, 7}, func(r *Reader) { r.Uint64() }},
		"hash":           {make([]byte, 31), func(r *Reader) { r.Hash() }},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReader(c.b)
			c.read(&r)
			first := r.Err()
			require.Error(t, first)
			require.Zero(t, r.Byte())
			require.Zero(t, r.Uvarint())
			require.Empty(t, r.String())
			r.Fail(errors.New("another"))
			require.Equal(t, first, r.End(), "the first failure sticks")
		})
	}
	r := NewReader(uvarint(3))
	require.Equal(t, 3, r.Length(), "as many as are left")
}

func TestSeal(t *testing.T) {
	require.EqualValues(t, 0xE3069283, Checksum([]byte("123456789")), "the check value of CRC-32C")
	require.EqualValues(t, 0xE3069283, Checksum([]byte("1234"), nil, []byte("56789")))

	row := []byte{0, 0, 0, 0, 5, 6}
	Seal(row)
	fields, ok := Unseal(row)
	require.True(t, ok)
	require.Equal(t, []byte{5, 6}, fields)
	for i := range row {
		row[i] ^= 1
		_, ok := Unseal(row)
		require.False(t, ok, i)
		row[i] ^= 1
	}
	for n := range ChecksumSize + 1 {
		_, ok := Unseal(make([]byte, n))
		require.False(t, ok, n)
	}
}
