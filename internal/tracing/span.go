package tracing

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"time"
)

// Kind is the part that a span plays, with the numbers of OTLP.
type Kind uint8

// The kinds: a step within the process; one that answers a client or another node; and
// one that asks another node.
const (
	Internal Kind = 1
	Server   Kind = 2
	Client   Kind = 3
)

// Span is one step of a request that is traced. A nil one is of a request that is not:
// its methods do nothing. Whoever began a span sets and ends it, once; everything else
// may be called by anybody, also after its end.
type Span struct {
	take    func(*Span) // takes it when it has ended
	context Context
	parent  [8]byte
	kind    Kind
	name    string
	began   time.Time

	ended  time.Time
	fields []field
	err    string // why it failed; empty if it did not
}

// field is an attribute: a text, or a number if text is empty.
type field struct {
	name, text string
	number     int64
}

// newSpan begins a span under another one, which may be none but for the trace.
func newSpan(take func(*Span), parent Context, name string, kind Kind, began time.Time) *Span {
	if began.IsZero() { // of a request that came by no connection
		began = time.Now()
	}
	s := &Span{take: take, context: Context{Trace: parent.Trace}, parent: parent.Span, kind: kind, name: name, began: began}
	binary.LittleEndian.PutUint64(s.context.Span[:], rand.Uint64()|1) //nolint:gosec // no secret
	return s
}

// Context names the span, for another process; it is zero for nil.
func (s *Span) Context() Context {
	if s == nil {
		return Context{}
	}
	return s.context
}

// TraceID is the id of the span's trace as logs and headers write it; empty for nil.
func (s *Span) TraceID() string {
	if s == nil {
		return ""
	}
	return hex.EncodeToString(s.context.Trace[:])
}

// Child begins a step of a step.
func (s *Span) Child(name string, kind Kind) *Span {
	if s == nil {
		return nil
	}
	return s.ChildAt(name, kind, time.Now())
}

// ChildAt is Child for a step that began earlier.
func (s *Span) ChildAt(name string, kind Kind, began time.Time) *Span {
	if s == nil {
		return nil
	}
	return newSpan(s.take, s.context, name, kind, began)
}

// SetText and SetNumber note something about a span that has not ended.
func (s *Span) SetText(name, text string) {
	if s != nil && text != "" {
		s.fields = append(s.fields, field{name: name, text: text})
	}
}

// SetNumber is SetText for a number.
func (s *Span) SetNumber(name string, number int64) {
	if s != nil {
		s.fields = append(s.fields, field{name: name, number: number})
	}
}

// Fail notes that the step failed, and why.
func (s *Span) Fail(why string) {
	if s != nil {
		s.err = why
	}
}

// End ends a step, which failed if there is an error. The span must not be changed any
// more.
func (s *Span) End(err error) {
	if s == nil {
		return
	}
	if err != nil && s.err == "" {
		s.err = err.Error()
	}
	s.ended = time.Now()
	s.take(s)
}
