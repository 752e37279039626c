package wire

import (
	"encoding/binary"
	"errors"
	"math"
)

// ErrShort is the error of a reader for bytes that end before the value does, and
// for a value out of its range.
var ErrShort = errors.New("it ends too early")

var (
	errLong    = errors.New("it has bytes after its end")
	errVersion = errors.New("its version is unknown to this program")
)

// Reader takes values off the front of some bytes. The first failure sticks, and
// every value after it is zero, so that a decoder checks once, at its end. It
// allocates nothing, except for the strings that it returns.
type Reader struct {
	rest []byte
	err  error
}

// NewReader reads b, of which it keeps a part and changes none.
func NewReader(b []byte) Reader { return Reader{rest: b} }

// Rest returns the bytes that nothing has read yet.
func (r *Reader) Rest() []byte { return r.rest }

// Err returns the failure, or nil.
func (r *Reader) Err() error { return r.err }

// End returns the error of the whole read: a failure, or bytes that nothing read.
func (r *Reader) End() error {
	if r.err == nil && len(r.rest) > 0 {
		return errLong
	}
	return r.err
}

// Fail makes err the failure, unless there is one already.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.rest = nil
}

// Uvarint reads what binary.AppendUvarint wrote.
func (r *Reader) Uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.Fail(ErrShort)
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// Varint reads what binary.AppendVarint wrote.
func (r *Reader) Varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.Fail(ErrShort)
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// Number reads a uvarint of at most 32 bits.
func (r *Reader) Number() uint32 { return uint32(r.atMost(math.MaxUint32)) }

// FlaggedNumber reads what AppendFlaggedNumber wrote.
func (r *Reader) FlaggedNumber() (n uint32, flag bool) {
	v := r.atMost(math.MaxUint32<<1 | 1)
	return uint32(v >> 1), v&1 == 1
}

// Amount reads a uvarint that is an int64.
func (r *Reader) Amount() int64 { return int64(r.atMost(math.MaxInt64)) }

// Length reads a count that cannot be more than the bytes that are left.
func (r *Reader) Length() int {
	v := r.Uvarint()
	if v > uint64(len(r.rest)) {
		r.Fail(ErrShort)
		return 0
	}
	return int(v)
}

func (r *Reader) atMost(limit uint64) uint64 {
	v := r.Uvarint()
	if v > limit {
		r.Fail(ErrShort)
		return 0
	}
	return v
}

// Uint32 reads 4 bytes, big endian.
func (r *Reader) Uint32() uint32 {
	if b := r.Bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// Uint64 reads 8 bytes, big endian.
func (r *Reader) Uint64() uint64 {
	if b := r.Bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// Bytes reads n bytes; they are a part of what is read.
func (r *Reader) Bytes(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.Fail(ErrShort)
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if b := r.Bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// Flag reads what AppendFlag wrote.
func (r *Reader) Flag() bool {
	b := r.Byte()
	if b > 1 {
		r.Fail(ErrShort)
	}
	return b == 1
}

// Version reads one byte, which must be a version that the caller knows.
func (r *Reader) Version(known byte) {
	if r.Byte() != known {
		r.err = nil
		r.Fail(errVersion)
	}
}

// String reads what AppendString wrote.
func (r *Reader) String() string { return string(r.Bytes(r.Length())) }

// Hash reads 32 bytes.
func (r *Reader) Hash() (h [32]byte) {
	copy(h[:], r.Bytes(len(h)))
	return h
}
