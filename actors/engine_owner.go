package actors

import (
	"errors"
	"fmt"
	"time"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/tracing"
	"github.com/paceboard/paceboard/internal/worker"
)

// atOnce is until when a request of another node waits for this node's lease: not at all,
// since it may go on elsewhere.
var atOnce time.Time

// confirmWithin is how long a request of another node waits for Options.Confirm, which
// always takes some time.
const confirmWithin = time.Second

// confirm ends a request whose answer rests on memory: the state was looked at after
// the request came, and now the lease is. An expired one may be extended by the
// deadline; then no other process had the competition meanwhile, since a node that was
// buried never gets its lease back. With Options.Confirm the store is asked instead.
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

// confirmed is confirm for an answer; an error of the answer's own is returned likewise,
// since refusals rest on memory, too. That another node is to be asked does not: the node
// that asked is told so at once, for it may repeat what was certainly not carried out.
func (e *Engine) confirmed(v *mailbox.Envelope, deadline time.Time) error {
	turnedAway := deadline.Equal(atOnce) && errors.Is(v.Err, competition.ErrNotOwner)
	if !v.Proven && !turnedAway {
		if err := e.confirm(deadline); err != nil {
			return err
		}
	}
	return v.Err
}

// askNode asks another node. Errors: those of Peers.Ask; errLost for all that does not
// say that nothing was done.
func (e *Engine) askNode(node, id string, kind uint16, body []byte, deadline time.Time) ([]byte, error) {
	span := e.span.Child("forward", tracing.Client)
	span.SetText(tracedNode, node)
	span.SetText(tracedCompetition, id)
	answer, err := e.options.Peers.Ask(node, id, kind, body, span.Context(), deadline)
	span.End(err)
	if err == nil || nothingDone(err) {
		return answer, err
	}
	return nil, fmt.Errorf("%w: %w", errLost, err)
}

// nothingDone reports whether an error of Peers.Ask says that the node did nothing.
func nothingDone(err error) bool {
	var invalid *competition.InvalidError
	return errors.Is(err, competition.ErrNotDelivered) || errors.Is(err, competition.ErrNotOwner) ||
		errors.Is(err, competition.ErrOverloaded) || errors.Is(err, competition.ErrDeploying) || errors.As(err, &invalid)
}

// way is how one request finds the owner of its competition. Reading starts at submit
// or forward, which ask along it until an answer is final.
type way struct {
	engine   *Engine
	id       string
	deadline time.Time
	tries    int
	asked    string          // the node that was tried last; empty for this process
	changed  <-chan struct{} // since before the last try
	ended    <-chan struct{} // nobody waits for an answer any more; nil if somebody always does
}

func (e *Engine) wayTo(id string, deadline time.Time) way {
	return way{engine: e, id: id, deadline: deadline}
}

// node returns where to try next; empty for this process.
func (w *way) node() string {
	peers := w.engine.options.Peers
	w.asked = ""
	if peers != nil && w.engine.actors.registry.find(w.id) == nil {
		w.changed = peers.Changed()
		w.asked = peers.Route(w.id)
	}
	return w.asked
}

var (
	ownerBackoff = worker.Backoff{First: 5 * time.Millisecond, Max: 100 * time.Millisecond, Jitter: 0.5}
	// errLost is returned if a request to another node may have been carried out.
	errLost = fmt.Errorf("%w: the answer of the node that owns the competition was lost", competition.ErrUnavailable)
)

// maxCorrections is how often a request follows what it is told at once. After that it
// waits between tries: the nodes do not agree yet.
const maxCorrections = 3

// again reports whether the request is to be tried again after an answer: when the node
// was not the owner, or was not reached. repeatable requests are also repeated after a
// lost answer, and when another node cannot reach the store: it may be cut off alone, and
// then there will be another owner. A competition without an owner is waited for here,
// never at another node.
func (w *way) again(err error, repeatable bool) bool {
	peers := w.engine.options.Peers
	if err == nil || peers == nil {
		return false
	}
	var pause bool
	var elsewhere *competition.ElsewhereError
	switch {
	case errors.As(err, &elsewhere):
		peers.Learn(w.id, elsewhere.Node)
		if elsewhere.Node != "" && peers.Lost(elsewhere.Node) {
			return false // a claim was refused, so it lives; waiting for it is no use
		}
		pause = elsewhere.Node == "" || w.tries >= maxCorrections
	case errors.Is(err, competition.ErrNotDelivered), repeatable && errors.Is(err, errLost):
		peers.Learn(w.id, "")
		if peers.Lost(w.asked) && peers.Route(w.id) == w.asked {
			return false // there is no other way
		}
		pause = true
	case repeatable && w.asked != "" && errors.Is(err, competition.ErrUnavailable):
		pause = true
	default:
		return false
	}
	w.tries++
	return !pause || w.pause()
}

// pause waits until nodes came or went, or for a short time; it returns false if the
// request's time is over.
func (w *way) pause() bool {
	left := time.Until(w.deadline)
	if left <= 0 {
		return false
	}
	timer := time.NewTimer(min(left, ownerBackoff.After(w.tries)))
	defer timer.Stop()
	select {
	case <-w.changed: // nil, and never ready, if the last try was here
	case <-timer.C:
	case <-w.ended:
		return false
	case <-w.engine.life.Done():
		return false
	}
	return time.Until(w.deadline) > 0
}
