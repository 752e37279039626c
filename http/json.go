package http

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// JSON for clients is written with the functions here and no reflection, since boards
// are large and replies many. Each function appends to a slice and returns it. Keys are
// passed as they are written: with their quotes and colon, and with the comma before
// them unless they are the first of their object.

const (
	envelope    = `{"success":true,"data":` // around every success, then the data, then envelopeEnd
	envelopeEnd = '}'
)

func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			dst, _ = jsontext.AppendQuote(dst, s) // the error says that bad UTF-8 was replaced
			return dst
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// appendTime writes RFC 3339 in UTC, to the millisecond.
func appendTime(dst []byte, at calendar.Millis) []byte {
	return append(at.AppendTime(append(dst, '"')), '"')
}

// appendDecimal writes units of 10^-decimals as the shortest exact number.
func appendDecimal(dst []byte, units int64, decimals int) []byte {
	for ; decimals > 0 && units%10 == 0; decimals-- {
		units /= 10
	}
	return ledger.AppendMinor(dst, units, decimals)
}

// appendItems writes the items of a list, with commas between.
func appendItems[T any](dst []byte, list []T, one func(dst []byte, item *T) []byte) []byte {
	for i := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = one(dst, &list[i])
	}
	return dst
}

func textItem(dst []byte, s *string) []byte { return appendString(dst, *s) }

func textField(dst []byte, key, s string) []byte { return appendString(append(dst, key...), s) }

// wordField writes an id or a word, which needs no escapes. Its opening quote ends the
// key: boards have many words, and each append costs.
func wordField[T ~string](dst []byte, key string, word T) []byte {
	return append(append(append(dst, key...), word...), '"')
}

func intField[T int | int64 | uint64](dst []byte, key string, n T) []byte {
	return strconv.AppendInt(append(dst, key...), int64(n), 10)
}

func boolField(dst []byte, key string, b bool) []byte {
	return strconv.AppendBool(append(dst, key...), b)
}

// timeField writes nothing if the time is 0.
func timeField(dst []byte, key string, at calendar.Millis) []byte {
	if at == 0 {
		return dst
	}
	return appendTime(append(dst, key...), at)
}

// minorField writes an amount of money, in units of 10^-decimals.
func minorField(dst []byte, key string, units int64, decimals int) []byte {
	return ledger.AppendMinor(append(dst, key...), units, decimals)
}

func decimalField(dst []byte, key string, units int64, decimals int) []byte {
	return appendDecimal(append(dst, key...), units, decimals)
}

func listField[T any](dst []byte, key string, list []T, one func(dst []byte, item *T) []byte) []byte {
	return append(appendItems(append(append(dst, key...), '['), list, one), ']')
}

// shownTime returns a time as clients read it; empty for 0.
func shownTime(at calendar.Millis) string {
	if at == 0 {
		return ""
	}
	return string(at.AppendTime(nil))
}
