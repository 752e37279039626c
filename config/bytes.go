package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Bytes is an amount of storage in bytes, never negative.
type Bytes int64

// Binary units.
const (
	KiB Bytes = 1 << 10
	MiB Bytes = 1 << 20
	GiB Bytes = 1 << 30
	TiB Bytes = 1 << 40
)

// byteUnits are the units that are read and written, binary ones from the largest down.
var byteUnits = []choice[Bytes]{
	{"TiB", TiB},
	{"GiB", GiB},
	{"MiB", MiB},
	{"KiB", KiB},
	{"TB", 1e12},
	{"GB", 1e9},
	{"MB", 1e6},
	{"kB", 1e3},
	{"B", 1},
}

// String writes the amount in the largest binary unit in which it is whole, such as 256MiB.
func (b Bytes) String() string {
	for _, unit := range byteUnits[:4] {
		if b >= unit.value && b%unit.value == 0 {
			return strconv.FormatInt(int64(b/unit.value), 10) + unit.word
		}
	}
	return strconv.FormatInt(int64(b), 10) + "B"
}

// size takes a whole number of a unit, such as 512MiB, or a plain 0, from lo to hi.
func size(dst *Bytes, lo, hi Bytes, example string) parser {
	return func(raw string) *refusal {
		n, unit, ok := parseSize(raw)
		switch {
		case !ok:
			return &refusal{
				"is not a size",
				"write a whole number with a unit (B, KiB, MiB, GiB or TiB), such as " + example,
			}
		case n > int64(hi/unit): // Compared before multiplying, which could overflow.
			return &refusal{"is out of range", fmt.Sprintf("give a size up to %s, such as %s", hi, example)}
		case Bytes(n)*unit < lo:
			return &refusal{"is out of range", fmt.Sprintf("give a size from %s to %s, such as %s", lo, hi, example)}
		}
		*dst = Bytes(n) * unit
		return nil
	}
}

func parseSize(raw string) (n int64, unit Bytes, ok bool) {
	if raw == "0" {
		return 0, 1, true
	}
	word := strings.TrimLeft(raw, "0123456789")
	n, err := strconv.ParseInt(raw[:len(raw)-len(word)], 10, 64)
	if err != nil {
		return 0, 0, false
	}
	for _, unit := range byteUnits {
		if strings.EqualFold(strings.TrimSpace(word), unit.word) {
			return n, unit.value, true
		}
	}
	return 0, 0, false
}
