package codec

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/wire"
)

// knownErrors are the errors that nodes tell each other, by their codes, which are
// never used again (W4). Every exported error of package competition is one.
var knownErrors = [...]knownError{
	1:  {sentinel: competition.ErrForbidden},
	2:  {sentinel: competition.ErrUnknownCompetition},
	3:  {sentinel: competition.ErrInvitationRequired},
	4:  {sentinel: competition.ErrOperatorInvites},
	5:  {sentinel: competition.ErrNotEnrolled},
	6:  {sentinel: competition.ErrNotStarted},
	7:  {sentinel: competition.ErrClosed},
	8:  {sentinel: competition.ErrFull},
	9:  {sentinel: competition.ErrTooManyCompetitions},
	10: {sentinel: competition.ErrExists},
	11: {sentinel: competition.ErrStarted},
	12: {sentinel: competition.ErrJoined},
	13: {sentinel: competition.ErrFeesPaid},
	14: {sentinel: competition.ErrNotFinal},
	15: {sentinel: competition.ErrNoPrizePool},
	16: {sentinel: competition.ErrTooManyWinners},
	17: {sentinel: competition.ErrUnknownPrize},
	18: {sentinel: competition.ErrPrizeDecided},
	19: {sentinel: competition.ErrPrizePending},
	20: {sentinel: competition.ErrOutsideWindow},
	21: {sentinel: competition.ErrFutureDate},
	22: {sentinel: competition.ErrRecordedInFuture},
	23: {sentinel: competition.ErrImplausible},
	24: {sentinel: competition.ErrTooManySources},
	25: {sentinel: competition.ErrUncounted},
	26: {sentinel: competition.ErrConflict},
	27: {sentinel: competition.ErrUnavailable},
	28: {sentinel: competition.ErrOverloaded},
	29: {sentinel: competition.ErrInternal},
	30: {sentinel: competition.ErrJournalBudget},
	31: {sentinel: competition.ErrCorrupt},
	32: {sentinel: competition.ErrUnknownInvitation},
	33: {sentinel: competition.ErrUnknownCode},
	34: {sentinel: competition.ErrInvitationDecided},
	35: {sentinel: competition.ErrTooManyInvitations},
	36: {sentinel: competition.ErrInvitingTooFast},
	37: {sentinel: competition.ErrTooManyTries},
	38: {sentinel: competition.ErrMirrorDiffers},
	39: {sentinel: competition.ErrNotOwner},
	40: {sentinel: competition.ErrNotDelivered},
	41: {sentinel: competition.ErrDeploying},
	42: {sentinel: competition.ErrEventsRemoved},
	43: {sentinel: competition.ErrEventsReplaced},
	44: {sentinel: competition.ErrRowLocked},
	45: {sentinel: competition.ErrUnknownWebhook},
	46: {sentinel: competition.ErrTooManyWebhooks},
	47: {sentinel: competition.ErrUnknownBoardLink},
	48: {sentinel: competition.ErrTooManyBoardLinks},
	49: {sentinel: competition.ErrPrivateNames},
	50: withFields(appendCorrupt, readCorrupt),
	51: withFields(appendBudget, readBudget),
	52: withFields(appendInvalid, readInvalid),
	53: withFields(appendField, readField),
	54: withFields(appendElsewhere, readElsewhere),
	55: withFields(appendRemoved, readRemoved),
}

const codeInternal = 29

// knownError is an error without fields, or a type of errors with fields.
type knownError struct {
	sentinel error                                                // the one without; or nil
	append   func(dst []byte, err error) (fields []byte, is bool) // nothing unless err is of the type
	read     func(r *wire.Reader) error                           // the inverse
}

func withFields[E error](add func(dst []byte, e E) []byte, read func(r *wire.Reader) E) knownError {
	return knownError{
		append: func(dst []byte, err error) ([]byte, bool) {
			e, is := any(err).(E) // the error itself; causes.find unwraps
			if is {
				dst = add(dst, e)
			}
			return dst, is
		},
		read: func(r *wire.Reader) error { return read(r) },
	}
}

// maxCauses is how many known errors the text of one error may stand for.
const maxCauses = 16

// remoteError is an error of another node: its text, and what of it is known here.
type remoteError struct {
	text   string
	causes []error // at least one
}

// Error implements error.
func (e *remoteError) Error() string { return e.text }

// Unwrap returns the known errors that the other node's wrapped.
func (e *remoteError) Unwrap() []error { return e.causes }

// AppendError appends an error, which may be nil: the known errors that it is or wraps,
// and its text. One that wraps none of them is a competition.ErrInternal to the other
// node.
func AppendError(dst []byte, err error) []byte {
	c := causes{encoded: append(dst, 0)}
	if err == nil {
		return c.encoded
	}
	c.find(err)
	if c.n == 0 {
		c.n, c.encoded = 1, binary.AppendUvarint(c.encoded, codeInternal<<1)
	}
	c.encoded[len(dst)] = byte(c.n)
	return wire.AppendString(c.encoded, err.Error())
}

