package mailbox

import (
	"bytes"
	"runtime"
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
func listening(limit int) (*Mailbox, *listener) {
	l := &listener{}
	m := New(limit, func(message any) bool { return message == "brief" })
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
		requests := []*Envelope{newEnvelope(), newEnvelope(), newEnvelope()}
		for _, v := range requests {
			m.PostUserMessage(v)
		}
		require.ErrorIs(t, requests[2].Err, competition.ErrOverloaded)
		m.PostUserMessage("the actor's own")
		m.PostSystemMessage(&actor.ResumeMailbox{})
		synctest.Wait()
		require.Equal(t, []any{requests[0], requests[1], "the actor's own"}, l.got)
	})
}

// goroutine is the id of the goroutine that asks.
func goroutine() string {
	buffer := make([]byte, 64)
	return string(bytes.Fields(buffer[:runtime.Stack(buffer, false)])[1])
}

func TestACallerRunsAnIdleMailbox(t *testing.T) {
	other := func() *Envelope {
		v := newEnvelope()
		v.Command = struct{}{}
		return v
	}
	mine, theirs := newEnvelope(), newEnvelope()
	for name, c := range map[string]struct {
		meanwhile func(m *Mailbox) // while the caller's own is handled
		caller    int              // how many messages the caller handles
		others    int
	}{
		"and nobody else does":                        {func(*Mailbox) {}, 1, 0},
		"with the syncs of others":                    {func(m *Mailbox) { m.PostUserMessage(theirs) }, 2, 0},
		"and what belongs to them":                    {func(m *Mailbox) { m.PostUserMessage("brief"); m.PostUserMessage("brief") }, 3, 0},
		"but not what may take long":                  {func(m *Mailbox) { m.PostUserMessage(other()); m.PostUserMessage(theirs) }, 1, 2},
		"nor what the actor tells itself":             {func(m *Mailbox) { m.PostUserMessage("long") }, 1, 1},
		"nor what the system says, which comes first": {func(m *Mailbox) { m.PostUserMessage(theirs); m.PostSystemMessage("restart") }, 1, 2},
		"for no longer than a turn": {func(m *Mailbox) {
			for range throughput {
				m.PostUserMessage(theirs)
			}
		}, throughput - 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, l := listening(10 * throughput)
				var by []string
				l.handle = func(message any) {
					by = append(by, goroutine())
					if message == mine {
						c.meanwhile(m)
					}
				}
				m.PostAndRun(mine)
				synctest.Wait()
				caller := 0
				for _, id := range by {
					if id == goroutine() {
						caller++
					}
				}
				require.Equal(t, c.caller, caller)
				require.Len(t, l.got, c.caller+c.others)
				require.Zero(t, m.UserMessageCount())
			})
		})
	}

	t.Run("a panic is for the supervisor, not for the caller", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m, l := listening(1)
			l.handle = func(any) { panic("a bug") }
			m.PostAndRun(mine)
			require.Equal(t, []any{"a bug"}, l.failures)
		})
	})

	t.Run("a suspended one waits until it is resumed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m, l := listening(1)
			m.PostSystemMessage(&actor.SuspendMailbox{})
			synctest.Wait()
			m.PostAndRun(mine)
			synctest.Wait()
			require.Empty(t, l.got)
			m.PostSystemMessage(&actor.ResumeMailbox{})
			synctest.Wait()
			require.Equal(t, []any{mine}, l.got)
		})
	})

	t.Run("a full one refuses", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m, _ := listening(0)
			m.PostAndRun(mine)
			<-mine.done
			require.ErrorIs(t, mine.Err, competition.ErrOverloaded)
		})
	})
}
