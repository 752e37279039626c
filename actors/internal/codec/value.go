package codec

import (
	"fmt"
	"reflect"

	"github.com/fxamacker/cbor/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/wire"
)

// Coder encodes values of a type.
type Coder[T any] struct {
	Append func(dst []byte, v *T) ([]byte, error)
	Read   func(r *wire.Reader, v *T) // a failure is the reader's
}

// Value returns the coder in CBOR, which keeps every exported field as it is, nil
// apart from empty. It is for what is rare: it takes some microseconds.
func Value[T any]() Coder[T] {
	return Coder[T]{
		Append: func(dst []byte, v *T) ([]byte, error) { return appendCBOR(dst, v) },
		Read:   func(r *wire.Reader, v *T) { readCBOR(r, v) },
	}
}

// Command returns the coder in CBOR for a command that embeds its caller. CBOR, as JSON
// has it, knows fields of embedded structs as fields of the outer one, and these hide
// them where they have the same names; so the caller is encoded apart.
func Command[T any]() Coder[T] {
	field, ok := reflect.TypeFor[T]().FieldByName("Caller")
	if !ok || field.Type != reflect.TypeFor[competition.Caller]() {
		return Value[T]()
	}
	caller := func(v *T) any { return reflect.ValueOf(v).Elem().FieldByIndex(field.Index).Addr().Interface() }
	return Coder[T]{
		Append: func(dst []byte, v *T) ([]byte, error) {
			dst, err := appendCBOR(dst, caller(v))
			if err != nil {
				return dst, err
			}
			return appendCBOR(dst, v)
		},
		Read: func(r *wire.Reader, v *T) {
			var c competition.Caller
			readCBOR(r, &c)
			readCBOR(r, v)
			reflect.ValueOf(v).Elem().FieldByIndex(field.Index).Set(reflect.ValueOf(c))
		},
	}
}

// Nothing returns the coder for what has nothing to say.
func Nothing() Coder[struct{}] {
	return Coder[struct{}]{
		Append: func(dst []byte, _ *struct{}) ([]byte, error) { return dst, nil },
		Read:   func(*wire.Reader, *struct{}) {},
	}
}

// Checked returns a coder whose values are checked when they are read.
func Checked[T any](c Coder[T], check func(v *T) error) Coder[T] {
	read := c.Read
	c.Read = func(r *wire.Reader, v *T) {
		if read(r, v); r.Err() == nil {
			if err := check(v); err != nil {
				r.Fail(err)
			}
		}
	}
	return c
}

func appendCBOR(dst []byte, v any) ([]byte, error) {
	b, err := encoding.Marshal(v)
	if err != nil {
		return dst, fmt.Errorf("encode %T: %w", v, err)
	}
	return append(dst, b...), nil
}

func readCBOR(r *wire.Reader, v any) {
	if r.Err() != nil {
		return
	}
	before := len(r.Rest())
	rest, err := decoding.UnmarshalFirst(r.Rest(), v)
	if err != nil {
		r.Fail(err)
		return
	}
	r.Bytes(before - len(rest))
}

// What values consist of: numbers, strings, bytes, lists and structs.
var (
	encoding = must(cbor.EncOptions{
		IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		BinaryMarshaler: cbor.BinaryMarshalerNone, TextMarshaler: cbor.TextMarshalerNone,
	}.EncMode())
	decoding = must(cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: 12, MaxArrayElements: 1 << 17, MaxMapPairs: 256,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		UTF8:              cbor.UTF8DecodeInvalid, // names are kept as they are
		BinaryUnmarshaler: cbor.BinaryUnmarshalerNone, TextUnmarshaler: cbor.TextUnmarshalerNone,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // the options are constants
	}
	return v
}
