package decode

import (
	"unsafe"
)

// quickCount reads a number from 0 on, rounded down.
func quickCount(b []byte, i int) (value int64, end int, ok bool) {
	n := readCount(b[min(i, len(b)):])
	return n.value, i + n.size, n.size > 0 && !n.negative && !n.huge
}

// quickHundredths reads a number from 0 on as so many 1/100, rounded half up.
func quickHundredths(b []byte, i int) (value int64, end int, ok bool) {
	n := readNumber(b[min(i, len(b)):], 2)
	return n.value, i + n.size, n.size > 0 && !n.negative && !n.huge
}

// plainString reads a string at b[i:] of printable ASCII without escapes.
func plainString(b []byte, i int) (text []byte, end int, ok bool) {
	if i >= len(b) || b[i] != '"' {
		return nil, 0, false
	}
	rest := b[i+1:]
	for n, c := range rest {
		if !isPlain[c] {
			return rest[:n:n], i + n + 2, c == '"'
		}
	}
	return nil, 0, false
}

// isPlain tells the bytes that a plain string may have.
var isPlain = func() (plain [256]bool) {
	for c := ' '; c <= '~'; c++ {
		plain[c] = c != '"' && c != '\\'
	}
	return plain
}()

// skipSpace is where the JSON white space at b[i:] ends.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// View is b as a string, without a copy: for looking something up or checking
// it, while b stays as it is. It must never be kept.
func View(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // G103: saves an allocation on every request; never kept.
}
