package decode

import "math"

// MaxInteger is the largest integer that every JSON reader keeps: 2^53-1.
const MaxInteger = 1<<53 - 1

// number is a JSON number read as a decimal, exactly: no float takes part.
type number struct {
	value    int64 // in units of 10^-decimals, rounded; up to MaxInteger
	size     int   // bytes that it takes, 0 when there is no number
	exact    bool  // nothing was rounded away
	negative bool  // below 0; the value is that of the amount
	huge     bool  // beyond MaxInteger; the value says nothing
}

// readNumber reads the number (RFC 8259, section 6) that b begins with, as one
// with so many decimals, rounded half up. Cost: linear in its length.
func readNumber(b []byte, decimals int) number { return readRounded(b, decimals, true) }

// readCount reads a number as readNumber does, as an integer that is rounded
// down: a tracker's 11623.858 steps are 11623 whole ones.
func readCount(b []byte) number { return readRounded(b, 0, false) }

func readRounded(b []byte, decimals int, halfUp bool) number {
	var n number
	i := 0
	minus := i < len(b) && b[i] == '-'
	if minus {
		i++
	}
	whole := digits(b[i:])
	if whole == 0 || whole > 1 && b[i] == '0' {
		return n
	}
	all := b[i : i+whole] // the digits, with the point between them if there is one
	i += whole
	if i < len(b) && b[i] == '.' {
		fraction := digits(b[i+1:])
		if fraction == 0 {
			return n
		}
		all = all[:whole+1+fraction]
		i += 1 + fraction
	}
	if i == whole && whole <= 11 && (i == len(b) || b[i]|0x20 != 'e') { // what nearly all are
		for _, c := range all {
			n.value = n.value*10 + int64(c-'0')
		}
		for range decimals {
			n.value *= 10
		}
		n.size, n.exact = i, true
		return n
	}
	exponent := 0
	if i < len(b) && b[i]|0x20 == 'e' {
		size, power := readExponent(b[i:])
		if size == 0 {
			return n
		}
		i, exponent = i+size, power
	}
	n.size = i
	n.scale(all, whole, whole+exponent+decimals, halfUp)
	n.negative = minus && (n.value != 0 || !n.exact || n.huge)
	return n
}

// scale sets the value to the digits in front of place keep, rounded down, or by
// the digit at it; the point follows the first whole bytes of all.
func (n *number) scale(all []byte, whole, keep int, halfUp bool) {
	count := len(all)
	if count > whole {
		count--
	}
	digit := func(i int) int64 {
		if i >= whole {
			i++ // skip the point
		}
		return int64(all[i] - '0')
	}
	n.exact = true
	for i := range count {
		switch d := digit(i); {
		case i < keep:
			if n.value = n.value*10 + d; n.value > MaxInteger {
				n.huge = true
				return
			}
		case d != 0:
			n.exact = false
			if halfUp && i == keep && d >= 5 {
				n.value++
			}
		}
	}
	for i := count; i < keep && n.value > 0; i++ {
		if n.value *= 10; n.value > MaxInteger {
			break
		}
	}
	n.huge = n.value > MaxInteger
}

// readExponent reads the part from the e on. A power that no number in a body
// could balance counts as that limit.
func readExponent(b []byte) (size, power int) {
	i, sign := 1, 1
	if i < len(b) && (b[i] == '+' || b[i] == '-') {
		if b[i] == '-' {
			sign = -1
		}
		i++
	}
	count := digits(b[i:])
	if count == 0 {
		return 0, 0
	}
	for _, c := range b[i : i+count] {
		power = min(power*10+int(c-'0'), math.MaxInt32)
	}
	return i + count, sign * power
}

// digits is how many decimal digits b begins with.
func digits(b []byte) int {
	for i, c := range b {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(b)
}
