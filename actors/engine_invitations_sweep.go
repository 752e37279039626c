package actors

import (
	"context"
	"time"
)

const (
	sweepInvitationsEvery  = time.Hour
	sweepInvitationsAtOnce = 1_000
)

// sweepInvitations deletes invitations and join codes that need not be kept, some
// at a time. What fails is left for the next time. Of several processes each
// sweeps, which does no harm.
func (e *Engine) sweepInvitations(ctx context.Context) {
	for ctx.Err() == nil {
		within, cancel := context.WithTimeout(ctx, e.options.StoreTimeout)
		n, err := e.store.SweepInvitations(within, e.now(), sweepInvitationsAtOnce)
		cancel()
		if err != nil {
			e.options.Logger.WarnContext(ctx, "old invitations cannot be deleted now", "error", err)
		}
		if err != nil || n < sweepInvitationsAtOnce {
			return
		}
	}
}
