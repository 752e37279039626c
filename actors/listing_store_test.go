package actors

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/paceboard/paceboard/competition"
)

// The lists of the memoryStore look through everything.

func (s *memoryStore) Visible(ctx context.Context, l competition.Listing) (page []competition.Summary, next competition.ListPlace, err error) {
	if err := s.call(ctx, "Visible"); err != nil {
		return nil, next, err
	}
	defer s.mu.Unlock()
	var all []competition.Summary
	for id, summary := range s.summaries {
		mine := s.memberships[l.Reader][id]
		visible := l.Operator || summary.Definition.Visibility == competition.Public || mine.Present || mine.Creator
		if visible && l.Shows(&summary) {
			all = append(all, summary)
		}
	}
	page, next = l.Page(next, all)
	return page, next, nil
}

func (s *memoryStore) OpenTies(ctx context.Context, userID string) (ties []competition.Tie, err error) {
	if err := s.call(ctx, "OpenTies"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(s.memberships[userID])) {
		m, summary := s.memberships[userID][id], s.summaries[id]
		if s.damaged[id] {
			err = competition.ErrCorrupt
			continue
		}
		if (m.Present || m.Creator) && !summary.Status.Over() {
			ties = append(ties, competition.Tie{Membership: m, Summary: summary})
		}
	}
	return ties, err
}

func (s *memoryStore) DueBefore(ctx context.Context, after competition.Due, before competition.Millis, limit int) (due []competition.Due, err error) {
	if err := s.call(ctx, "DueBefore"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	order := func(a, b competition.Due) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.CompetitionID, b.CompetitionID))
	}
	for id, summary := range s.summaries {
		if at, ok := summary.DueAt(); ok && at <= before && order(competition.Due{CompetitionID: id, At: at}, after) > 0 {
			due = append(due, competition.Due{CompetitionID: id, At: at})
		}
	}
	slices.SortFunc(due, order)
	return due[:min(len(due), limit)], nil
}
