package actors

import (
	"fmt"
	"sync"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// envelope carries one request to a competition actor and its answer back. It
// is the local fast path: the command inside is a value of package competition,
// which is all that would have to cross a wire.
//
// Envelopes of syncs come from a pool. One whose caller gave up waiting never
// goes back, since the actor may still answer it.
type envelope struct {
	sync    competition.SubmitSync // the command, if command is nil
	command any                    // any other command or query

	reply   competition.SyncReply // answers sync
	answer  any                   // answers command
	err     error
	done    chan struct{} // capacity 1; the actor sends once, and touches nothing afterwards
	timeout *time.Timer
}

var envelopes = sync.Pool{New: func() any {
	timeout := time.NewTimer(time.Hour)
	timeout.Stop()
	return &envelope{done: make(chan struct{}, 1), timeout: timeout}
}}

func newEnvelope() *envelope { return envelopes.Get().(*envelope) }

// release gives an answered envelope back.
func (v *envelope) release() {
	v.sync, v.command, v.reply, v.answer, v.err = competition.SubmitSync{}, nil, competition.SyncReply{}, nil, nil
	envelopes.Put(v)
}

// respond is the actor's last act on an envelope.
func (v *envelope) respond(err error) {
	v.err = err
	v.done <- struct{}{}
}

// await waits for the answer; after an error that says answered false the
// envelope is lost and must not be touched.
func (v *envelope) await(limit time.Duration) (answered bool) {
	select {
	case <-v.done:
		return true
	default:
	}
	v.timeout.Reset(limit)
	select {
	case <-v.done:
		v.timeout.Stop()
		return true
	case <-v.timeout.C:
		return false
	}
}

// errNoAnswer is what a caller gets whose deadline passed.
var errNoAnswer = fmt.Errorf("%w: no answer within the deadline", competition.ErrUnavailable)

// ask sends a command or query to a competition and waits for its answer.
func ask[T any](e *Engine, h *handle, command any) (T, error) {
	v := newEnvelope()
	v.command = command
	e.tell(h, v)
	var zero T
	if !v.await(e.RequestTimeout) {
		return zero, errNoAnswer
	}
	defer v.release()
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
