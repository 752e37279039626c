package actors

import (
	"fmt"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// envelope carries one request to a competition actor and its answer back. It
// is the local fast path: the command inside is a value of package competition,
// which is all that would have to cross a wire.
//
// Envelopes come from a pool of the engine. One whose caller gave up waiting
// never goes back, since the actor may still answer it.
type envelope struct {
	ours
	sync    competition.SubmitSync // the command, if command is nil
	command any                    // any other command or query

	reply  competition.SyncReply // answers sync
	answer any                   // answers command
	err    error
	done   chan struct{} // capacity 2; the actor sends once, and touches nothing afterwards
	alarm  *alarm        // sends, too, past the deadline of who waits
}

// makeEnvelope is what the pool does when it is empty.
func makeEnvelope() any {
	v := &envelope{done: make(chan struct{}, 2)}
	v.alarm = newAlarm(func() { v.done <- struct{}{} })
	return v
}

func (e *Engine) newEnvelope() *envelope { return e.envelopes.Get().(*envelope) }

// release gives an answered envelope back.
func (e *Engine) release(v *envelope) {
	v.sync, v.command, v.reply, v.answer, v.err = competition.SubmitSync{}, nil, competition.SyncReply{}, nil, nil
	e.envelopes.Put(v)
}

// respond is the actor's last act on an envelope.
func (v *envelope) respond(err error) {
	v.err = err
	v.done <- struct{}{}
}

// await waits for the answer; after a false the envelope is lost and must not
// be touched.
func (v *envelope) await(deadline time.Time) (answered bool) {
	select {
	case <-v.done:
		return true
	default:
	}
	at := v.alarm.begin(deadline)
	<-v.done
	return v.alarm.end(at)
}

// errNoAnswer is what a caller gets whose deadline passed.
var errNoAnswer = fmt.Errorf("%w: no answer within the deadline", competition.ErrUnavailable)

// send is a request that asks one competition one thing: it takes a place, enters,
// sends a command or query, waits for the answer, and leaves.
func send[T any](e *Engine, id string, command any) (T, error) {
	if err := e.admit(); err != nil {
		var zero T
		return zero, err
	}
	defer e.dismiss()
	return forward[T](e, id, command, e.deadline())
}

// forward is send for a request that has its place: whatever it asks, it takes one.
// Only a CreateCompetition enters a competition that does not exist.
func forward[T any](e *Engine, id string, command any, deadline time.Time) (T, error) {
	_, creates := command.(*competition.CreateCompetition)
	h, err := e.find(id, !creates, deadline)
	if err != nil {
		var zero T
		return zero, err
	}
	defer h.leave()
	return ask[T](e, h, command, deadline)
}

// ask is send for a guest.
func ask[T any](e *Engine, h *handle, command any, deadline time.Time) (T, error) {
	v := e.newEnvelope()
	v.command = command
	h.mailbox.postAndRun(v)
	var zero T
	if !v.await(deadline) {
		return zero, errNoAnswer
	}
	defer e.release(v)
	if v.err != nil {
		return zero, v.err
	}
	answer, ok := v.answer.(T)
	if !ok {
		return zero, fmt.Errorf("%w: answer of type %T", competition.ErrInternal, v.answer)
	}
	return answer, nil
}

// typeName names a message's type, never its content, for logs.
func typeName(message any) string { return fmt.Sprintf("%T", message) }
