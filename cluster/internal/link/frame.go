package link

import (
	"encoding/binary"
	"fmt"
	"time"
)

// A frame is what one gRPC message carries:
//
//	format 1 byte, target (length 1 byte, id), sender (length 1 byte, id), messages until the end
//
// and a message in it:
//
//	size of what follows (4 bytes, little endian), verb and flags 1 byte, id (varint), then by verb
//	request: kind, version, timeout in µs (varints), trace (16 bytes, if flagged), body
//	answer:  status 1 byte, body
//	hello:   nothing: its id is the stream's number at its dialer
//	span:    8 bytes: the span that asks for the request after it, if that has a trace; its id is 0, which no request has
//
// Sizes come first, so that a later version may add verbs: they are skipped, or answered unsupported.
const (
	format       = 1
	frameLimit   = 256 << 10 // bytes: a longer frame holds a single message
	messageLimit = 8 << 20   // bytes of a body
	perFrame     = 4096      // messages: what a frame is decoded into stays in proportion to it
	overhead     = 1 << 10   // bytes, at least what a frame and a message have beside the body
	longest      = time.Hour // a timeout
	sizeBytes    = 4
)

type verb byte

const (
	hello verb = iota
	request
	answer
	span
	verbs // how many there are

	verbMask = 0x1f
	traced   = 0x80
)

// Trace is the trace that a request belongs to, and the step of it that asks; zero: none.
type Trace struct {
	ID   [16]byte
	Span [8]byte
}

// message is a part of a frame. Which fields count depends on the verb.
type message struct {
	verb          verb
	status        Status
	kind, version uint16
	id            uint64
	timeout       time.Duration
	trace         Trace
	body          []byte
}

// appendHeader begins a frame. Ids are at most 255 bytes.
func appendHeader(b []byte, target, sender string) []byte {
	b = append(b, format, byte(len(target)))
	b = append(b, target...)
	b = append(b, byte(len(sender)))
	return append(b, sender...)
}

func appendMessage(b []byte, m *message) []byte {
	start := len(b)
	first := byte(m.verb)
	if m.trace.ID != [16]byte{} {
		first |= traced
	}
	b = append(b, 0, 0, 0, 0, first)
	b = binary.AppendUvarint(b, m.id)
	switch m.verb {
	case request:
		b = binary.AppendUvarint(b, uint64(m.kind))
		b = binary.AppendUvarint(b, uint64(m.version))
		b = binary.AppendUvarint(b, uint64(max(m.timeout, 0)/time.Microsecond))
		if first&traced != 0 {
			b = append(b, m.trace.ID[:]...)
		}
	case span:
		b = append(b, m.trace.Span[:]...)
	case answer:
		b = append(b, byte(m.status))
	default: // hello: no fields
	}
	b = append(b, m.body...)
	binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-start-sizeBytes))
	return b
}

// messages reads those of a frame, one by one.
type messages struct {
	rest  []byte
	count int
	alone bool // the frame is longer than frameLimit
}

// openFrame reads a frame's header. The ids and the messages alias b.
func openFrame(b []byte) (target, sender []byte, in messages, err error) {
	whole := len(b)
	if whole == 0 || b[0] != format {
		return nil, nil, in, fmt.Errorf("%w: not of format %d", errMalformed, format)
	}
	b = b[1:]
	if target, b, err = takeID(b); err != nil {
		return nil, nil, in, err
	}
	if sender, b, err = takeID(b); err != nil {
		return nil, nil, in, err
	}
	return target, sender, messages{rest: b, alone: whole > frameLimit}, nil
}

func takeID(b []byte) (id, rest []byte, err error) {
	if len(b) == 0 || len(b) <= int(b[0]) || b[0] == 0 {
		return nil, nil, fmt.Errorf("%w: no node id", errMalformed)
	}
	n := 1 + int(b[0])
	return b[1:n], b[n:], nil
}

// next reads a message into m, whose body aliases the frame. It reports false at the end.
func (in *messages) next(m *message) (bool, error) {
	if len(in.rest) == 0 {
		return false, nil
	}
	in.count++
	if in.count > perFrame || in.count > 1 && in.alone {
		return false, fmt.Errorf("%w: more messages than a frame may have", errMalformed)
	}
	if len(in.rest) < sizeBytes {
		return false, fmt.Errorf("%w: no size", errMalformed)
	}
	size := binary.LittleEndian.Uint32(in.rest)
	b := in.rest[sizeBytes:]
	if uint64(size) > uint64(len(b)) {
		return false, fmt.Errorf("%w: a message of %d bytes, of which %d are there", errMalformed, size, len(b))
	}
	in.rest = b[size:]
	return true, m.decode(b[:size:size])
}

func (m *message) decode(b []byte) error {
	if len(b) == 0 {
		return fmt.Errorf("%w: a message of no bytes", errMalformed)
	}
	first := b[0]
	*m = message{verb: verb(first & verbMask)}
	f := fields{rest: b[1:]}
	m.id = f.number(1<<64 - 1)
	switch m.verb {
	case request:
		m.kind = uint16(f.number(1<<16 - 1))
		m.version = uint16(f.number(1<<16 - 1))
		m.timeout = time.Duration(min(f.number(1<<64-1), uint64(longest/time.Microsecond))) * time.Microsecond
		if first&traced != 0 {
			copy(m.trace.ID[:], f.bytes(len(m.trace.ID)))
		}
	case span:
		copy(m.trace.Span[:], f.bytes(len(m.trace.Span)))
	case answer:
		if status := f.bytes(1); status != nil {
			m.status = Status(status[0])
		}
	default: // hello, and what this version does not know
	}
	m.body = f.rest
	if f.short {
		return fmt.Errorf("%w: field of a message of verb %d", errMalformed, m.verb)
	}
	if len(m.body) > messageLimit {
		return fmt.Errorf("%w: a body of %d bytes", errMalformed, len(m.body))
	}
	return nil
}

// fields reads those of a message. After the first that is not there, short is set and all are zero.
type fields struct {
	rest  []byte
	short bool
}

func (f *fields) number(most uint64) uint64 {
	n, size := binary.Uvarint(f.rest)
	if size <= 0 || n > most {
		f.rest, f.short = nil, true
		return 0
	}
	f.rest = f.rest[size:]
	return n
}

func (f *fields) bytes(n int) []byte {
	if len(f.rest) < n {
		f.rest, f.short = nil, true
		return nil
	}
	b := f.rest[:n]
	f.rest = f.rest[n:]
	return b
}
