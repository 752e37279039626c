package actors

import "github.com/paceboard/paceboard/competition"

// Subscribe begins a subscription, which has its first update when this
// returns. It keeps the competition in memory until Unsubscribe.
func (e *Engine) Subscribe(s *competition.Subscription, caller competition.Caller) error {
	deadline := e.deadline()
	h, err := e.acquire(s.CompetitionID, deadline)
	if err != nil {
		return err
	}
	if _, err := ask[struct{}](e, h, &subscribe{caller: caller, subscription: s}, deadline); err != nil {
		// After a time-out the actor may still add it; this comes after that.
		e.tell(h, &unsubscribe{subscription: s})
		e.release(h)
		return err
	}
	e.dismiss() // it keeps its lease, but is no longer a request
	return nil
}

// Unsubscribe ends a subscription that Subscribe began.
func (e *Engine) Unsubscribe(s *competition.Subscription) {
	if h := e.actors.registry.find(s.CompetitionID); h != nil {
		e.tell(h, &unsubscribe{subscription: s})
		h.release()
	}
}
