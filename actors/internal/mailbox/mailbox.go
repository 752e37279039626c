// Package mailbox brings requests to the actors of competitions, and their answers
// back: the queue of an actor ([Mailbox]), what a request travels in ([Envelope]),
// and the goroutines that run actors ([Workers]). It knows the hot path, on which
// nothing is allocated, and never what a request asks. Reading starts at [Mailbox].
package mailbox

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/competition"
)

// Mailbox is the queue of one actor: system messages before all others, each
// kind in order of arrival. It does what protoactor's unbounded one does, and also
//
//   - takes all queued messages at once, and lets them gather: a woken actor first
//     yields to goroutines that are about to send, so that under load one wake-up
//     serves many requests;
//   - allocates nothing when it is woken;
//   - is run by a caller that is about to wait for the answer, if nobody else runs
//     it: that saves waking a goroutine for each request where there are many
//     competitions. A caller stops after a while, and at once when the next message
//     may take longer than its own request;
//   - bounds the requests in it. The limit on requests under way does not: callers
//     that give up waiting, while a competition recovers or the store hangs, leave
//     theirs in the queue.
type Mailbox struct {
	invoker    actor.MessageInvoker
	dispatcher actor.Dispatcher
	process    func() // m.drain, made once
	limit      int
	brief      func(message any) bool

	mu      sync.Mutex
	posted  []any
	system  []any
	running bool // a goroutine drains it, or is about to

	urgent atomic.Bool  // system is not empty
	users  atomic.Int64 // messages in posted and taken

	// The drainer's own.
	taken     []any // from next on still to be handled
	next      int
	suspended bool // by the supervisor, until it resumes: no user messages
}

// spareCapacity is how many places an idle mailbox keeps.
const spareCapacity = 1024

// New returns a mailbox for so many requests. Brief reports whether a message that
// is no envelope takes no longer than a sync.
func New(limit int, brief func(message any) bool) *Mailbox {
	m := &Mailbox{limit: limit, brief: brief}
	m.process = m.drain
	return m
}

// RegisterHandlers implements actor.Mailbox.
func (m *Mailbox) RegisterHandlers(invoker actor.MessageInvoker, dispatcher actor.Dispatcher) {
	m.invoker, m.dispatcher = invoker, dispatcher
}

// Start implements actor.Mailbox.
func (m *Mailbox) Start() {}

// UserMessageCount implements actor.Mailbox.
func (m *Mailbox) UserMessageCount() int { return int(m.users.Load()) }

// PostUserMessage implements actor.Mailbox. In the sender's goroutine it refuses a
// request for which there is no room; the actors' own messages are always taken.
func (m *Mailbox) PostUserMessage(message any) {
	if v, ok := message.(*Envelope); ok && m.refuses(v) {
		return
	}
	m.mu.Lock()
	m.posted = append(m.posted, message)
	m.users.Add(1)
	m.wakeAndUnlock()
}

func (m *Mailbox) refuses(v *Envelope) bool {
	if m.UserMessageCount() < m.limit {
		return false
	}
	v.Respond(competition.ErrOverloaded)
	return true
}

// PostAndRun is PostUserMessage for a caller that waits for the answer next. It runs
// the mailbox if nobody else does.
func (m *Mailbox) PostAndRun(v *Envelope) {
	if m.refuses(v) {
		return
	}
	m.mu.Lock()
	m.posted = append(m.posted, v)
	m.users.Add(1)
	if m.running || m.suspended || len(m.system) > 0 {
		m.wakeAndUnlock()
		return
	}
	m.running = true
	m.mu.Unlock()
	m.run(v)
}

// mayRun reports whether a caller may handle a message: one that takes no longer
// than its own request may.
func (m *Mailbox) mayRun(caller *Envelope, message any) bool {
	if v, ok := message.(*Envelope); ok {
		return v.Command == nil || v == caller
	}
	return m.brief(message)
}

// PostSystemMessage implements actor.Mailbox.
func (m *Mailbox) PostSystemMessage(message any) {
	m.mu.Lock()
	m.system = append(m.system, message)
	m.urgent.Store(true)
	m.wakeAndUnlock()
}

func (m *Mailbox) wakeAndUnlock() {
	wake := !m.running
	m.running = true
	m.mu.Unlock()
	if wake {
		m.dispatcher.Schedule(m.process)
	}
}

// drain runs the mailbox in a worker's goroutine.
func (m *Mailbox) drain() { m.run(nil) }

// run handles messages until none is left that may be handled now, or the caller,
// if one runs it, leaves the rest to a worker.
func (m *Mailbox) run(caller *Envelope) {
	runtime.Gosched()
	for {
		if left := m.handle(caller); left {
			m.dispatcher.Schedule(m.process)
			return
		}
		m.mu.Lock()
		if len(m.system) == 0 && (m.suspended || m.UserMessageCount() == 0) {
			break
		}
		m.mu.Unlock()
	}
	m.running = false
	if cap(m.posted) > spareCapacity {
		m.posted = nil
	}
	if cap(m.taken) > spareCapacity && m.next == len(m.taken) {
		m.taken, m.next = nil, 0
	}
	m.mu.Unlock()
}

// handle handles messages until there is nothing to do, the caller must stop (then
// left is true), or the actor panics, which its supervisor is told.
func (m *Mailbox) handle(caller *Envelope) (left bool) {
	var message any
	defer func() {
		if reason := recover(); reason != nil {
			m.invoker.EscalateFailure(reason, message)
		}
	}()
	for turns := 1; ; turns++ {
		if turns%m.dispatcher.Throughput() == 0 {
			if caller != nil {
				return true
			}
			runtime.Gosched()
		}
		if caller != nil && m.urgent.Load() {
			return true
		}
		if message = m.nextSystem(); message != nil {
			m.obey(message)
			continue
		}
		if m.suspended {
			return false
		}
		switch message = m.nextUser(); {
		case message == nil:
			return false
		case caller != nil && !m.mayRun(caller, message):
			return true
		}
		m.taken[m.next] = nil
		m.next++
		m.users.Add(-1)
		m.invoker.InvokeUserMessage(message)
	}
}

func (m *Mailbox) obey(message any) {
	switch message.(type) {
	case *actor.SuspendMailbox:
		m.suspended = true
	case *actor.ResumeMailbox:
		m.suspended = false
	default:
		m.invoker.InvokeSystemMessage(message)
	}
}

// nextSystem returns nil when there is none.
func (m *Mailbox) nextSystem() (message any) {
	if !m.urgent.Load() {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	message = m.system[0]
	m.system[0] = nil
	if m.system = m.system[1:]; len(m.system) == 0 {
		m.system = nil // they are rare
		m.urgent.Store(false)
	}
	return message
}

// nextUser leaves the message where it is, and returns nil when there is none.
func (m *Mailbox) nextUser() any {
	if m.next == len(m.taken) {
		m.mu.Lock()
		m.taken, m.posted = m.posted, m.taken[:0]
		m.mu.Unlock()
		if m.next = 0; len(m.taken) == 0 {
			return nil
		}
	}
	return m.taken[m.next]
}
