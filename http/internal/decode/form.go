package decode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
)

// SyntaxError is returned for a body that is not the JSON that is expected.
type SyntaxError string

func (e SyntaxError) Error() string { return string(e) }

// Form is a JSON object that a client sent. Its methods read one field each;
// what is wrong with a field is noted, and Err tells everything at once. A
// field that is null counts as absent. The values are parts of the body.
type Form struct {
	values map[string]jsontext.Value
	prefix string                    // in front of names, for an object inside another
	bad    *[]competition.FieldError // shared with the objects inside
}

// ReadForm reads a body that is one JSON object, strictly: no name stands twice
// at any depth, all text is valid UTF-8 without lone surrogates, and nothing
// follows. Names that nobody asks for are ignored, but read like the others.
func ReadForm(body []byte) (*Form, error) {
	values, err := readObject(body)
	if err != nil {
		return nil, err
	}
	return NewForm(values), nil
}

// NewForm makes a form of values that have been read already; nil for none.
func NewForm(values map[string]jsontext.Value) *Form {
	return &Form{values: values, bad: new([]competition.FieldError)}
}

func readObject(body []byte, options ...jsontext.Options) (map[string]jsontext.Value, error) {
	return readMembers(body, func(string) bool { return true }, options...)
}

// readMembers is readObject that keeps only the wanted members.
func readMembers(body []byte, wanted func(name string) bool, options ...jsontext.Options) (map[string]jsontext.Value, error) {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(body), options...)
	if kind := decoder.PeekKind(); kind != '{' {
		if err := decoder.SkipValue(); err != nil {
			return nil, notJSON(err)
		}
		return nil, SyntaxError("a JSON object is expected")
	}
	if _, err := decoder.ReadToken(); err != nil {
		return nil, notJSON(err)
	}
	values := map[string]jsontext.Value{}
	for decoder.PeekKind() != '}' {
		name, err := decoder.ReadToken()
		if err != nil {
			return nil, notJSON(err)
		}
		key := name.String() // before the next read overwrites it
		value, err := decoder.ReadValue()
		if err != nil {
			return nil, notJSON(err)
		}
		if !wanted(key) {
			continue
		}
		if _, twice := values[key]; twice { // with options that let duplicates pass
			return nil, twiceNamed(key)
		}
		end := decoder.InputOffset()
		values[key] = body[end-int64(len(value)) : end]
	}
	if _, err := decoder.ReadToken(); err != nil {
		return nil, notJSON(err)
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, SyntaxError("there is data after the JSON object")
	}
	return values, nil
}

// notJSON returns where a body stops being JSON, without the decoder's own words.
func notJSON(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF):
		return SyntaxError("the body is empty")
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		return twiceNamed(syntax.JSONPointer.LastToken())
	case errors.Is(err, io.ErrUnexpectedEOF):
		return SyntaxError("the body ends too early")
	case errors.As(err, &syntax):
		return SyntaxError("the body stops being valid JSON at byte " + strconv.FormatInt(syntax.ByteOffset, 10))
	default:
		return SyntaxError("the body is not valid JSON")
	}
}

// twiceNamed quotes the name only if it looks like a field's: it may be anything, even
// a token.
func twiceNamed(name string) error {
	if len(name) > 32 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return SyntaxError("a name appears twice in one object")
	}
	return SyntaxError(fmt.Sprintf("the name %q appears twice in one object", name))
}

// Refuse records what is wrong with a field, once.
func (f *Form) Refuse(field, detail string) {
	field = f.prefix + field
	for _, known := range *f.bad {
		if known.Field == field {
			return
		}
	}
	*f.bad = append(*f.bad, competition.FieldError{Field: field, Detail: detail})
}

// RefuseAll records what the core found.
func (f *Form) RefuseAll(err error) {
	if invalid, ok := errors.AsType[*competition.InvalidError](err); ok {
		for _, field := range invalid.Fields {
			f.Refuse(field.Field, field.Detail)
		}
	}
}

// Refused returns how many fields have been refused so far.
func (f *Form) Refused() int { return len(*f.bad) }

// Err is nil, or a [competition.InvalidError] that lists every bad field.
func (f *Form) Err() error { return invalid(*f.bad) }

func invalid(fields []competition.FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	return &competition.InvalidError{Fields: fields}
}

// value returns a field's value; false if it is absent.
func (f *Form) value(name string) (jsontext.Value, bool) {
	value, there := f.values[name]
	return value, there && value.Kind() != 'n'
}

// Has reports whether a field was given.
func (f *Form) Has(name string) bool {
	_, given := f.value(name)
	return given
}

// Bytes reads a string field, unescaped; false when it is absent or refused.
func (f *Form) Bytes(name string) ([]byte, bool) {
	value, given := f.value(name)
	if !given {
		return nil, false
	}
	if value.Kind() != '"' {
		f.Refuse(name, "must be a string")
		return nil, false
	}
	text, err := jsontext.AppendUnquote(make([]byte, 0, len(value)), value)
	if err != nil || !utf8.Valid(text) {
		f.Refuse(name, "must be valid text")
		return nil, false
	}
	return text, true
}

// Bool reads true or false.
func (f *Form) Bool(name string) (is, ok bool) {
	value, given := f.value(name)
	if !given {
		return false, false
	}
	switch value.Kind() {
	case 't':
		return true, true
	case 'f':
		return false, true
	default:
		f.Refuse(name, "must be true or false")
		return false, false
	}
}

