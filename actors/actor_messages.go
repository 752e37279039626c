package actors

import (
	"errors"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
)

// Messages between a competition actor and the parts around it. Those that
// answer something carry the incarnation that asked; later ones drop them.
type (
	// flush comes after the messages that were queued when the first event of a
	// batch was decided, so that all of them are in the batch.
	flush struct{ mailbox.NoDeadLetters }
	// appended is the writer's answer to the batch of which it is the result.
	appended struct {
		mailbox.NoDeadLetters
		err error
	}
	// saved is the saver's answer to a snapshot.
	saved struct {
		mailbox.NoDeadLetters
		incarnation uint64
		of          *competition.Competition // may have been given up since
		snapshot    competition.Snapshot
		err         error
	}
	// released is the saver's answer to giving the competition up.
	released struct {
		mailbox.NoDeadLetters
		incarnation uint64
		id          string
		epoch       uint64
		err         error
	}
	// unused says that a closed activation has no leases any more.
	unused struct{ mailbox.NoDeadLetters }
	// tick says that a status may be due. It holds a lease until it is handled, so
	// that an activation never ends with one in the mailbox.
	tick struct{ mailbox.NoDeadLetters }
	// sweep says to store what changed, or to leave memory when idle.
	sweep struct{ mailbox.NoDeadLetters }
	// retry says to try again what the store refused: recovery or catching up.
	retry struct {
		mailbox.NoDeadLetters
		incarnation uint64
	}
	// recheck says that the store was away, and may have come back as another one.
	recheck struct{ mailbox.NoDeadLetters }
	// shutDown says to store what changed and stop.
	shutDown struct{ mailbox.NoDeadLetters }
)

// brief reports whether a message of the actor's own takes no longer than a sync.
func brief(message any) bool {
	switch message.(type) {
	case *flush, *appended:
		return true
	default:
		return false
	}
}

var errStopped = errors.New("the server is shutting down")

// waiter is an envelope that is answered once the event seq is applied.
type waiter struct {
	envelope *mailbox.Envelope
	decision competition.Decision
	item     *competition.BatchItem // in an envelope with a batch, the one concerned
	own      bool                   // the event is the waiter's own sync, not one that it rests on
	changed  bool                   // a sync changed a total or the score
	again    bool                   // an incarnation that panicked decided it before
	err      error
}

// sync is the waiter's sync, or nil if it waits for another command.
func (w *waiter) sync() *competition.SubmitSync {
	switch {
	case w.item != nil:
		return &w.item.Sync
	case w.envelope.Command == nil:
		return &w.envelope.Sync
	default:
		return nil
	}
}

// refuse answers waiters with an error, and clears them.
func refuse(waiters []waiter, err error) {
	for i := range waiters {
		if waiters[i].envelope == nil {
			continue // answered before a panic
		}
		if group, ok := waiters[i].envelope.Command.(*batchOfSyncs); ok && waiters[i].envelope.Proven {
			group.refused = err
		}
		waiters[i].err = err
		waiters[i].answer(nil)
	}
	clear(waiters)
}

// note keeps what the waiter's own event did.
func (w *waiter) note(o competition.Outcome) {
	if !w.own {
		return
	}
	w.changed = o.Changed
	if o.Full {
		w.err = competition.ErrTooManySources
	}
}

// answer responds to the waiter, or to its part of a batch envelope; core is
// not needed for an error.
func (w *waiter) answer(core *competition.Competition) {
	v := w.envelope
	switch command := v.Command.(type) {
	case nil:
		if w.err == nil {
			v.Reply = core.SyncReply(w.decision.Number, w.changed || w.decision.Enrolled)
		}
	case *batchOfSyncs:
		if w.item.Err = w.err; w.err == nil {
			w.item.Replies = append(w.item.Replies, competition.JoinedReply{
				CompetitionID: w.item.CompetitionID,
				SyncReply:     core.SyncReply(w.decision.Number, w.changed || w.decision.Enrolled),
			})
		}
		if command.open--; command.open > 0 {
			return
		}
		if w.err = nil; command.refused != nil {
			command.refuseAll()
		}
	case competition.Command:
		if w.err == nil {
			v.Answer = command.Answer(core, w.decision)
		}
	}
	v.Respond(w.err)
}

// storing is a saveRows that waits for the snapshot of a seq.
type storing struct {
	envelope *mailbox.Envelope
	seq      uint64
}
