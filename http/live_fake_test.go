package http

import "github.com/paceboard/paceboard/competition"

// Subscribe gives the subscription the board that the fake has.
func (e *fakeEngine) Subscribe(s *competition.Subscription, caller competition.Caller) error {
	if err := e.note("Subscribe", s.CompetitionID, caller); err != nil {
		return err
	}
	s.Put(competition.NextUpdate(nil, e.top))
	return nil
}

// Unsubscribe does nothing.
func (e *fakeEngine) Unsubscribe(*competition.Subscription) {}
