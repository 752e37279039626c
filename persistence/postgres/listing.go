package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

const (
	// Lists that begin with the newest are read by the same statements, backwards.

	// Here packed is read by subqueries of one row each. As a join, the planner,
	// which does not know how few rows a limit leaves, would read all competitions.

	// visibleSQL finds the first places in the ranges of several visibilities and
	// statuses, and only then reads what is listed there.
	visibleSQL = `
SELECT first.competition_id, (SELECT packed FROM paceboard.competitions c WHERE c.competition_id = first.competition_id)
FROM (
    SELECT l.competition_id, l.start_at
    FROM unnest($1::text[]) v (visibility), unnest($2::text[]) s (status), LATERAL (
        SELECT competition_id, start_at
        FROM paceboard.competitions
        WHERE visibility = v.visibility AND status = s.status AND (start_at, competition_id) > ($3, $4)
        ORDER BY start_at ASC, competition_id ASC
        LIMIT $5
    ) l
    ORDER BY l.start_at ASC, l.competition_id ASC
    LIMIT $5
) first
ORDER BY first.start_at ASC, first.competition_id ASC`

	openTiesSQL = `
SELECT m.competition_id, m.number, m.present, m.creator,
       (SELECT packed FROM paceboard.competitions c WHERE c.competition_id = m.competition_id)
FROM paceboard.memberships m
WHERE m.user_id = $1 AND NOT m.over AND (m.present OR m.creator)
ORDER BY m.competition_id`

	// retireTiesSQL does nothing to what has changed since it was read.
	retireTiesSQL = `
UPDATE paceboard.memberships m
SET over = true, over_start = CASE WHEN c.visibility = 'private' THEN c.start_at END
FROM paceboard.competitions c
WHERE m.user_id = $1 AND m.competition_id = ANY ($2) AND c.competition_id = m.competition_id
  AND c.status IN ('completed', 'settled', 'cancelled')`

	// overTiesSQL finds places, and reads what is there if its status fits: all do
	// where none is given.
	overTiesSQL = `
SELECT m.competition_id, m.over_start,
       (SELECT CASE WHEN $2::text[] = '{}' OR c.status = ANY ($2) THEN c.packed END FROM paceboard.competitions c WHERE c.competition_id = m.competition_id)
FROM (
    SELECT competition_id, over_start
    FROM paceboard.memberships
    WHERE user_id = $1 AND over_start IS NOT NULL AND (present OR creator) AND (over_start, competition_id) > ($3, $4)
    ORDER BY over_start ASC, competition_id ASC
    LIMIT $5
) m
ORDER BY m.over_start ASC, m.competition_id ASC`

	dueSQL = `
SELECT competition_id, due_at AT TIME ZONE 'UTC'
FROM paceboard.competitions
WHERE (due_at, competition_id) > ($1::timestamptz AT TIME ZONE 'UTC', $2) AND due_at <= $3::timestamptz AT TIME ZONE 'UTC'
ORDER BY due_at, competition_id
LIMIT $4`
)

// DueBefore is the competitions whose status is due; see competition.Catalog.
func (s *Store) DueBefore(ctx context.Context, after competition.Due, before calendar.Millis, limit int) ([]competition.Due, error) {
	rows, _ := s.read.Query(ctx, dueSQL, after.At.Time(), after.CompetitionID, before.Time(), limit) // CollectRows tells its error
	due, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (d competition.Due, err error) {
		var at time.Time
		err = row.Scan(&d.CompetitionID, &at)
		d.At = calendar.MillisOf(at)
		return d, err
	})
	return due, unavailable("find what is due", err)
}

// OpenTies is a user's ties to what is not over; see competition.Catalog.
func (s *Store) OpenTies(ctx context.Context, userID string) ([]competition.Tie, error) {
	open, over, err := s.openTies(ctx, userID)
	s.retireTies(ctx, userID, over)
	return open, err
}

// openTies is a user's ties that are open, and those of which that is not so any
// more. Ties to a summary that cannot be read are left out, and named by the error.
func (s *Store) openTies(ctx context.Context, userID string) (open, over []competition.Tie, err error) {
	rows, _ := s.read.Query(ctx, openTiesSQL, userID) // ForEachRow tells its error
	var damage []error
	var packed []byte
	tie := competition.Tie{Membership: competition.Membership{UserID: userID}}
	_, err = pgx.ForEachRow(rows, []any{&tie.CompetitionID, &tie.Number, &tie.Present, &tie.Creator, &packed}, func() error {
		summary, err := parseSummary(tie.CompetitionID, packed)
		switch tie.Summary = summary; {
		case err != nil:
			damage = append(damage, err)
		case summary.Status.Over():
			over = append(over, tie)
		default:
			open = append(open, tie)
		}
		return nil
	})
	if err != nil {
		return nil, nil, unavailable("read memberships", err)
	}
	return open, over, errors.Join(damage...)
}

// retireTies notes that competitions are over. When it does not succeed, the next
// reader tries again.
func (s *Store) retireTies(ctx context.Context, userID string, over []competition.Tie) {
	if len(over) == 0 {
		return
	}
	ids := make([]string, len(over))
	for i := range over {
		ids[i] = over[i].CompetitionID
	}
	if _, err := s.write.Exec(ctx, retireTiesSQL, userID, ids); err != nil {
		s.logger.WarnContext(ctx, "ties to competitions that are over could not be noted", "error", err)
	}
}

