package actors

import (
	"context"
	"time"
)

const (
	sweepInvitationsEvery  = time.Hour
	sweepInvitationsAtOnce = 1_000
)

// invitationSweeper deletes invitations and join codes that need not be kept, some
// at a time. Of several processes each sweeps, which does no harm.
type invitationSweeper struct {
	engine *Engine
	stop   context.CancelFunc
	done   chan struct{}
}

func startInvitationSweeper(e *Engine) *invitationSweeper {
	ctx, cancel := context.WithCancel(e.life)
	s := &invitationSweeper{engine: e, stop: cancel, done: make(chan struct{})}
	go s.run(ctx)
	return s
}

func (s *invitationSweeper) close() {
	s.stop()
	<-s.done
}

func (s *invitationSweeper) run(ctx context.Context) {
	defer close(s.done)
	every := time.NewTicker(sweepInvitationsEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			s.sweep(ctx)
		}
	}
}

// sweep deletes all that may be deleted now. What fails is left for the next time.
func (s *invitationSweeper) sweep(ctx context.Context) {
	for ctx.Err() == nil {
		within, cancel := context.WithTimeout(ctx, s.engine.StoreTimeout)
		n, err := s.engine.Store.SweepInvitations(within, s.engine.now(), sweepInvitationsAtOnce)
		cancel()
		if err != nil {
			s.engine.Logger.WarnContext(ctx, "old invitations cannot be deleted now", "error", err)
		}
		if err != nil || n < sweepInvitationsAtOnce {
			return
		}
	}
}
