package actors

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/tracing"
)

// acquire admits a request to one competition, which it brings into memory if need
// be. Invented ids cost no actor. Each success needs a release.
func (e *Engine) acquire(id string, deadline time.Time) (*handle, error) {
	if err := e.admit(); err != nil {
		return nil, err
	}
	h, err := e.find(id, true, deadline)
	if err != nil {
		e.dismiss()
		return nil, err
	}
	return h, nil
}

func (e *Engine) release(h *handle) {
	h.release()
	e.dismiss()
}

// begin admits a request, and returns the context of its calls of the store, which
// ends at its deadline. Each success needs an end.
func (e *Engine) begin() (ctx context.Context, end func(), err error) {
	if err := e.admit(); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithDeadline(e.life, e.deadline())
	return ctx, func() { cancel(); e.dismiss() }, nil
}

func deadlineOf(ctx context.Context) time.Time {
	deadline, _ := ctx.Deadline()
	return deadline
}

// admit counts a request, within the limit. Each success needs a dismiss.
func (e *Engine) admit() error {
	if e.inFlight.Add(1) > int64(e.options.MaxInFlight) {
		e.dismiss()
		return competition.ErrOverloaded
	}
	if e.draining.Load() {
		e.dismiss()
		return fmt.Errorf("%w: the server is shutting down", competition.ErrUnavailable)
	}
	return nil
}

func (e *Engine) dismiss() {
	if e.inFlight.Add(-1) == 0 && e.draining.Load() {
		e.drained.Set()
	}
}

// drain waits until no request is under way, once none is admitted any more.
func (e *Engine) drain() {
	for e.inFlight.Load() > 0 {
		<-e.drained
	}
}

// find acquires a competition for a request that was admitted. With mustExist, one that
// was never created is an error. Each success needs a handle.release.
func (e *Engine) find(id string, mustExist bool, deadline time.Time) (*handle, error) {
	for {
		h := e.actors.registry.find(id)
		if h == nil {
			var err error
			if h, err = e.activate(id, mustExist, deadline); err != nil {
				return nil, err
			}
		}
		if h.acquire() {
			return h, nil
		}
		select { // It is leaving memory; the next activation begins when it is gone.
		case <-h.gone:
			if elsewhere := h.elsewhere.Load(); elsewhere != nil {
				return nil, elsewhere // which may be the next one's to answer
			}
		case <-time.After(time.Until(deadline)):
			return nil, fmt.Errorf("%w: the competition is being stored", competition.ErrUnavailable)
		}
	}
}

// activate has the supervisor start a competition's actor, or finds the one that was
// started meanwhile.
func (e *Engine) activate(id string, mustExist bool, deadline time.Time) (*handle, error) {
	if e.options.Peers != nil && e.leaving.Load() {
		return nil, &competition.ElsewhereError{}
	}
	ctx, cancel := context.WithDeadline(e.life, deadline)
	defer cancel()
	if mustExist {
		if _, err := e.store.Find(ctx, id); err != nil {
			return nil, err
		}
	}
	answer := make(chan activated, 1)
	e.system.Root.Send(e.competitions, &activate{id: id, answer: answer})
	select {
	case a := <-answer:
		return a.handle, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: the competition's actor did not start", competition.ErrUnavailable)
	}
}

func (e *Engine) tell(h *handle, message any) { e.system.Root.Send(h.pid, message) }

// send asks one competition one thing, as a request of its own: it admits the
// request, sends a command or query, and waits for the answer.
func send[T any](e *Engine, id string, command any) (answer T, err error) {
	if err := e.admit(); err != nil {
		return answer, err
	}
	defer e.dismiss()
	return forward[T](e, id, command, e.deadline())
}

// forward is send for a request that was admitted: however many competitions it
// asks, it counts once. Only a CreateCompetition activates a competition that does not
// exist.
func forward[T any](e *Engine, id string, command any, deadline time.Time) (answer T, err error) {
	for way := e.wayTo(id, deadline); ; {
		node := way.node()
		if node == "" {
			answer, err = askHere[T](e, id, command, deadline, deadline)
		} else {
			answer, err = askElsewhere[T](e, node, id, command, deadline)
		}
		if err == nil || !way.again(err, repeatable(command)) {
			return answer, err
		}
	}
}

// askHere asks a competition that this process owns, or claims for it. The lease of the
// node is waited for until confirmBy.
func askHere[T any](e *Engine, id string, command any, deadline, confirmBy time.Time) (answer T, err error) {
	_, creates := command.(*competition.CreateCompetition)
	h, err := e.find(id, !creates, deadline)
	if err != nil {
		return answer, err
	}
	defer h.release()
	answer, err = ask[T](e, h, command, deadline, confirmBy)
	if errors.Is(err, competition.ErrDeploying) { // as far as the actor knew
		ctx, cancel := context.WithDeadline(e.life, deadline)
		defer cancel()
		if err := e.options.raiseLevel(ctx); err != nil {
			return answer, err
		}
		answer, err = ask[T](e, h, command, deadline, confirmBy)
	}
	return answer, err
}

// askElsewhere asks a competition that another node owns.
func askElsewhere[T any](e *Engine, node, id string, command any, deadline time.Time) (answer T, err error) {
	return exchanged[T](e.exchange(node, id, command, deadline))
}

