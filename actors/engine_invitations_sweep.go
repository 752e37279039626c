package actors

import (
	"context"
	"log/slog"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// sweeper deletes invitations and join codes that need not be kept. Of several
// processes each sweeps, which does no harm.
type sweeper struct {
	store   competition.InvitationStore
	timeout time.Duration // of one call of the store
	now     func() calendar.Millis
	logger  *slog.Logger
}

const (
	sweepInvitationsEvery  = time.Hour
	sweepInvitationsAtOnce = 1_000
)

// sweep deletes some at a time. What fails is left for the next time.
func (s sweeper) sweep(ctx context.Context) {
	for ctx.Err() == nil {
		within, cancel := context.WithTimeout(ctx, s.timeout)
		n, err := s.store.SweepInvitations(within, s.now(), sweepInvitationsAtOnce)
		cancel()
		if err != nil {
			s.logger.WarnContext(ctx, "old invitations cannot be deleted now", "error", err)
		}
		if err != nil || n < sweepInvitationsAtOnce {
			return
		}
	}
}
