package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/competition"
)

// mailbox is protoactor's unbounded one with a bound on the requests in it. The
// limit on requests under way does not bound them: callers who gave up waiting,
// while a competition recovers or the store hangs, leave theirs behind.
type mailbox struct {
	actor.Mailbox
	limit int
}

func boundedMailbox(limit int) actor.MailboxProducer {
	unbounded := actor.Unbounded()
	return func() actor.Mailbox { return &mailbox{Mailbox: unbounded(), limit: limit} }
}

// PostUserMessage implements actor.Mailbox. It answers, in the sender, a request
// that finds no place; the actors' own messages always find one.
func (m *mailbox) PostUserMessage(message any) {
	if v, ok := message.(*envelope); ok && m.UserMessageCount() >= m.limit {
		v.respond(competition.ErrOverloaded)
		return
	}
	m.Mailbox.PostUserMessage(message)
}