// askOwner asks a competition that another node owns, and says which; errIsHere if this
// one does, or is the one to claim it.
func (e *Engine) askOwner(ctx context.Context, id string, command any, deadline time.Time) (node string, answer any, err error) {
	for way := e.wayTo(id, deadline); ; {
		if node = way.node(); node == "" {
			return "", nil, errIsHere
		}
		answer, err = e.exchange(node, id, command, deadline)
		if err == nil || ctx.Err() != nil || !way.again(err, repeatable(command)) {
			return node, answer, err
		}
	}
}

// exchange carries a request to another node, and its answer back.
func (e *Engine) exchange(node, id string, command any, deadline time.Time) (answer any, err error) {
	room := e.takeRoom()
	defer e.putRoom(room)
	kind, body, err := appendRequest((*room)[:0], command)
	if err != nil {
		return nil, err
	}
	*room = body
	if body, err = e.askNode(node, id, kind, body, deadline); err != nil {
		return nil, err
	}
	return parseAnswer(command, body)
}

// ask is send for a request that has acquired the activation. The lease of the node is
// waited for until confirmBy.
func ask[T any](e *Engine, h *handle, command any, deadline, confirmBy time.Time) (answer T, err error) {
	got, err := e.askActor(h, command, deadline, confirmBy)
	if err != nil {
		return answer, err
	}
	return answerOf[T](got)
}

// askActor is ask for whatever the actor answers. The answer to a batchOfSyncs is nil:
// its items have theirs.
func (e *Engine) askActor(h *handle, command any, deadline, confirmBy time.Time) (answer any, err error) {
	v := e.envelope(h.id, deadline)
	v.Command = command
	h.mailbox.PostAndRun(v)
	if !await(v, deadline) {
		return nil, errNoAnswer
	}
	defer e.envelopes.Put(v)
	if err := e.confirmed(v, confirmBy); err != nil {
		return nil, err
	}
	return v.Answer, nil
}

// envelope returns an empty envelope for a request that is waited for until the deadline.
// A process that is alone carries out what is late, too: nobody else can have done
// anything in between.
func (e *Engine) envelope(id string, deadline time.Time) *mailbox.Envelope {
	v := e.envelopes.Get()
	if v.Span = e.span.Child("actor", tracing.Internal); v.Span != nil {
		v.Span.SetText(tracedCompetition, id)
	}
	if e.options.Peers != nil {
		v.Deadline = deadline
	}
	return v
}

// await waits for an envelope's answer, and ends its step of a request that is traced; see
// mailbox.Envelope.Await.
func await(v *mailbox.Envelope, deadline time.Time) (answered bool) {
	span := v.Span
	if !v.Await(deadline) {
		span.End(errNoAnswer)
		return false
	}
	span.End(v.Err)
	return true
}

// page gathers the first rows of a list, and where the list goes on after them.
type page[Row, Place any] struct {
	limit int // at least 1
	place func(*Row) Place
	rows  []Row
	next  Place // the zero value at the end
}

// add takes a row, and reports whether the page has room for more.
func (p *page[Row, Place]) add(row Row) bool {
	if len(p.rows) == p.limit {
		p.next = p.place(&p.rows[p.limit-1])
		return false
	}
	p.rows = append(p.rows, row)
	return true
}

// readPage has the store read a page of a list, as a request of its own.
func readPage[Row, Place any](e *Engine, limit int, place func(*Row) Place, read func(ctx context.Context, add func(Row) bool) error) ([]Row, Place, error) {
	p := page[Row, Place]{limit: limit, place: place}
	ctx, end, err := e.begin()
	if err != nil {
		return nil, p.next, err
	}
	defer end()
	err = read(ctx, p.add)
	return p.rows, p.next, err
}

// tick has a competition look at the time, which brings it into memory if need be. Its
// actor releases the lease, and tells the clock. Error: competition.ErrNotOwner if
// another node is to do that.
func (e *Engine) tick(id string) error {
	before := e.actors.registry.find(id)
	if peers := e.options.Peers; peers != nil && before == nil && !peers.Home(id) {
		return competition.ErrNotOwner
	}
	used := before != nil && before.used.Load()
	h, err := e.acquire(id, e.deadline())
	if err != nil {
		return err
	}
	if !used {
		h.used.Store(false) // a tick does not count as a use; see leaveUnused
	}
	e.tell(h, &tick{})
	e.dismiss()
	return nil
}

// remind has the owner of a competition look at the time, which is another node. It does
// so by itself if it has the competition in memory. But it may own one that it does not
// know any more, if it gave it up and the store's answer was lost.
func (e *Engine) remind(id string) {
	if e.options.Peers == nil || e.admit() != nil {
		return // until the next look at the list
	}
	e.serving.Go(func() {
		defer e.dismiss()
		_, err := forward[competition.Summary](e, id, &getSummary{Caller: competition.Caller{Operator: true}}, e.deadline())
		if err != nil {
			e.options.Logger.WarnContext(e.life, "a competition's owner could not be told of its change of status", "competition", id, "error", err)
		}
	})
}

// tidyUp has the competitions in memory store what changed, and leave if they are
// idle.
func (e *Engine) tidyUp(context.Context) {
	for _, h := range e.actors.registry.all() {
		e.tell(h, &sweep{})
	}
}

// recheck has every competition in memory look at the end of its journal.
func (e *Engine) recheck() {
	for _, h := range e.actors.registry.all() {
		e.tell(h, &recheck{})
	}
}
