package decode

import (
	"math"
	"strconv"
	"strings"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// How many rows a page of a list has.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// Query is the query of a URL. Like a form it notes what is wrong, and Err
// tells everything at once. Parameters that nobody asks for are ignored.
type Query struct {
	raw string // as sent, without the question mark
	bad []competition.FieldError
}

// NewQuery makes a query of the part of a URL after its question mark. Values that its
// methods return may lie in raw.
func NewQuery(raw string) Query { return Query{raw: raw} }

// Refuse records what is wrong with a parameter.
func (q *Query) Refuse(name, detail string) {
	q.bad = append(q.bad, competition.FieldError{Field: name, Detail: detail})
}

// Err is nil, or a [competition.InvalidError] that lists every bad parameter.
func (q *Query) Err() error { return invalid(q.bad) }

// Text returns the value of a parameter, decoded; given is false if it is absent, or
// refused because it stands twice or cannot be decoded.
func (q *Query) Text(name string) (value string, given bool) {
	found := 0
	for rest := q.raw; rest != ""; {
		var pair string
		pair, rest, _ = strings.Cut(rest, "&")
		key, raw, _ := strings.Cut(pair, "=")
		if key != name {
			if key, ok := Unescape(key, true); !ok || key != name {
				continue
			}
		}
		if found++; found > 1 {
			q.Refuse(name, "must stand once")
			return "", false
		}
		if value, given = Unescape(raw, true); !given {
			q.Refuse(name, "must be percent-encoded")
			return "", false
		}
	}
	return value, given
}

// Choice returns the value of a parameter that selects a part of a list; given is false
// for "all", too, which clients with a menu of parts send.
func (q *Query) Choice(name string) (word string, given bool) {
	word, given = q.Text(name)
	return word, given && word != "all"
}

// Has reports whether a parameter was given, right or wrong.
func (q *Query) Has(name string) bool {
	noted := len(q.bad)
	_, given := q.Text(name)
	return given || len(q.bad) > noted
}

// Integer reads a parameter of plain digits, from lowest to highest.
func (q *Query) Integer(name string, lowest, highest, absent int) int {
	text, given := q.Text(name)
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
		q.Refuse(name, detail)
		return absent
	}
	return int(n)
}

// BoardVersion reads a version of a board, with or without its epoch.
func (q *Query) BoardVersion(name string) (v competition.BoardVersion) {
	if text, given := q.Text(name); given {
		var ok bool
		if v, ok = competition.ParseBoardVersion(text); !ok {
			q.Refuse(name, notABoardVersion)
		}
	}
	return v
}

// Limit reads how many rows a page may have.
func (q *Query) Limit() int { return q.Integer("limit", 1, MaxLimit, DefaultLimit) }

// Day reads a day.
func (q *Query) Day(name string, absent calendar.Day) calendar.Day {
	text, given := q.Text(name)
	if !given {
		return absent
	}
	day, ok := ReadDay([]byte(text))
	if !ok {
		q.Refuse(name, "must be a day from 1970-01-01 on, as YYYY-MM-DD or RFC 3339")
		return absent
	}
	return day
}

// Unescape decodes percent-encoding (RFC 3986, section 2.1), and + as a space
// where it stands in a query; false when it is broken.
func Unescape(s string, inQuery bool) (string, bool) {
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

// How far around a user a board goes.
const (
	defaultRadius = 5
	MaxRadius     = 500
)

// Part is the part of a board that a query asks for.
type Part struct {
	Limit, Offset int
	Around        string // the user in the middle, or empty; lies in the query
	Radius        int
}

// ReadPart reads the query of a board.
func ReadPart(q Query) (p Part, err error) {
	p.Limit, p.Radius = DefaultLimit, defaultRadius
	if limit, ok := q.OnlyLimit(); ok {
		p.Limit = limit
		return p, nil
	}
	var given bool
	if p.Around, given = q.Text("around"); given {
		if !competition.ValidUserID(p.Around) {
			q.Refuse("around", BadUserID)
		}
		p.Radius = q.Integer("radius", 0, MaxRadius, defaultRadius)
		for _, other := range []string{"limit", "offset"} {
			if q.Has(other) {
				q.Refuse(other, "must not stand beside around")
			}
		}
		return p, q.Err()
	}
	p.Limit = q.Limit()
	p.Offset = q.Integer("offset", 0, math.MaxInt, 0)
	if q.Has("radius") {
		q.Refuse("radius", "must stand beside around")
	}
	return p, q.Err()
}

// OnlyLimit returns the limit of a query that has nothing but a plain limit, or nothing
// at all, as most have; false leaves the query to the other methods.
func (q *Query) OnlyLimit() (limit int, ok bool) {
	if q.raw == "" {
		return DefaultLimit, true
	}
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
	return limit, limit >= 1 && limit <= MaxLimit
}
