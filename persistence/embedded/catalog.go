package embedded

import (
	"context"
	"errors"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// The catalog is read without waiting for the commit under way: many more ask it
// than write it, and a row that shows a millisecond before its fsync does no
// harm, because all that follows from it is decided by the competition itself.

// Find is the summary of a competition; see competition.Catalog. One that lost
// its summary with the rest of its journal gives a *competition.CorruptError.
func (s *Store) Find(ctx context.Context, competitionID string) (competition.Summary, error) {
	if ctx.Err() != nil {
		return competition.Summary{}, outOfTime(ctx, "nothing was begun")
	}
	summary, err := storedSummary(s.db, competitionID)
	switch {
	case err != nil:
		return competition.Summary{}, err
	case summary != nil:
		return *summary, nil
	}
	if damage, known := s.damaged[competitionID]; known {
		return competition.Summary{}, damage
	}
	return competition.Summary{}, competition.ErrUnknownCompetition
}

// Created is when competitions were created; see competition.Catalog.
func (s *Store) Created(ctx context.Context, competitionIDs []string) ([]calendar.Millis, error) {
	created := make([]calendar.Millis, len(competitionIDs))
	for i, id := range competitionIDs {
		if ctx.Err() != nil {
			return nil, outOfTime(ctx, "nothing was changed")
		}
		records, err := get(s.db, appendJournalKey(nil, id, 1))
		if err != nil {
			return nil, translate(err, id, 1)
		}
		if len(records) > 0 {
			created[i], _ = competition.CreatedAt(id, records) // A damaged record is recovery's to report.
		}
	}
	return created, nil
}

// List visits summaries in the order of ids; see competition.Catalog. A summary
// that cannot be read is left out, and named by the error at the end.
func (s *Store) List(ctx context.Context, after string, visit func(competition.Summary) bool) error {
	lower, upper := allOf(summaryKeys)
	if after != "" {
		lower = append(appendKey(nil, summaryKeys, after), separator)
	}
	var damage []error
	err := each(ctx, s.db, lower, upper, func(key, value []byte) error {
		summary, err := parseSummary(key, value)
		if err != nil {
			damage = append(damage, corrupt(name(key), 1, "its summary cannot be read: %v", err))
			return nil
		}
		if !visit(summary) {
			return errEnough
		}
		return nil
	})
	return errors.Join(append(damage, eachError(err, "", 0))...)
}

// Summaries is several of them; see competition.Catalog.
func (s *Store) Summaries(ctx context.Context, competitionIDs []string) ([]competition.Summary, error) {
	found := make([]competition.Summary, len(competitionIDs))
	var damage []error
	for i, id := range competitionIDs {
		summary, err := s.Find(ctx, id)
		switch {
		case err == nil:
			found[i] = summary
		case errors.Is(err, competition.ErrCorrupt):
			damage = append(damage, err)
		case !errors.Is(err, competition.ErrUnknownCompetition):
			return nil, err
		}
	}
	return found, errors.Join(damage...)
}

// MembershipsOf is a page of a user's ties; see competition.Catalog.
func (s *Store) MembershipsOf(ctx context.Context, userID, after string, limit int) ([]competition.Membership, error) {
	var memberships []competition.Membership
	lower, upper := under(membershipKeys, userID)
	at := len(lower)
	if after != "" {
		lower = append(append(lower, after...), separator)
	}
	err := each(ctx, s.db, lower, upper, func(key, value []byte) error {
		if len(memberships) == limit {
			return errEnough
		}
		m, err := membership(key, value, userID, string(key[at:]))
		memberships = append(memberships, m)
		return err
	})
	return memberships, eachError(err, "", 0)
}
