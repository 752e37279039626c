package actors

import (
	"context"

	"github.com/paceboard/paceboard/competition"
)

// memoryErasures is what a memoryStore was told of erasures.
type memoryErasures struct {
	pseudonymised []competition.Erasure
	scrubs        int
}

func (l *memoryLedger) erase(id string, e competition.Erasure) {
	for i := range l.transactions {
		if t := &l.transactions[i]; t.ID.CompetitionID == id {
			t.Rename(e.UserID, e.Pseudonym)
		}
	}
	for key, p := range l.prizes {
		if key.CompetitionID == id && p.UserID == e.UserID {
			p.UserID = e.Pseudonym
			l.prizes[key] = p
		}
	}
}

func (s *memoryStore) Pseudonymise(ctx context.Context, e competition.Erasure, _ competition.Millis, _ func() string) error {
	if err := s.call(ctx, "Pseudonymise"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.erasures.pseudonymised = append(s.erasures.pseudonymised, e)
	return nil
}

func (s *memoryStore) Scrub(ctx context.Context) error {
	if err := s.call(ctx, "Scrub"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.erasures.scrubs++
	return nil
}
