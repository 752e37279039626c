package actors

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/actors/internal/mirror"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/tracing"
	"github.com/paceboard/paceboard/internal/worker"
)

// actorEnv is what the actors of competitions need, and share.
type actorEnv struct {
	options *Options

	root         *actor.RootContext
	registry     registry
	incarnations atomic.Uint64
	recoveries   chan struct{} // a place for each recovery that may run at once
	budgets      *budgets
	flagged      flagged
	losses       *losses
	fanOuts      sync.WaitGroup // goroutines, each of which ends within fanOutEvery of its last change

	writer  *writer
	saver   *saver
	clock   *clock
	monitor *monitor

	followers *followers // nil without peers
	given     givenUp
	mirror    *mirror.Mirror             // nil if there is none
	remind    func(competitionID string) // see Engine.remind

	life, recovering context.Context // see Engine
}

// competitionActor owns one competition. An instance is one incarnation: a
// restart after a panic makes a new one, which recovers from the store.
//
// Invariants:
//
//	A1  at most writer.atOnce batches of a competition are with the writer, which
//	    answers in their order
//	A2  a waiter is answered only when the events up to its seq are applied
//	A3  handle.version is raised before the waiters of a batch are answered
//	A4  core is nil until recovery has succeeded; then every envelope is refused
//	A5  a waiter is in one of gathering, underway, finishing and the handle's
//	    carriedOver until it is answered, so that none is forgotten
//	A6  core is what this process recovered after its last claim, or decided since:
//	    what it writes names the claim's epoch
type competitionActor struct {
	env         *actorEnv
	handle      *handle
	logger      *slog.Logger
	self        *actor.PID
	incarnation uint64

	core    *competition.Competition
	epoch   uint64 // of the claim under which core was recovered
	stalled bool   // an append failed: nothing is decided until the actor has caught up with the journal
	locked  bool   // that is all: somebody had the journal locked, nothing was stored, and the store is reached

	gathering []waiter // of the core's outbox
	traced    bool     // one of them is, or was
	gathered  bool     // the message being handled left something to send
	flushing  bool     // a flush is in the mailbox
	underway  []*batch // with the writer, in order
	finishing *batch   // durable, being applied and answered, or nil
	spares    []*batch // storage for the next ones

	changes mirror.Changes // for the mirror

	storing        []storing // waiters for a snapshot
	saving         bool
	stopping       bool        // no leases are granted: store, then stop
	releasing      bool        // the store is asked to release the competition
	events         int         // applied since the last snapshot
	ticked         bool        // the clock's tick was handled
	lastUsed       time.Time   // by a lease, as of the last sweep; zero if there was none yet
	failures       int         // to recover or catch up, in a row
	pace           worker.Pace // of the log's lines about them
	catchUpTimeout time.Duration
	retrying       *time.Timer       // sends the next retry; nil before the first
	current        *mailbox.Envelope // being handled, for a panic to answer
}

// batch is what the writer has, and the waiters for it.
type batch struct {
	competition.Batch
	waiters []waiter
	result  appended
	sent    time.Time // to the writer
	traced  bool      // one of the waiters is, or was
}

// trace has the commit be a step of each request that waits for it and is traced.
func (b *batch) trace(err error) {
	if !b.traced {
		return
	}
	b.traced = false
	var last *mailbox.Envelope
	for i := range b.waiters {
		v := b.waiters[i].envelope
		if v == nil || v == last { // answered before a panic; or another sync of the same request
			continue
		}
		last = v
		span := v.Span.ChildAt("commit", tracing.Internal, b.sent)
		span.SetNumber(tracedEvents, int64(len(b.Events)))
		span.End(err)
	}
}

func newCompetitionActor(env *actorEnv, h *handle) *competitionActor {
	return &competitionActor{
		env: env, handle: h, logger: env.options.Logger.With("competition", h.id),
		incarnation: env.incarnations.Add(1), catchUpTimeout: env.options.StoreTimeout,
		stopping: h.isClosed(), // a restart while stopping goes on with it
	}
}

// refuseWaiters answers all waiters with an error. The writer may still hold the
// batches that are under way, so their storage is not used again.
func (a *competitionActor) refuseWaiters(err error) {
	if a.finishing != nil {
		refuse(a.finishing.waiters, err)
	}
	for _, b := range a.underway {
		refuse(b.waiters, err)
	}
	a.finishing, a.underway = nil, nil
	refuse(a.gathering, err)
	a.gathering = a.gathering[:0]
}

// now is the time of what is decided. While it is not certain, it stands still right
// before the next change of status by time: such a change cannot be taken back.
func (a *competitionActor) now() calendar.Millis {
	now := calendar.MillisOf(a.env.options.Now())
	if a.core != nil && !a.env.options.Settled() {
		if at, ok := a.core.NextTransition(); ok {
			now = min(now, at-1)
		}
	}
	return now
}

// whyNot returns the refusal while there is no state.
func (a *competitionActor) whyNot() error {
	if damage := a.handle.damage.Load(); damage != nil {
		return damage
	}
	if elsewhere := a.handle.elsewhere.Load(); elsewhere != nil {
		return elsewhere
	}
	if a.env.options.Peers != nil {
		return &competition.ElsewhereError{} // nothing was done, so the request is asked again within its deadline
	}
	return competition.ErrUnavailable
}

// rememberEnd notes where the journal ended, before the state is dropped. While a batch
// is being applied the state has no end, and what was known before must do.
func (a *competitionActor) rememberEnd() {
	if a.core != nil && a.core.Exists() && a.finishing == nil {
		a.env.losses.ends.Set(a.handle.id, journalEnd{a.core.JournalEnd(), a.core.Version()})
	}
}

// forgetState stops showing a state that is no longer reliable.
func (a *competitionActor) forgetState() {
	a.rememberEnd()
	a.core = nil
	a.handle.top.Store(nil)
	a.handle.summary.Store(nil)
}

// isIdle reports whether nothing is under way.
func (a *competitionActor) isIdle() bool {
	return a.core == nil || a.stalled || len(a.underway) == 0 && a.core.Pending() == 0
}

// trackAnew begins with a state of which the mirror may know nothing: one that
// was recovered, or caught up with.
func (a *competitionActor) trackAnew() {
	if a.env.mirror != nil {
		a.changes = mirror.Since(a.core.Mark())
		a.tellMirror()
	}
}

// movedOn ends a subscription that an actor does not have any more.
func (env *actorEnv) movedOn(s *competition.Subscription) {
	if env.followers != nil {
		env.followers.remove(s)
	}
}

// tellMirror says, once until the next pull, that there is something to pull.
func (a *competitionActor) tellMirror() {
	if a.env.mirror != nil && !a.changes.Told() {
		a.env.mirror.Tell(&a.handle.mirrored, a.self)
	}
}

// flagged counts flags by their reasons.
type flagged [len(competition.FlagReasons) + 1]atomic.Uint64

// count notes that a sync was flagged; a reason of 0 is none.
func (f *flagged) count(reason competition.FlagReason) {
	if reason != 0 {
		f[reason].Add(1)
	}
}

func (f *flagged) counts() map[competition.FlagReason]uint64 {
	counts := map[competition.FlagReason]uint64{}
	for _, reason := range competition.FlagReasons {
		counts[reason] = f[reason].Load()
	}
	return counts
}
