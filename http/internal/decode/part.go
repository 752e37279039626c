package decode

import (
	"math"
	"strings"

	"github.com/paceboard/paceboard/competition"
)

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
