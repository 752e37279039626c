package actors

import (
	"context"
	"maps"
	"slices"

	"github.com/paceboard/paceboard/competition"
)

// memoryLifetime is the lifetime statistics of a memoryStore.
type memoryLifetime struct {
	months      map[string]map[competition.Month]competition.History
	checkpoints map[string]uint64
}

func newMemoryLifetime() memoryLifetime {
	return memoryLifetime{months: map[string]map[competition.Month]competition.History{}, checkpoints: map[string]uint64{}}
}

func (s *memoryStore) Project(ctx context.Context, p *competition.Projection) error {
	if err := s.call(ctx, "Project"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	l := &s.lifetime
	if l.checkpoints[p.CompetitionID] < p.From {
		return competition.ErrConflict
	}
	for _, row := range p.Rows {
		identity, ok := s.identities[p.CompetitionID][row.Number]
		if !ok {
			continue
		}
		whole := competition.History{Sources: p.Sources, Days: row.Days, SyncedAt: row.LastSyncedAt}
		for month, part := range whole.Months() {
			known := l.months[identity.UserID][month]
			known.Merge(part)
			put(l.months, identity.UserID, month, known)
		}
	}
	l.checkpoints[p.CompetitionID] = max(l.checkpoints[p.CompetitionID], p.To)
	return nil
}

func (s *memoryStore) LifetimeOf(ctx context.Context, userID string) (months []competition.History, behind []string, ties int, err error) {
	if err := s.call(ctx, "LifetimeOf"); err != nil {
		return nil, nil, 0, err
	}
	defer s.mu.Unlock()
	for id, m := range s.memberships[userID] {
		if m.Number > 0 && s.lifetime.checkpoints[id] < s.last(id) {
			behind = append(behind, id)
		}
	}
	slices.Sort(behind)
	return slices.Collect(maps.Values(s.lifetime.months[userID])), behind, len(s.memberships[userID]), nil
}

func (s *memoryStore) Unprojected(ctx context.Context, visit func(string)) error {
	if err := s.call(ctx, "Unprojected"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(s.headers)) {
		if s.lifetime.checkpoints[id] < s.headers[id].seq {
			visit(id)
		}
	}
	return nil
}

func (s *memoryStore) ForgetLifetime(ctx context.Context, userID string) error {
	if err := s.call(ctx, "ForgetLifetime"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	delete(s.lifetime.months, userID)
	return nil
}

// clone is a store that holds the same, as after a crash of the process.
func (s *memoryStore) clone() *memoryStore {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := newMemoryStore()
	c.summaries, c.headers = maps.Clone(s.summaries), maps.Clone(s.headers)
	for id, journal := range s.journals {
		c.journals[id] = slices.Clone(journal)
	}
	cloneInto(c.identities, s.identities)
	cloneInto(c.memberships, s.memberships)
	cloneInto(c.rows, s.rows)
	cloneInto(c.lifetime.months, s.lifetime.months)
	c.lifetime.checkpoints = maps.Clone(s.lifetime.checkpoints)
	return c
}

func cloneInto[K, L comparable, V any](to, from map[K]map[L]V) {
	for k, m := range from {
		to[k] = maps.Clone(m)
	}
}
