package actors

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/actors/internal/mirror"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

type (
	// activate asks the supervisor for a competition's activation.
	activate struct {
		mailbox.NoDeadLetters
		id     string
		answer chan<- activated // capacity 1
	}
	// activated is its answer.
	activated struct {
		handle *handle
		err    error
	}
)

// supervisorActor is the parent of all competition actors. Activations begin nowhere
// else, so there is at most one of a competition.
type supervisorActor struct {
	env        *actorEnv
	limit      int // of requests that wait for one competition
	dispatcher actor.Dispatcher
}

// Receive implements actor.Actor.
func (s *supervisorActor) Receive(ctx actor.Context) {
	m, ok := ctx.Message().(*activate)
	if !ok {
		return
	}
	var a activated
	if a.handle = s.env.registry.find(m.id); a.handle == nil {
		a.handle, a.err = s.start(ctx, m.id)
	}
	m.answer <- a
}

// start starts a competition's actor. Each activation has a name of its own, so
// that messages for one that has ended never reach the next.
func (s *supervisorActor) start(ctx actor.Context, id string) (*handle, error) {
	h := &handle{id: id, gone: make(chan struct{}), mailbox: mailbox.New(s.limit, brief)}
	h.mirrored = mirror.Activation{ID: id, Gone: h.gone}
	// The actor may run before SpawnNamed returns, so it learns its PID from its
	// own context; the handle's is for the others.
	pid, err := ctx.SpawnNamed(actor.PropsFromProducer(
		func() actor.Actor { return newCompetitionActor(s.env, h) },
		actor.WithMailbox(func() actor.Mailbox { return h.mailbox }), actor.WithDispatcher(s.dispatcher)),
		fmt.Sprintf("%s.%d", id, s.env.incarnations.Add(1)))
	if err != nil {
		return nil, fmt.Errorf("%w: start the competition's actor: %w", competition.ErrUnavailable, err)
	}
	h.pid = pid
	if s.env.options.Peers != nil {
		h.unused = func() { s.env.root.Send(pid, &unused{}) }
	}
	s.env.registry.add(h)
	return h, nil
}

// restartForever restarts an actor that panicked, however often it does: at once
// after a rare panic, after growing pauses while there are many. No panic takes a
// competition out of service, and the others never notice.
type restartForever struct {
	logger *slog.Logger
	mu     sync.Mutex
	recent map[string]panics
}

type panics struct {
	last  time.Time
	count int
}

// calmAfter is how long ago a panic no longer counts.
const calmAfter = 10 * time.Second

var restartBackoff = worker.Backoff{First: 10 * time.Millisecond, Max: 250 * time.Millisecond}

// HandleFailure implements actor.SupervisorStrategy.
func (r *restartForever) HandleFailure(_ *actor.ActorSystem, supervisor actor.Supervisor, child *actor.PID, _ *actor.RestartStatistics, reason, message any) {
	backoff := r.backoff(child.Id, time.Now())
	r.logger.Error("a competition panicked and is rebuilt from its journal",
		"actor", child.Id, "reason", reason, "message_type", typeName(message), "restart_in", backoff)
	if backoff == 0 {
		supervisor.RestartChildren(child)
		return
	}
	time.AfterFunc(backoff, func() { supervisor.RestartChildren(child) })
}

// backoff is how long to wait before an actor is restarted.
func (r *restartForever) backoff(id string, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.recent == nil {
		r.recent = map[string]panics{}
	}
	for other, p := range r.recent { // few: only what panicked lately
		if now.Sub(p.last) > calmAfter {
			delete(r.recent, other)
		}
	}
	p := r.recent[id]
	p.last, p.count = now, p.count+1
	r.recent[id] = p
	if p.count < 3 {
		return 0
	}
	return restartBackoff.After(p.count - 2)
}

// typeName names a message's type, never its content, for logs.
func typeName(message any) string { return fmt.Sprintf("%T", message) }
