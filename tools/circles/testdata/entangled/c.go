package entangled

import "strings"

func measure(b *board) int {
	b.grow()
	return len(strings.Repeat("x", b.size))
}
