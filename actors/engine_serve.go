package actors

import (
	"time"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/tracing"
)

// Serve carries out what another node asks of a competition that this node owns, or may
// claim, and calls respond once with the answer, perhaps before it returns; respond must
// not block, and copies what it is given. A third node is never asked: a competition of
// another one is answered with a competition.ElsewhereError, and the node that asked goes
// on. Serve does not block, and keeps nothing of body.
func (e *Engine) Serve(competitionID string, kind uint16, body []byte, trace tracing.Context, deadline time.Time, respond func(answer []byte)) {
	if latest := e.deadline().Add(signEvery); deadline.After(latest) { // as a watch has at most
		deadline = latest
	}
	if span := e.options.Tracer.Continue(trace, "serve"); span != nil {
		span.SetText(tracedCompetition, competitionID)
		untraced := respond
		e, respond = e.Traced(span), func(answer []byte) {
			span.End(nil)
			untraced(answer)
		}
	}
	if e.gives(competitionID) { // the next owner may answer, and this one is asked again until there is one
		respond(appendAnswer(nil, nil, nil, &competition.ElsewhereError{}))
		return
	}
	if err := e.admit(); err != nil {
		if e.draining.Load() {
			err = &competition.ElsewhereError{}
		}
		respond(appendAnswer(nil, nil, nil, err))
		return
	}
	if kind == kindSync {
		v := e.envelope(competitionID, deadline)
		if err := parseSync(body, &v.Sync); err != nil {
			e.answer(v, err, respond)
			return
		}
		e.deliver(competitionID, v, deadline, respond)
		return
	}
	request, err := takeRequest(competitionID, kind, body)
	if err != nil {
		e.dismiss()
		respond(appendAnswer(nil, nil, nil, err))
		return
	}
	if q, ok := request.(*getTopSince); ok && e.options.Confirm == nil {
		if top, err := e.publishedHere(competitionID, q.reader()); top != nil {
			e.respond(request, top, err, respond)
			return
		}
	}
	if q, ok := request.(boardQuery); ok && q.entries() <= smallPage {
		v := e.envelope(competitionID, deadline)
		v.Command = request
		e.deliver(competitionID, v, deadline, respond)
		return
	}
	e.serving.Go(func() {
		answer, err := e.serve(competitionID, request, deadline)
		e.respond(request, answer, err, respond)
	})
}

// respond encodes what another node is answered, and ends its request.
func (e *Engine) respond(request, answer any, err error, respond func(answer []byte)) {
	room := e.takeRoom()
	*room = appendAnswer((*room)[:0], request, answer, err)
	e.dismiss()
	respond(*room)
	e.putRoom(room)
}

// publishedHere returns the published top of a board that is in memory, if there is one for
// the caller, without waiting. The error says why the lease does not allow telling it.
func (e *Engine) publishedHere(id string, caller competition.Caller) (*competition.Published, error) {
	h := e.actors.registry.find(id)
	if h == nil || !h.acquire() {
		return nil, nil
	}
	defer h.release()
	top := h.published(caller)
	return top, e.confirm(atOnce)
}

// gives reports whether a competition is to be claimed elsewhere, if it is not this
// node's already.
func (e *Engine) gives(id string) bool {
	if e.draining.Load() {
		return true
	}
	return e.actors.registry.find(id) == nil && (e.leaving.Load() || e.actors.given.lately(id) && !e.options.Peers.Home(id))
}

// serve is Serve for what a goroutine waits for.
func (e *Engine) serve(id string, request any, deadline time.Time) (answer any, err error) {
	switch q := request.(type) {
	case *watch:
		return e.watched(id, q, deadline)
	case *getTopSince:
		return e.topHere(id, q.reader(), deadline, atOnce)
	case *batchOfSyncs:
		h, err := e.find(id, true, deadline)
		if err != nil {
			return nil, err
		}
		defer h.release()
		return e.askActor(h, q, deadline, atOnce)
	default:
		return askHere[any](e, id, request, deadline, atOnce)
	}
}

// smallPage is how many entries of a board the actor's goroutine copies and encodes for
// another node: for so few that costs less than a goroutine of the request's own, and the
// actor's other requests wait as long as for a few syncs.
const smallPage = 101

// deliver has an envelope answered without a goroutine of its own, if its competition is
// in memory: the actor's goroutine answers it.
func (e *Engine) deliver(id string, v *mailbox.Envelope, deadline time.Time, respond func(answer []byte)) {
	if h := e.actors.registry.find(id); h != nil && h.acquire() {
		e.post(h, v, respond)
		return
	}
	e.serving.Go(func() {
		h, err := e.find(id, true, deadline)
		if err != nil {
			e.answer(v, err, respond)
			return
		}
		e.post(h, v, respond)
	})
}

// post puts an envelope into the mailbox of an activation that is leased; it is answered
// when the actor has done so.
func (e *Engine) post(h *handle, v *mailbox.Envelope, respond func(answer []byte)) {
	span := v.Span
	finish := func() {
		span.End(v.Err)
		err := e.confirmed(v, atOnce)
		h.release()
		e.answer(v, err, respond)
	}
	v.Then = func() {
		if v.Proven || e.options.Confirm == nil {
			finish()
			return
		}
		e.serving.Go(finish)
	}
	h.mailbox.PostUserMessage(v)
}

// answer answers a sync or a boardQuery of another node, and takes back all that it had.
func (e *Engine) answer(v *mailbox.Envelope, err error, respond func(answer []byte)) {
	room := e.takeRoom()
	if v.Command == nil {
		*room = appendSyncAnswer((*room)[:0], &v.Reply, err)
	} else {
		*room = appendAnswer((*room)[:0], v.Command, v.Answer, err)
		putRequest(v.Command, v.Answer)
	}
	e.envelopes.Put(v)
	e.dismiss()
	respond(*room)
	e.putRoom(room)
}

// watched waits until a board is another than the one that a node holds, for signEvery
// at most, and returns its published top.
func (e *Engine) watched(id string, q *watch, deadline time.Time) (*competition.Published, error) {
	wake := make(chan struct{}, 1)
	s := competition.NewSubscription(id, "", wake)
	if err := e.subscribeHere(&subscribe{caller: competition.Caller{Operator: true}, subscription: s, node: true}, deadline); err != nil {
		return nil, err
	}
	defer e.Unsubscribe(s)
	sign := time.NewTimer(min(signEvery, time.Until(deadline)))
	defer sign.Stop()
	for waiting := !q.AtOnce; waiting && q.holds(s.Latest().Published); {
		select {
		case <-wake:
		case <-sign.C:
			waiting = false
		case <-e.life.Done():
			return nil, competition.ErrUnavailable
		}
	}
	latest := s.Latest()
	if s.Ended() {
		return nil, &competition.ElsewhereError{}
	}
	return latest.Published, e.confirm(atOnce)
}
