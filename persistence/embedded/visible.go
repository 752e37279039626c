package embedded

import (
	"bytes"
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
)

// Visible is a page of what a reader may see; see competition.Catalog.
func (s *Store) Visible(ctx context.Context, l competition.Listing) (page []competition.Summary, next competition.ListPlace, err error) {
	if ctx.Err() != nil {
		return nil, next, outOfTime(ctx, "nothing was begun")
	}
	view := s.db.NewSnapshot()
	defer closeAfter(view, &err)
	v := lister{from: view, listing: l, many: s.newBulk()}
	defer v.many.end()
	visibilities := []byte{listedPublic}
	if l.Operator {
		visibilities = append(visibilities, listedPrivate)
	}
	if err := v.readListed(ctx, visibilities); err != nil {
		return nil, next, err
	}
	if !l.Operator && l.Reader != "" {
		over, err := v.readOwn(ctx)
		if err != nil {
			return nil, next, err
		}
		if len(over) > 0 {
			s.retireTies(ctx, l.Reader, over)
		}
	}
	page, next = l.Page(v.known[:], v.listed, v.own)
	return page, next, errors.Join(v.damage...)
}

// lister reads a page. Summaries that cannot be read are left out, and named by
// damage.
type lister struct {
	from    pebble.Reader
	many    *bulk
	listing competition.Listing
	listed  []competition.Summary    // of the visibilities that the reader sees anyhow
	own     []competition.Summary    // private, because of ties
	known   [2]competition.ListPlace // of listed and own; see competition.Listing.Page
	damage  []error
}

// statuses are those that the list shows.
func (v *lister) statuses() []competition.Status {
	if len(v.listing.Statuses) > 0 {
		return v.listing.Statuses
	}
	return competition.AllStatuses()
}

// rangeOf narrows a range of keys, in which places stand behind a prefix, to what comes
// after a place.
func (v *lister) rangeOf(lower, upper, after []byte) (from, to []byte) {
	switch {
	case v.listing.After == (competition.ListPlace{}):
		return lower, upper
	case v.listing.Newest:
		return lower, after
	default:
		return append(after, separator), upper
	}
}

// readListed reads the first competitions of some visibilities, one more than fit.
// It goes along as many ranges at once as there are visibilities and statuses.
func (v *lister) readListed(ctx context.Context, visibilities []byte) (err error) {
	begin, step, sooner := (*pebble.Iterator).First, (*pebble.Iterator).Next, -1
	if v.listing.Newest {
		begin, step, sooner = (*pebble.Iterator).Last, (*pebble.Iterator).Prev, 1
	}
	var ranges []*pebble.Iterator
	defer func() {
		for _, rows := range ranges {
			err = errors.Join(err, unread(rows.Close()))
		}
	}()
	for _, visibility := range visibilities {
		for _, status := range v.statuses() {
			prefix := []byte{listedKeys, '/', visibility, byte(status)}
			after := append(appendTime(bytes.Clone(prefix), v.listing.After.Start), v.listing.After.ID...)
			lower, upper := v.rangeOf(prefix, []byte{listedKeys, '/', visibility, byte(status) + 1}, after)
			rows, err := v.from.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
			if err != nil {
				return unread(err)
			}
			ranges = append(ranges, rows)
			begin(rows)
		}
	}
	const place = kindSize + 2 // where it begins in the key
	for examined := 1; len(v.listed) <= v.listing.Limit; examined++ {
		if ctx.Err() != nil {
			return outOfTime(ctx, "reading was not finished")
		}
		var first *pebble.Iterator
		for _, rows := range ranges {
			if rows.Valid() && (first == nil || bytes.Compare(rows.Key()[place:], first.Key()[place:]) == sooner) {
				first = rows
			}
		}
		if first == nil {
			return nil
		}
		if err := v.many.row(ctx); err != nil {
			return err
		}
		at := competition.ListPlace{Start: parseTime(first.Key()[place:]), ID: string(first.Key()[place+timestampSize:])}
		if summary := v.summary(at.ID); summary != nil &&
			bytes.Equal(appendListedKey(nil, summary), first.Key()) && v.listing.Names(summary) {
			v.listed = append(v.listed, *summary)
		}
		if v.listing.Search != "" && examined == competition.MaxSearched {
			v.known[0] = at
			return nil
		}
		step(first)
	}
	return nil
}

// summary is one that is listed; nil if it cannot be read.
func (v *lister) summary(id string) *competition.Summary {
	summary, err := storedSummary(v.from, id)
	if err != nil {
		v.damage = append(v.damage, err)
	}
	return summary
}

// readOwn reads the private competitions that the reader has to do with: all that
// are not over, and the first of the others. Those whose ties have yet to be moved
// come back.
func (v *lister) readOwn(ctx context.Context) (over []competition.Tie, err error) {
	l := &v.listing
	open, over, err := openTies(ctx, v.many, v.from, l.Reader)
	if err != nil {
		v.damage = append(v.damage, err)
	}
	for _, ties := range [][]competition.Tie{open, over} {
		for i := range ties {
			if summary := &ties[i].Summary; summary.Definition.Visibility == competition.Private && l.Shows(summary) {
				v.own = append(v.own, *summary)
			}
		}
	}
	if !l.OfOver() {
		return over, nil
	}
	lower, upper := under(overKeys, l.Reader)
	at := len(lower)
	lower, upper = v.rangeOf(lower, upper, appendOverKey(nil, l.Reader, l.After))
	visit := each
	if l.Newest {
		visit = backwards
	}
	examined, found := 0, 0
	err = visit(ctx, v.from, lower, upper, func(key, _ []byte) error {
		if found > l.Limit {
			return errEnough
		}
		if examined++; examined > competition.MaxOverPrivate {
			return errEnough
		}
		if err := v.many.row(ctx); err != nil {
			return err
		}
		last := competition.ListPlace{Start: parseTime(key[at:]), ID: string(key[at+timestampSize:])}
		if summary := v.summary(last.ID); summary != nil && l.Shows(summary) {
			v.own = append(v.own, *summary)
			found++
		}
		if examined == competition.MaxOverPrivate {
			v.known[1] = last
		}
		return nil
	})
	return over, eachError(err, "", 0)
}
