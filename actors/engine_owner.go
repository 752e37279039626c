package actors

import (
	"time"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
)

// Peers are the nodes that own the other competitions. Safe for concurrent use.
type Peers interface {
	// Home reports whether a competition that nobody owns belongs to this node.
	Home(competitionID string) bool
}

// Lease says whether this process may answer from memory: whether it is certain that
// no other one has been given its competitions. Safe for concurrent use.
type Lease interface {
	// Valid costs no more than a look at the monotonic clock.
	Valid() bool

	// Await returns as soon as the lease is valid. Error: competition.ErrUnavailable at
	// the deadline.
	Await(deadline time.Time) error
}

// confirm ends a request whose answer rests on memory: the state was looked at after
// the request came, and now the lease is. An expired one may be extended within the
// deadline; then no other process had the competition meanwhile, since a node that was
// buried never gets its lease back.
func (e *Engine) confirm(deadline time.Time) error {
	if e.options.Lease == nil || e.options.Lease.Valid() {
		return nil
	}
	return e.options.Lease.Await(deadline)
}

// confirmed is confirm for an answer; an error of the answer's own is returned likewise,
// since refusals rest on memory, too.
func (e *Engine) confirmed(v *mailbox.Envelope, deadline time.Time) error {
	if !v.Proven {
		if err := e.confirm(deadline); err != nil {
			return err
		}
	}
	return v.Err
}
