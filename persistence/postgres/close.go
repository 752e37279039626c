package postgres

import (
	"context"
	"time"
)

// Close waits for calls under way and ends the connections. One that the server
// does not answer on any more delays it by 15 s at most. A process that had the database
// to itself is dead then; a node of a cluster has retired before, or is buried.
func (s *Store) Close() error {
	if s.pipeline != nil {
		s.pipeline.close()
	}
	if s.alone && s.claims != nil && s.refusal() == nil {
		ctx, cancel := context.WithTimeout(context.Background(), retireTimeout)
		defer cancel()
		if err := s.Retire(ctx, s.node); err != nil {
			s.logger.Warn("the node could not be retired; the next process does it", "error", err)
		}
	}
	if s.holds != nil {
		s.holds.close()
	}
	for _, p := range s.pools() {
		p.close()
	}
	if s.presence != nil {
		s.presence.leave()
	}
	return nil
}

// retireTimeout is how long a process that ends tries to say so.
const retireTimeout = 2 * time.Second
