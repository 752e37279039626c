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
	page, next = l.Page(v.known, v.listed, v.own)
	return page, next, errors.Join(v.damage...)
}

// lister reads a page. Summaries that cannot be read are left out, and named by
// damage.
type lister struct {
	from    pebble.Reader
	many    *bulk
	listing competition.Listing
	listed  []competition.Summary // of the visibilities that the reader sees anyhow
	own     []competition.Summary // private, because of ties
	known   competition.ListPlace // see competition.Listing.Page
	damage  []error
}

// statuses are those that the list shows.
func (v *lister) statuses() []competition.Status {
	if v.listing.Status != 0 {
		return []competition.Status{v.listing.Status}
	}
	return competition.AllStatuses()
}

// readListed reads the first competitions of some visibilities, one more than fit.
// It goes along as many ranges at once as there are visibilities and statuses.
func (v *lister) readListed(ctx context.Context, visibilities []byte) (err error) {
	var ranges []*pebble.Iterator
	defer func() {
		for _, rows := range ranges {
			err = errors.Join(err, unread(rows.Close()))
		}
	}()
	for _, visibility := range visibilities {
		for _, status := range v.statuses() {
			prefix := []byte{listedKeys, '/', visibility, byte(status)}
			lower := prefix
			if after := v.listing.After; after != (competition.ListPlace{}) {
				lower = append(append(appendTime(bytes.Clone(prefix), after.Start), after.ID...), separator)
			}
			upper := []byte{listedKeys, '/', visibility, byte(status) + 1}
			rows, err := v.from.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
			if err != nil {
				return unread(err)
			}
			ranges = append(ranges, rows)
			rows.First()
		}
	}
	const place = kindSize + 2 // where it begins in the key
	for len(v.listed) <= v.listing.Limit {
		if ctx.Err() != nil {
			return outOfTime(ctx, "reading was not finished")
		}
		var first *pebble.Iterator
		for _, rows := range ranges {
			if rows.Valid() && (first == nil || bytes.Compare(rows.Key()[place:], first.Key()[place:]) < 0) {
				first = rows
			}
		}
		if first == nil {
			return nil
		}
		if err := v.many.row(ctx); err != nil {
			return err
		}
		if summary := v.summary(string(first.Key()[place+timestampSize:])); summary != nil &&
			bytes.Equal(appendListedKey(nil, summary), first.Key()) {
			v.listed = append(v.listed, *summary)
		}
		first.Next()
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
	if l.Status != 0 && !l.Status.Over() {
		return over, nil
	}
	lower, upper := under(overKeys, l.Reader)
	at := len(lower)
	if l.After != (competition.ListPlace{}) {
		lower = append(appendOverKey(nil, l.Reader, l.After), separator)
	}
	examined, found := 0, 0
	err = each(ctx, v.from, lower, upper, func(key, _ []byte) error {
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
			v.known = last
		}
		return nil
	})
	return over, eachError(err, "", 0)
}
