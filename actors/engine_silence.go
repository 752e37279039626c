package actors

import (
	"context"
	"log/slog"
	"time"
)

// silences ends the subscriptions of this node's clients to its own boards when it has
// had no lease for as long as other nodes would wait for a sign of life: another node may
// have the boards, and what is shown here may be old for long. The clients come back, here
// or elsewhere.
type silences struct {
	lease  Lease
	all    func() []*handle
	tell   func(h *handle, message any)
	logger *slog.Logger

	since time.Time // when the lease was first seen to have ended; zero while it lasts
	ended bool      // the subscriptions were, and new ones wait for the lease
}

// look is called every signEvery.
func (s *silences) look(ctx context.Context) {
	switch {
	case s.lease.Valid():
		s.since, s.ended = time.Time{}, false
	case s.since.IsZero():
		s.since = time.Now()
	case !s.ended && time.Since(s.since) >= silence:
		s.ended = true
		s.logger.WarnContext(ctx, "this node has had no lease for long: those who watch its boards are to come back")
		for _, h := range s.all() {
			s.tell(h, &endSubscribers{})
		}
	}
}
