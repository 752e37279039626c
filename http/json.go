package http

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/paceboard/paceboard/competition"
)

const (
	envelope    = `{"success":true,"data":` // around every success, then the data, then envelopeEnd
	envelopeEnd = '}'
)

// appendString writes a string with its quotes.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			dst, _ = jsontext.AppendQuote(dst, s) // the error tells that bad UTF-8 was mended
			return dst
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// appendTime writes RFC 3339 in UTC, to the millisecond.
func appendTime(dst []byte, at competition.Millis) []byte {
	return append(at.AppendTime(append(dst, '"')), '"')
}

// appendTimeField writes a key and a time, or nothing for a time that never was.
func appendTimeField(dst []byte, key string, at competition.Millis) []byte {
	if at == 0 {
		return dst
	}
	return appendTime(append(dst, key...), at)
}

// appendDecimal writes units of 10^-decimals as the shortest exact number.
func appendDecimal(dst []byte, units int64, decimals int) []byte {
	dst = competition.AppendMinor(dst, units, decimals)
	for dst[len(dst)-1] == '0' && decimals > 0 {
		dst, decimals = dst[:len(dst)-1], decimals-1
	}
	if decimals == 0 && dst[len(dst)-1] == '.' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// appendDays writes days with commas between them.
func appendDays[T any](dst []byte, days []T, appendOne func([]byte, *T) []byte) []byte {
	for i := range days {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendOne(dst, &days[i])
	}
	return dst
}

// appendList writes the member of an object that is a list.
func appendList[T any](dst []byte, name string, list []T, one func(dst []byte, element *T) []byte) []byte {
	dst = append(append(append(dst, '"'), name...), `":[`...)
	for i := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = one(dst, &list[i])
	}
	return append(dst, ']')
}

// shownTime is a time as clients read it; empty for none.
func shownTime(at competition.Millis) string {
	if at == 0 {
		return ""
	}
	return string(at.AppendTime(nil))
}
