package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

var _ competition.Holds = (*Store)(nil)

var errNoNode = errors.New("this process is not a node of a cluster")

// holdPause is the pause between two attempts to take a name that another process holds.
var holdPause = worker.Backoff{First: 2 * time.Millisecond, Max: 50 * time.Millisecond, Jitter: 0.5}

// Hold takes a name; see competition.Holds. Cost: a round trip, which callers share.
func (s *Store) Hold(ctx context.Context, kind competition.HoldKind, name string) (release func(), err error) {
	if s.holds == nil {
		return nil, unavailable("take turns with other processes", errNoNode)
	}
	for tries := 1; ; tries++ {
		release, err = s.holds.take(ctx, kind, name)
		if !errors.Is(err, errHeld) {
			return release, unavailable("take turns with other processes", err)
		}
		if !worker.Pause(ctx, holdPause.After(tries)) {
			return nil, unavailable("take turns with other processes", errors.Join(err, context.Cause(ctx)))
		}
	}
}
