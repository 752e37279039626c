package mailbox

import (
	"sync"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/tracing"
)

// NoDeadLetters is part of every message to a competition. One that comes when its
// actor has ended is nothing to report, and people's data are not for a log.
type NoDeadLetters struct{}

// IgnoreDeadLetterLogging is what protoactor looks for.
func (NoDeadLetters) IgnoreDeadLetterLogging() {}

// Envelope carries one request to an actor and its answer back. It is the local
// fast path: the command inside is a value of package competition, which is all that
// would have to cross a wire.
//
// Envelopes come from a pool. One whose caller gave up waiting never goes back,
// since the actor may still answer it.
type Envelope struct {
	NoDeadLetters

	Sync    competition.SubmitSync // the command, if Command is nil
	Command any                    // any other command or query

	Reply  competition.SyncReply // answers Sync
	Answer any                   // answers Command
	Err    error

	// Proven says that the answer waited for a commit which began after the request
	// came, and so shows this process to be the competition's owner. Other answers rest
	// on the lease alone.
	Proven bool

	// Deadline, if not zero, is when the caller stops waiting: what is handled later is not
	// to be carried out.
	Deadline time.Time

	// Span is the step of a request that is traced which the envelope stands for; nil: it is
	// not traced. Whoever made the envelope ends it.
	Span *tracing.Span

	// Then, if not nil, is called with the answer instead of the caller's being woken. It
	// must not block.
	Then func()

	done  chan struct{} // capacity 2; the actor sends once, and touches nothing afterwards
	alarm *alarm        // sends, too, past the caller's deadline
}

// Envelopes is a pool of envelopes. The zero value is ready. Safe for concurrent use.
type Envelopes struct{ pool sync.Pool }

// Get returns an empty envelope.
func (e *Envelopes) Get() *Envelope {
	if v, ok := e.pool.Get().(*Envelope); ok {
		return v
	}
	return newEnvelope()
}

// Put takes an answered envelope back.
func (e *Envelopes) Put(v *Envelope) {
	v.Sync, v.Command, v.Reply, v.Answer, v.Err, v.Proven, v.Then = competition.SubmitSync{}, nil, competition.SyncReply{}, nil, nil, false, nil
	v.Deadline, v.Span = time.Time{}, nil
	e.pool.Put(v)
}

func newEnvelope() *Envelope {
	v := &Envelope{done: make(chan struct{}, 2)}
	v.alarm = newAlarm(func() { v.done <- struct{}{} })
	return v
}

// Late reports whether the caller has stopped waiting by now.
func (v *Envelope) Late() bool { return !v.Deadline.IsZero() && !time.Now().Before(v.Deadline) }

// Respond answers. It is the actor's last act on an envelope.
func (v *Envelope) Respond(err error) {
	v.Err = err
	if v.Then != nil {
		v.Then()
		return
	}
	v.done <- struct{}{}
}

// Await waits for the answer. If it returns false, the deadline has passed: the
// envelope is lost and must not be touched.
func (v *Envelope) Await(deadline time.Time) (answered bool) {
	select {
	case <-v.done:
		return true
	default:
	}
	at := v.alarm.begin(deadline)
	<-v.done
	return v.alarm.end(at)
}
