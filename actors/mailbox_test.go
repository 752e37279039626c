package actors

import (
	"sync"
	"testing"
	"testing/synctest"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// listener notes what a mailbox hands over, in order.
type listener struct {
	got      []any
	failures []any
	handle   func(message any) // may be nil
}

func (l *listener) InvokeSystemMessage(message any) { l.got = append(l.got, message) }

func (l *listener) InvokeUserMessage(message any) {
	l.got = append(l.got, message)
	if l.handle != nil {
		l.handle(message)
	}
}

func (l *listener) EscalateFailure(reason, _ any) { l.failures = append(l.failures, reason) }

// listening is a mailbox with so many places for requests, and who listens to it.
func listening(limit int) (actor.Mailbox, *listener) {
	l := &listener{}
	m := newMailbox(limit)
	m.RegisterHandlers(l, actor.NewDefaultDispatcher(throughput))
	m.Start()
	return m, l
}

func TestMailboxKeepsTheOrderOfEachSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type message struct{ sender, n int }
		const senders, each = 8, 5_000
		m, l := listening(1)
		var wg sync.WaitGroup
		for sender := range senders {
			wg.Go(func() {
				for n := range each {
					m.PostUserMessage(message{sender, n})
				}
			})
		}
		wg.Wait()
		synctest.Wait()
		require.Len(t, l.got, senders*each, "none is lost, none comes twice")
		var next [senders]int
		for _, got := range l.got {
			sent := got.(message)
			require.Equal(t, next[sent.sender], sent.n)
			next[sent.sender]++
		}
		require.Zero(t, m.UserMessageCount())
	})
}

func TestMailboxHandlesSystemMessagesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, l := listening(1)
		l.handle = func(message any) {
			if message == "first" { // while others wait
				m.PostUserMessage("last")
				m.PostSystemMessage("system")
			}
		}
		m.PostSystemMessage(&actor.SuspendMailbox{})
		m.PostUserMessage("first")
		m.PostUserMessage("second")
		m.PostSystemMessage(&actor.ResumeMailbox{})
		synctest.Wait()
		require.Equal(t, []any{"first", "system", "second", "last"}, l.got)
	})
}

func TestMailboxHoldsUserMessagesWhileSuspended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, l := listening(1)
		m.PostSystemMessage(&actor.SuspendMailbox{})
		m.PostUserMessage("held")
		synctest.Wait()
		require.Empty(t, l.got)
		m.PostSystemMessage("system")
		synctest.Wait()
		require.Equal(t, []any{"system"}, l.got)
		m.PostSystemMessage(&actor.ResumeMailbox{})
		synctest.Wait()
		require.Equal(t, []any{"system", "held"}, l.got)
	})
}

func TestMailboxLosesNothingButTheMessageOfAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, l := listening(1)
		l.handle = func(message any) {
			if message == "bad" {
				panic("on purpose")
			}
		}
		for _, message := range []string{"a", "bad", "b", "bad", "c"} { // one drain or several: it does not matter
			m.PostUserMessage(message)
		}
		synctest.Wait()
		require.Equal(t, []any{"a", "bad", "b", "bad", "c"}, l.got)
		require.Equal(t, []any{"on purpose", "on purpose"}, l.failures)
	})
}

func TestMailboxBoundsRequestsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, l := listening(2)
		m.PostSystemMessage(&actor.SuspendMailbox{})
		requests := []*envelope{makeEnvelope().(*envelope), makeEnvelope().(*envelope), makeEnvelope().(*envelope)}
		for _, v := range requests {
			m.PostUserMessage(v)
		}
		require.ErrorIs(t, requests[2].err, competition.ErrOverloaded)
		m.PostUserMessage(&flush{})
		m.PostSystemMessage(&actor.ResumeMailbox{})
		synctest.Wait()
		require.Equal(t, []any{requests[0], requests[1], &flush{}}, l.got)
	})
}
