package actors

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
)

// Options of an Engine. Store is needed, all else has a default.
type Options struct {
	Store  competition.Store
	Logger *slog.Logger
	Now    func() time.Time
	// Metrics is where the engine registers what it counts; nil counts for nobody.
	Metrics prometheus.Registerer

	// Mirror is kept showing the boards; nil is none. It stays the caller's to
	// close, after Engine.Close.
	Mirror competition.Mirror

	// RequestTimeout is how long a caller waits for an answer before it gets
	// ErrUnavailable. Default 5 s.
	RequestTimeout time.Duration
	// StoreTimeout bounds every call of the store that no caller waits for, but
	// recovery. Default 5 s.
	StoreTimeout time.Duration
	// RecoveryTimeout bounds the recovery of one competition. Default 5 min.
	RecoveryTimeout time.Duration
	// MaxInFlight is how many requests may be under way, and how many may wait
	// for one competition; one more gets ErrOverloaded. Default 16,384.
	MaxInFlight int
	// MaxCreated and MaxJoined are how many competitions that are not over a user may
	// have made, and take part in; what operators do is not limited. 0 is no limit.
	MaxCreated, MaxJoined int
	// MaxJournalUser is how many bytes a user's commands may add to journals within
	// a day, operators' excepted; less than 4 GiB. 0 is no limit.
	MaxJournalUser int64
	// IdleAfter is how long a competition stays in memory unused. Default 10 min.
	IdleAfter time.Duration
	// SnapshotEvents and SnapshotRows are how many events, or changed
	// participants, make a snapshot due. Defaults 65,536 and 16,384.
	SnapshotEvents, SnapshotRows int
	projectRows                  int // see defaultProjectRows
	// HandOver, if not nil, says that prizes wait for the payment provider's word,
	// and is called when some may have come to be pending. It must not block.
	HandOver func()
	// Progress is told how far the recovery of a competition is; done is true
	// once, at its end. It may be called from several goroutines.
	Progress func(competitionID string, rows, records int, took time.Duration, done bool)
}

func (o *Options) setDefaults() {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int, time.Duration, bool) {}
	}
	defaultTo(&o.RequestTimeout, 5*time.Second)
	defaultTo(&o.StoreTimeout, 5*time.Second)
	defaultTo(&o.RecoveryTimeout, 5*time.Minute)
	defaultTo(&o.MaxInFlight, 16_384)
	defaultTo(&o.IdleAfter, 10*time.Minute)
	defaultTo(&o.SnapshotEvents, 65_536)
	defaultTo(&o.SnapshotRows, 16_384)
	defaultTo(&o.projectRows, defaultProjectRows)
}

func defaultTo[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// Engine runs competitions. Its methods are safe for concurrent use; each waits
// at most Options.RequestTimeout.
type Engine struct {
	Options

	system       *actor.ActorSystem
	competitions *actor.PID
	registry     registry
	created      *otter.Cache[string, competition.Millis] // when competitions were created; only what never changes
	workers      *mailbox.Workers
	writer       *writer
	saver        *saver
	projector    *projector
	clock        *clock
	monitor      *monitor
	mirror       *mirror // nil without Options.Mirror
	sweeper      *repeated

	inFlight     atomic.Int64
	draining     atomic.Bool
	recovered    atomic.Bool
	incarnations atomic.Uint64
	flagged      flagged
	damage       *damage
	recoveries   chan struct{} // a place for each recovery that may run at once
	envelopes    mailbox.Envelopes
	counting     namedLocks     // by user; see quotas.go
	recalling    namedLocks     // by user; see Lifetime
	heralds      sync.WaitGroup // goroutines, each of which ends within fanOutEvery of its last change
	budgets      *budgets
	answering    namedLocks // whoever answers or withdraws an invitation holds its lock
	erasing      erasing
	tries        tries // of join codes
	codeKey      atomic.Pointer[competition.Key]
	newKey       func() competition.Key // of a new identity; tests replace it

	// Calls of the store end with life, which Close ends at its deadline at the
	// latest. Recoveries end as soon as no request can be waiting for one.
	life, recovering       context.Context
	endLife, endRecovering context.CancelFunc
}

// New starts an engine on a store, which stays the caller's to close, after
// Engine.Close. Competitions that are running are recovered in the background;
// until then Health says that the engine is not ready.
func New(o Options) (*Engine, error) {
	if o.Store == nil {
		return nil, errors.New("an engine needs a store")
	}
	o.setDefaults()
	e := &Engine{Options: o, recoveries: make(chan struct{}, 2), workers: mailbox.NewWorkers(), newKey: newKey, created: newCreated(), budgets: newBudgets(o.MaxJournalUser)}
	e.registry.handles = map[string]*handle{}
	e.life, e.endLife = context.WithCancel(context.Background())
	e.recovering, e.endRecovering = context.WithCancel(e.life)
	e.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return o.Logger.With("part", "protoactor")
	}))
	pid, err := e.system.Root.SpawnNamed(actor.PropsFromProducer(
		func() actor.Actor { return &supervisorActor{engine: e} },
		actor.WithSupervisor(&restartForEver{logger: o.Logger})), "competitions")
	if err != nil {
		e.endLife()
		return nil, fmt.Errorf("start the competitions' supervisor: %w", err)
	}
	e.competitions = pid
	e.damage = newDamage(&o)
	e.writer = startWriter(e)
	e.projector = startProjector(e)
	e.saver = startSaver(e)
	e.monitor = startMonitor(e)
	e.sweeper = repeat(e.life, sweepInvitationsEvery, e.sweepInvitations)
	if o.Mirror != nil {
		e.mirror = startMirror(e)
	}
	e.clock = newClock(e)
	e.clock.start()
	return e, nil
}

// Close stops the engine in order: no request is admitted any more, those under
// way are answered, every competition stores its snapshot and stops, then the
// parts that they share. At ctx's deadline it returns with an error, calls of
// the store that are under way are cancelled, and the rest ends in the
// background; nothing that was acknowledged is lost either way. A second call
// does nothing.
func (e *Engine) Close(ctx context.Context) error {
	if e.draining.Swap(true) {
		return nil
	}
	ended := make(chan error, 1)
	go func() {
		ended <- e.shutDown()
		e.endLife()
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		e.endLife()
		return fmt.Errorf("the engine did not stop in time, %d requests are under way: %w", e.inFlight.Load(), ctx.Err())
	}
}

// shutDown is Close without a limit. Nobody's actor is stopped over its queue:
// whoever waits is answered.
func (e *Engine) shutDown() error {
	e.clock.close()
	e.drain()
	e.endRecovering()
	if e.mirror != nil {
		e.mirror.close() // while the actors can still be asked
	}
	active := e.registry.all()
	for _, h := range active {
		e.tell(h, &shutDown{})
	}
	for _, h := range active {
		<-h.gone
	}
	e.heralds.Wait()
	e.saver.close()
	e.projector.close()
	e.writer.close()
	e.monitor.close()
	e.sweeper.close()
	err := e.system.Root.PoisonFuture(e.competitions).Wait()
	e.system.Shutdown()
	e.workers.Close()
	return err
}

// drain waits until no request is under way.
func (e *Engine) drain() {
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for e.inFlight.Load() > 0 {
		<-poll.C
	}
}

func (e *Engine) now() competition.Millis { return competition.MillisOf(e.Now()) }

func newKey() (k competition.Key) {
	rand.Read(k[:]) // never fails, see crypto/rand
	return k
}

// storeContext bounds one call of the store.
func (e *Engine) storeContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(e.life, e.StoreTimeout)
}