// Texts reads an object of texts.
func (f *Form) Texts(name string) map[string]string {
	inner, ok := f.Object(name)
	if !ok {
		return nil
	}
	texts := map[string]string{}
	for key := range inner.values {
		if text, ok := inner.Text(key); ok {
			texts[key] = text
		}
	}
	return texts
}

// Text reads a string field.
func (f *Form) Text(name string) (string, bool) {
	text, ok := f.Bytes(name)
	return string(text), ok
}

// Integer reads a number without a fraction, from 0 to 2^53-1.
func (f *Form) Integer(name string) (int64, bool) { return f.Exact(name, 0, MaxInteger) }

const notABoardVersion = "must be a version, or <version>.<epoch> with the epoch's 8 hexadecimal digits"

// BoardVersion reads a version of a board: a number, or text that may have the epoch,
// too.
func (f *Form) BoardVersion(name string) (v competition.BoardVersion) {
	if value, given := f.value(name); given && value.Kind() == '"' {
		text, ok := f.Text(name)
		if !ok {
			return v
		}
		if v, ok = competition.ParseBoardVersion(text); !ok {
			f.Refuse(name, notABoardVersion)
		}
		return v
	}
	version, _ := f.Integer(name)
	return competition.BoardVersion{Version: uint64(version)}
}

// Count reads a number from 0 to 2^53-1, rounded down.
func (f *Form) Count(name string) (int64, bool) { return f.rounded(name, 0, false) }

// Hundredths reads a number from 0 on as so many 1/100, rounded half up.
func (f *Form) Hundredths(name string) (int64, bool) { return f.rounded(name, 2, true) }

func (f *Form) rounded(name string, decimals int, halfUp bool) (int64, bool) {
	value, given := f.value(name)
	switch {
	case !given:
		return 0, false
	case value.Kind() != '0':
		f.Refuse(name, "must be a number")
		return 0, false
	}
	return f.within(name, readRounded(value, decimals, halfUp), MaxInteger, decimals)
}

// Exact reads a number from 0 to highest that has at most so many decimals; all
// in units of the last.
func (f *Form) Exact(name string, decimals int, highest int64) (int64, bool) {
	value, given := f.value(name)
	if !given {
		return 0, false
	}
	return f.ExactValue(name, value, decimals, highest)
}

// ExactValue is Exact for a value of a list, which name names in errors.
func (f *Form) ExactValue(name string, value jsontext.Value, decimals int, highest int64) (int64, bool) {
	n := readNumber(value, decimals)
	switch {
	case value.Kind() != '0':
		f.Refuse(name, "must be a number")
		return 0, false
	case !n.exact && decimals == 0:
		f.Refuse(name, "must be an integer")
		return 0, false
	case !n.exact:
		f.Refuse(name, "must have at most "+strconv.Itoa(decimals)+" decimals")
		return 0, false
	}
	return f.within(name, n, highest, decimals)
}

func (f *Form) within(name string, n number, highest int64, decimals int) (int64, bool) {
	if n.negative || n.huge || n.value > highest {
		f.Refuse(name, "must be between 0 and "+ledger.FormatMinor(highest, decimals))
		return 0, false
	}
	return n.value, true
}

// Time reads an RFC 3339 time.
func (f *Form) Time(name string) (t Instant, ok bool) {
	text, given := f.Bytes(name)
	if !given {
		return t, false
	}
	if t, ok = readTime(text); !ok {
		f.Refuse(name, "must be an RFC 3339 time such as 2026-05-01T00:00:00Z")
	}
	return t, ok
}

// Object reads an object field; what is wrong inside it is noted under a
// dotted name.
func (f *Form) Object(name string) (inner *Form, ok bool) {
	value, given := f.value(name)
	if !given {
		return nil, false
	}
	values, err := readObject(value)
	if err != nil {
		f.Refuse(name, "must be an object")
		return nil, false
	}
	return &Form{values: values, prefix: f.prefix + name + ".", bad: f.bad}, true
}

// List reads an array field of at most so many values.
func (f *Form) List(name string, most int) (list []jsontext.Value, ok bool) {
	value, given := f.value(name)
	if !given {
		return nil, false
	}
	list, ok = readArray(value, most)
	if !ok {
		f.Refuse(name, "must be an array of at most "+strconv.Itoa(most)+" values")
	}
	return list, ok
}

// readArray splits valid JSON into values; false if it is not an array of at most so
// many.
func readArray(array jsontext.Value, most int) ([]jsontext.Value, bool) {
	if array.Kind() != '[' {
		return nil, false
	}
	decoder := jsontext.NewDecoder(bytes.NewBuffer(array), loose...)
	list := []jsontext.Value{}
	for _, err := decoder.ReadToken(); err == nil && decoder.PeekKind() != ']'; {
		var value jsontext.Value
		if value, err = decoder.ReadValue(); err != nil || len(list) == most {
			return nil, false
		}
		end := decoder.InputOffset()
		list = append(list, array[end-int64(len(value)):end])
	}
	return list, true
}

// loose ignores errors that concern one item of a batch alone: names that stand twice,
// and lone surrogates.
var loose = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
