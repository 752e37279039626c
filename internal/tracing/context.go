package tracing

import "encoding/hex"

// Context names a span, wherever it was made: its trace, and itself. The zero value is
// none.
type Context struct {
	Trace [16]byte
	Span  [8]byte
}

// Valid reports whether it names a span: ids of zeros alone are none.
func (c Context) Valid() bool { return c.Trace != [16]byte{} && c.Span != [8]byte{} }

// parentLength is that of a traceparent of version 00.
const parentLength = 2 + 1 + 32 + 1 + 16 + 1 + 2

// ParseParent reads a traceparent (W3C Trace Context, section 3.2), and reports whether
// whoever sent it records the trace. It allocates nothing. A later version may have more
// after what version 00 has.
func ParseParent(header []byte) (parent Context, sampled, ok bool) {
	if len(header) < parentLength || header[2] != '-' || header[35] != '-' || header[52] != '-' {
		return Context{}, false, false
	}
	var version, flags [1]byte
	if !parseHex(version[:], header[:2]) || !parseHex(parent.Trace[:], header[3:35]) ||
		!parseHex(parent.Span[:], header[36:52]) || !parseHex(flags[:], header[53:55]) {
		return Context{}, false, false
	}
	whole := len(header) == parentLength || version[0] > 0 && header[parentLength] == '-'
	if version[0] == 0xff || !whole || !parent.Valid() {
		return Context{}, false, false
	}
	return parent, flags[0]&1 != 0, true
}

// parseHex reads lower-case digits, which are the only ones that the standard allows.
func parseHex(dst, digits []byte) bool {
	for _, c := range digits {
		if 'A' <= c && c <= 'F' {
			return false
		}
	}
	_, err := hex.Decode(dst, digits)
	return err == nil
}
