package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// Find is the summary of a competition; see competition.Catalog.
func (s *Store) Find(ctx context.Context, competitionID string) (competition.Summary, error) {
	var packed []byte
	err := s.read.QueryRow(ctx, `SELECT packed FROM paceboard.competitions WHERE competition_id = $1`, competitionID).Scan(&packed)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return competition.Summary{}, competition.ErrUnknownCompetition
	case err != nil:
		return competition.Summary{}, unavailable("find a competition", err)
	}
	return parseSummary(competitionID, packed)
}

// Created is when competitions were created; see competition.Catalog.
func (s *Store) Created(ctx context.Context, competitionIDs []string) ([]calendar.Millis, error) {
	found := make(map[string]calendar.Millis, len(competitionIDs))
	err := s.each(ctx, createdSQL, func(row [][]byte) error {
		id := string(row[0])
		found[id], _ = competition.CreatedAt(id, row[1]) // A damaged record is recovery's to report.
		return nil
	}, competitionIDs)
	if err != nil {
		return nil, err
	}
	return inOrder(competitionIDs, found), nil
}

// inOrder is what was found for each id; the zero value where nothing was.
func inOrder[T any](ids []string, found map[string]T) []T {
	list := make([]T, len(ids))
	for i, id := range ids {
		list[i] = found[id]
	}
	return list
}

func parseSummary(id string, packed []byte) (competition.Summary, error) {
	summary, err := competition.ParseSummary(packed)
	if err != nil {
		return competition.Summary{}, corrupt(id, 1, "its summary cannot be read: %v", err)
	}
	return summary, nil
}

const (
	listSQL        = `SELECT competition_id, packed FROM paceboard.competitions WHERE competition_id > $1 ORDER BY competition_id LIMIT $2`
	createdSQL     = `SELECT competition_id, record FROM paceboard.journal WHERE competition_id = ANY($1) AND seq = 1`
	summariesSQL   = `SELECT competition_id, packed FROM paceboard.competitions WHERE competition_id = ANY($1)`
	membershipsSQL = `SELECT user_id, competition_id, number, present, creator FROM paceboard.memberships
WHERE user_id = $1 AND competition_id > $2 ORDER BY competition_id LIMIT $3`
)

// List visits summaries in the order of ids; see competition.Catalog. It reads a
// page at a time, so that a slow visitor keeps nobody waiting. A summary that
// cannot be read is left out, and named by the error at the end.
func (s *Store) List(ctx context.Context, after string, visit func(competition.Summary) bool) error {
	type entry struct {
		id     string
		packed []byte
	}
	var damage []error
	err := pages(func() (page []entry, err error) {
		err = s.each(ctx, listSQL, func(row [][]byte) error {
			page = append(page, entry{string(row[0]), append([]byte(nil), row[1]...)})
			return nil
		}, after, pageSize)
		return page, err
	}, func(e entry) bool {
		after = e.id
		summary, err := parseSummary(e.id, e.packed)
		if err != nil {
			damage = append(damage, err)
			return true
		}
		return visit(summary)
	})
	return errors.Join(append(damage, err)...)
}

// Summaries is several of them; see competition.Catalog.
func (s *Store) Summaries(ctx context.Context, competitionIDs []string) ([]competition.Summary, error) {
	found := make(map[string]competition.Summary, len(competitionIDs))
	var damage []error
	err := s.each(ctx, summariesSQL, func(row [][]byte) error {
		id := string(row[0])
		summary, err := parseSummary(id, row[1])
		if err != nil {
			damage = append(damage, err)
			return nil
		}
		found[id] = summary
		return nil
	}, competitionIDs)
	if err != nil {
		return nil, err
	}
	return inOrder(competitionIDs, found), errors.Join(damage...)
}

// MembershipsOf is a page of a user's ties; see competition.Catalog.
func (s *Store) MembershipsOf(ctx context.Context, userID, after string, limit int) ([]competition.Membership, error) {
	rows, _ := s.read.Query(ctx, membershipsSQL, userID, after, limit) // CollectRows tells its error
	memberships, err := pgx.CollectRows(rows, pgx.RowToStructByPos[competition.Membership])
	return memberships, unavailable("read memberships", err)
}
