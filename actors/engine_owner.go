package actors

import (
	"errors"
	"fmt"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/tracing"
	"github.com/paceboard/paceboard/internal/worker"
)

// askNode asks another node. Errors: those of Peers.Ask that say that nothing was done, and
// errLost for all others.
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

// pause waits until nodes come or go, or for a short time. It reports whether there is time
// left for another try.
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