// causes gathers the known errors of an error's tree. Each is its code, shifted left
// by one, with the low bit set if the length of its fields, and the fields, follow.
type causes struct {
	n       int // of maxCauses
	encoded []byte
}

func (c *causes) find(err error) {
	if c.n == maxCauses || c.add(err) {
		return
	}
	switch e := any(err).(type) {
	case interface{ Unwrap() error }:
		c.find(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			c.find(inner)
		}
	}
}

// add adds the error itself, if it is a known one, or nil.
func (c *causes) add(err error) (done bool) {
	if err == nil {
		return true
	}
	for code := range knownErrors {
		switch k := &knownErrors[code]; {
		case k.sentinel != nil && err == k.sentinel: //nolint:errorlint // find unwraps
			c.encoded = binary.AppendUvarint(c.encoded, uint64(code)<<1)
			c.n++
			return true
		case k.append != nil:
			if fields, is := k.append(nil, err); is {
				c.encoded = binary.AppendUvarint(c.encoded, uint64(code)<<1|1)
				c.encoded = append(binary.AppendUvarint(c.encoded, uint64(len(fields))), fields...)
				c.n++
				return true
			}
		}
	}
	return false
}

// ReadError is the inverse of AppendError: errors.Is and errors.As find the known
// errors, and the text is the same. Those that only a newer node knows are a
// competition.ErrInternal. If the reader fails, what is returned means nothing.
func ReadError(r *wire.Reader) error {
	var room [maxCauses]error
	known, n := room[:0], length(r, maxCauses, 1)
	if n == 0 {
		return nil
	}
	for range n {
		if cause := readCause(r); cause != nil {
			known = append(known, cause)
		}
	}
	text := r.Bytes(r.Length())
	switch {
	case len(known) == 0:
		known = append(known, competition.ErrInternal)
	case n == 1 && string(text) == known[0].Error():
		return known[0]
	}
	return &remoteError{text: string(text), causes: slices.Clone(known)}
}

// readCause returns nil for an error that is not known here.
func readCause(r *wire.Reader) error {
	v := r.Uvarint()
	code, hasFields := v>>1, v&1 == 1
	var encoded []byte
	if hasFields {
		encoded = r.Bytes(r.Length())
	}
	if code >= uint64(len(knownErrors)) {
		return nil
	}
	k := &knownErrors[code]
	if !hasFields || k.read == nil {
		return k.sentinel
	}
	fields := wire.NewReader(encoded)
	err := k.read(&fields)
	if bad := fields.Err(); bad != nil { // what a newer node has added is left unread
		r.Fail(bad)
	}
	return err
}

func appendCorrupt(dst []byte, e *competition.CorruptError) []byte {
	dst = binary.AppendUvarint(wire.AppendString(dst, e.CompetitionID), e.Seq)
	return wire.AppendString(dst, e.Reason)
}

func readCorrupt(r *wire.Reader) *competition.CorruptError {
	return &competition.CorruptError{CompetitionID: r.String(), Seq: r.Uvarint(), Reason: r.String()}
}

func appendBudget(dst []byte, e *competition.JournalBudgetError) []byte {
	return binary.AppendVarint(dst, int64(e.RetryAfter))
}

func readBudget(r *wire.Reader) *competition.JournalBudgetError {
	return &competition.JournalBudgetError{RetryAfter: time.Duration(r.Varint())}
}

func appendField(dst []byte, e competition.FieldError) []byte {
	return wire.AppendString(wire.AppendString(dst, e.Field), e.Detail)
}

func readField(r *wire.Reader) competition.FieldError {
	return competition.FieldError{Field: r.String(), Detail: r.String()}
}

func appendInvalid(dst []byte, e *competition.InvalidError) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(e.Fields)))
	for _, f := range e.Fields {
		dst = appendField(dst, f)
	}
	return dst
}

func readInvalid(r *wire.Reader) *competition.InvalidError {
	const most, smallest = 10_000, 2
	e := &competition.InvalidError{}
	for range length(r, most, smallest) {
		e.Fields = append(e.Fields, readField(r))
	}
	return e
}

func appendElsewhere(dst []byte, e *competition.ElsewhereError) []byte {
	return wire.AppendString(dst, e.Node)
}

func readElsewhere(r *wire.Reader) *competition.ElsewhereError {
	return &competition.ElsewhereError{Node: r.String()}
}

func appendRemoved(dst []byte, e *competition.EventsRemovedError) []byte {
	return binary.AppendUvarint(dst, e.First)
}

func readRemoved(r *wire.Reader) *competition.EventsRemovedError {
	return &competition.EventsRemovedError{First: r.Uvarint()}
}
