package actors

import (
	"errors"
	"time"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
)

// An answer from memory is confirmed before it is given: by the node's lease, or by the
// store.

// atOnce is the deadline by which a request of another node waits for this node's lease: it
// does not wait at all, since it may go on elsewhere.
var atOnce time.Time

// confirmWithin is how long a request of another node waits for Options.Confirm, which
// always takes some time.
const confirmWithin = time.Second

// confirm returns nil once an answer from memory may be given. The state was looked at
// after the request came, and now the lease is. An expired lease may be extended by the
// deadline; then no other process had the competition meanwhile, since a node that was
// buried never gets its lease back. With Options.Confirm the store is asked instead.
// Error: competition.ErrUnavailable.
func (e *Engine) confirm(deadline time.Time) error {
	switch o := &e.options; {
	case o.Confirm != nil && deadline.Equal(atOnce):
		return o.Confirm(time.Now().Add(confirmWithin))
	case o.Confirm != nil:
		return o.Confirm(deadline)
	case o.Lease == nil || o.Lease.Valid():
		return nil
	default:
		return o.Lease.Await(deadline)
	}
}

// confirmed is confirm for an answer, and then returns the answer's own error: refusals rest
// on memory, too. An answer that another node is to be asked does not, and goes back to the
// node that asked at once, which may repeat what was certainly not carried out.
func (e *Engine) confirmed(v *mailbox.Envelope, deadline time.Time) error {
	turnedAway := deadline.Equal(atOnce) && errors.Is(v.Err, competition.ErrNotOwner)
	if !v.Proven && !turnedAway {
		if err := e.confirm(deadline); err != nil {
			return err
		}
	}
	return v.Err
}
