package actors

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/competition"
)

// mailbox is the queue of one actor: system messages before all others, each
// kind in the order in which it came. It does what protoactor's unbounded one
// does, and besides
//
//   - takes all that has gathered at once, and lets it gather: a woken actor first
//     gives way to those who are about to send, so that under load one wake-up
//     serves many requests;
//   - allocates nothing when it is woken;
//   - is run by a caller who is going to wait for the answer anyhow, where nobody
//     else runs it: that spares waking a goroutine, for each request where there
//     are many competitions. A caller leaves after a while, and at once when there
//     is something to do that may take longer than it has;
//   - bounds the requests in it. The limit on requests under way does not: callers
//     who gave up waiting, while a competition recovers or the store hangs, leave
//     theirs behind.
type mailbox struct {
	invoker    actor.MessageInvoker
	dispatcher actor.Dispatcher
	process    func() // m.drain, made once
	limit      int

	mu      sync.Mutex
	posted  []any
	system  []any
	running bool // somebody drains, or is about to

	urgent atomic.Bool  // system is not empty
	users  atomic.Int64 // messages in posted and taken

	// The drainer's own.
	taken     []any // from next on still to be handled
	next      int
	suspended bool // until resumed, by whoever supervises: no user messages
}

// spareCapacity is how many places an idle mailbox keeps for what may come.
const spareCapacity = 1024

func newMailbox(limit int) *mailbox {
	m := &mailbox{limit: limit}
	m.process = m.drain
	return m
}

// RegisterHandlers implements actor.Mailbox.
func (m *mailbox) RegisterHandlers(invoker actor.MessageInvoker, dispatcher actor.Dispatcher) {
	m.invoker, m.dispatcher = invoker, dispatcher
}

// Start implements actor.Mailbox.
func (m *mailbox) Start() {}

// UserMessageCount implements actor.Mailbox.
func (m *mailbox) UserMessageCount() int { return int(m.users.Load()) }

// PostUserMessage implements actor.Mailbox. It answers, in the sender, a request
// that finds no place; the actors' own messages always find one.
func (m *mailbox) PostUserMessage(message any) {
	if v, ok := message.(*envelope); ok && m.refuses(v) {
		return
	}
	m.mu.Lock()
	m.posted = append(m.posted, message)
	m.users.Add(1)
	m.wakeAndUnlock()
}

func (m *mailbox) refuses(v *envelope) bool {
	if m.UserMessageCount() < m.limit {
		return false
	}
	v.respond(competition.ErrOverloaded)
	return true
}

// postAndRun is PostUserMessage for a caller who waits for the answer next, and
// who runs the mailbox if nobody does.
func (m *mailbox) postAndRun(v *envelope) {
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

// mayRun reports whether a caller, with an envelope of its own, handles a message:
// one that takes no longer than its own request may.
func (v *envelope) mayRun(message any) bool {
	switch message := message.(type) {
	case *envelope:
		return message.command == nil || message == v
	case *flush, *appended:
		return true
	default:
		return false
	}
}

// PostSystemMessage implements actor.Mailbox.
func (m *mailbox) PostSystemMessage(message any) {
	m.mu.Lock()
	m.system = append(m.system, message)
	m.urgent.Store(true)
	m.wakeAndUnlock()
}

func (m *mailbox) wakeAndUnlock() {
	wake := !m.running
	m.running = true
	m.mu.Unlock()
	if wake {
		m.dispatcher.Schedule(m.process)
	}
}

// drain is run by a goroutine of its own.
func (m *mailbox) drain() { m.run(nil) }

// run handles messages until there are none left that may be handled now, or the
// caller, if one runs it, leaves the rest to a goroutine of its own.
func (m *mailbox) run(caller *envelope) {
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

// handle is run until there is nothing to do, the caller leaves, or the actor
// panics, of which its supervisor is told.
func (m *mailbox) handle(caller *envelope) (left bool) {
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
		case caller != nil && !caller.mayRun(message):
			return true
		}
		m.taken[m.next] = nil
		m.next++
		m.users.Add(-1)
		m.invoker.InvokeUserMessage(message)
	}
}

func (m *mailbox) obey(message any) {
	switch message.(type) {
	case *actor.SuspendMailbox:
		m.suspended = true
	case *actor.ResumeMailbox:
		m.suspended = false
	default:
		m.invoker.InvokeSystemMessage(message)
	}
}

// nextSystem is nil when there is none.
func (m *mailbox) nextSystem() (message any) {
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

// nextUser leaves the message where it is; nil when there is none.
func (m *mailbox) nextUser() any {
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
