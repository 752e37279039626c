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
		snapshot    competition.Snapshot
		err         error
	}
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
