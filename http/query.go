package http

import (
	"math"
	"strconv"
	"strings"

	"github.com/paceboard/paceboard/competition"
)

// query is the query of a URL. Like a form it notes what is wrong, and err
// tells everything at once. Parameters that nobody asks for are ignored.
type query struct {
	raw string // as sent, without the question mark
	bad []competition.FieldError
}

func (q *query) refuse(name, detail string) {
	q.bad = append(q.bad, competition.FieldError{Field: name, Detail: detail})
}

// err is nil, or the problem that lists every bad parameter.
func (q *query) err() error {
	if len(q.bad) == 0 {
		return nil
	}
	return kindInvalidRequest.listing(q.bad)
}

// text is the value of a parameter, decoded; given is false when it is absent,
// or refused for standing twice or for not being decodable. It may be a part of
// the URL's buffer.
func (q *query) text(name string) (value string, given bool) {
	found := 0
	for rest := q.raw; rest != ""; {
		var pair string
		pair, rest, _ = strings.Cut(rest, "&")
		key, raw, _ := strings.Cut(pair, "=")
		if key != name {
			if key, ok := unescape(key, true); !ok || key != name {
				continue
			}
		}
		if found++; found > 1 {
			q.refuse(name, "must stand once")
			return "", false
		}
		if value, given = unescape(raw, true); !given {
			q.refuse(name, "must be percent-encoded")
			return "", false
		}
	}
	return value, given
}

// onlyLimit is the limit of a query that says nothing else and says it plainly, as
// readers of the top do; false leaves it to the rest of query.
func (q *query) onlyLimit() (limit int, ok bool) {
	text, found := strings.CutPrefix(q.raw, "limit=")
	if !found || len(text) == 0 || len(text) > len("1000") {
		return 0, false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
		limit = 10*limit + int(text[i]-'0')
	}
	return limit, limit >= 1 && limit <= maxLimit
}

// choice is the value of a parameter that chooses a part of a list; given is
// false for "all", too, which is what clients with a menu of parts send.
func (q *query) choice(name string) (word string, given bool) {
	word, given = q.text(name)
	return word, given && word != "all"
}

// has reports whether a parameter was given, right or wrong.
func (q *query) has(name string) bool {
	noted := len(q.bad)
	_, given := q.text(name)
	return given || len(q.bad) > noted
}

// integer reads a parameter of plain digits, from lowest to highest.
func (q *query) integer(name string, lowest, highest, absent int) int {
	text, given := q.text(name)
	if !given {
		return absent
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil || digits([]byte(text)) != len(text) || n < uint64(lowest) || n > uint64(highest) {
		detail := "must be an integer from " + strconv.Itoa(lowest)
		if highest < math.MaxInt {
			detail += " to " + strconv.Itoa(highest)
		} else {
			detail += " on"
		}
		q.refuse(name, detail)
		return absent
	}
	return int(n)
}

// limit reads how many rows a page may have.
func (q *query) limit() int { return q.integer("limit", 1, maxLimit, defaultLimit) }

// day reads a day.
func (q *query) day(name string, absent competition.Day) competition.Day {
	text, given := q.text(name)
	if !given {
		return absent
	}
	day, ok := readDay([]byte(text))
	if !ok {
		q.refuse(name, "must be a day from 1970-01-01 on, as YYYY-MM-DD or RFC 3339")
		return absent
	}
	return day
}

// unescape decodes percent-encoding (RFC 3986, section 2.1), and + as a space
// where it stands in a query; false when it is broken.
func unescape(s string, inQuery bool) (string, bool) {
	if strings.IndexByte(s, '%') < 0 && (!inQuery || strings.IndexByte(s, '+') < 0) {
		return s, true
	}
	decoded := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%':
			if i+2 >= len(s) {
				return "", false
			}
			b, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return "", false
			}
			decoded = append(decoded, byte(b))
			i += 2
		case c == '+' && inQuery:
			decoded = append(decoded, ' ')
		default:
			decoded = append(decoded, c)
		}
	}
	return string(decoded), true
}