// Visible is a page of what a reader may see; see competition.Catalog.
func (s *Store) Visible(ctx context.Context, l competition.Listing) (page []competition.Summary, next competition.ListPlace, err error) {
	visibilities := []string{string(competition.Public)}
	if l.Operator {
		visibilities = append(visibilities, string(competition.Private))
	}
	var damage []error
	var known [2]competition.ListPlace
	listed, err := s.readListed(ctx, &l, visibilities, &known[0], &damage)
	if err != nil {
		return nil, next, err
	}
	var own []competition.Summary
	if !l.Operator && l.Reader != "" {
		if own, known[1], err = s.readOwn(ctx, &l, &damage); err != nil {
			return nil, next, err
		}
	}
	page, next = l.Page(known[:], listed, own)
	return page, next, errors.Join(damage...)
}

// afterArguments are the place after which a list begins.
func afterArguments(l *competition.Listing) (start any, id string) {
	switch {
	case l.After != (competition.ListPlace{}):
	case l.Newest:
		return "infinity", ""
	default:
		return "-infinity", ""
	}
	return l.After.Start.Time(), l.After.ID
}

// readListed reads the first competitions of some visibilities, one more than fit. Up
// to the place known they are complete; see competition.Listing.Page.
func (s *Store) readListed(ctx context.Context, l *competition.Listing, visibilities []string, known *competition.ListPlace, damage *[]error) (listed []competition.Summary, err error) {
	var statuses []string
	for _, status := range competition.AllStatuses() {
		if l.Of(status) {
			statuses = append(statuses, status.String())
		}
	}
	limit := l.Limit + 1
	if l.Search != "" {
		limit = max(limit, competition.MaxSearched)
	}
	examined := 0
	var last competition.ListPlace
	start, id := afterArguments(l)
	err = s.each(ctx, orderedAs(l, visibleSQL), func(row [][]byte) error {
		examined++
		summary, err := parseSummary(string(row[0]), row[1])
		if err != nil {
			*damage = append(*damage, err)
			return nil
		}
		if last = summary.Place(); l.Names(&summary) {
			listed = append(listed, summary)
		}
		return nil
	}, visibilities, statuses, start, id, limit)
	if examined == limit {
		*known = last
	}
	return listed, err
}

// orderedAs is a statement that reads a list, in the list's order.
func orderedAs(l *competition.Listing, sql string) string {
	if l.Newest {
		return backwards.Replace(sql)
	}
	return sql
}

var backwards = strings.NewReplacer(" ASC", " DESC", ") > ($3", ") < ($3")

// readOwn reads the private competitions that the reader has to do with: all that
// are not over, and the first of the others. Up to the place known they are
// complete; see competition.Listing.Page.
func (s *Store) readOwn(ctx context.Context, l *competition.Listing, damage *[]error) (own []competition.Summary, known competition.ListPlace, err error) {
	open, over, err := s.openTies(ctx, l.Reader)
	switch {
	case errors.Is(err, competition.ErrCorrupt):
		*damage = append(*damage, err)
	case err != nil:
		return nil, known, err
	}
	for _, ties := range [][]competition.Tie{open, over} {
		for i := range ties {
			if summary := &ties[i].Summary; summary.Definition.Visibility == competition.Private && l.Shows(summary) {
				own = append(own, *summary)
			}
		}
	}
	if l.OfOver() {
		if own, known, err = s.readOver(ctx, l, own, damage); err != nil {
			return nil, known, err
		}
	}
	s.retireTies(ctx, l.Reader, over)
	return own, known, nil
}

// readOver adds the first of the reader's private competitions that are over.
func (s *Store) readOver(ctx context.Context, l *competition.Listing, own []competition.Summary, damage *[]error) ([]competition.Summary, competition.ListPlace, error) {
	limit, statuses := l.Limit+1, []string{}
	if len(l.Statuses) > 0 || l.Search != "" {
		limit = max(limit, competition.MaxOverPrivate)
	}
	for _, status := range l.Statuses {
		statuses = append(statuses, status.String())
	}
	var last competition.ListPlace
	var at time.Time
	var packed []byte
	examined := 0
	start, id := afterArguments(l)
	rows, _ := s.read.Query(ctx, orderedAs(l, overTiesSQL), l.Reader, statuses, start, id, limit) // ForEachRow tells its error
	_, err := pgx.ForEachRow(rows, []any{&last.ID, &at, &packed}, func() error {
		examined++
		last.Start = calendar.MillisOf(at)
		if packed == nil {
			return nil
		}
		summary, err := parseSummary(last.ID, packed)
		if err != nil {
			*damage = append(*damage, err)
			return nil
		}
		if l.Names(&summary) {
			own = append(own, summary)
		}
		return nil
	})
	if err != nil {
		return nil, last, unavailable("read memberships", err)
	}
	if examined < limit {
		last = competition.ListPlace{}
	}
	return own, last, nil
}
