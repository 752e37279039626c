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

	"github.com/paceboard/paceboard/competition"
)

// Options of an Engine. Store is needed, all else has a default.
type Options struct {
	Store  competition.Store
	Logger *slog.Logger
	Now    func() time.Time

	// RequestTimeout is how long a caller waits for an answer before it gets
	// ErrUnavailable. Default 5 s.
	RequestTimeout time.Duration
	// StoreTimeout bounds every call of the store that no caller waits for, but
	// recovery. Default 5 s.
	StoreTimeout time.Duration
	// RecoveryTimeout bounds the recovery of one competition. Default 5 min.
	RecoveryTimeout time.Duration
	// MaxInFlight is how many requests may be under way; one more gets
	// ErrOverloaded. Default 16,384.
	MaxInFlight int
	// IdleAfter is how long a competition stays in memory unused. Default 10 min.
	IdleAfter time.Duration
	// SnapshotEvents and SnapshotRows are how many events, or changed
	// participants, make a snapshot due. Defaults 65,536 and 16,384.
	SnapshotEvents, SnapshotRows int
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
	writer       *writer
	saver        *saver
	clock        *clock
	monitor      *monitor

	inFlight     atomic.Int64
	draining     atomic.Bool
	recovered    atomic.Bool
	incarnations atomic.Uint64
	recoveries   chan struct{} // a place for each recovery that may run at once
	envelopes    sync.Pool

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
	e := &Engine{Options: o, recoveries: make(chan struct{}, 2)}
	e.envelopes.New = makeEnvelope
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
		return nil, fmt.Errorf("start the competitions' supervisor: %w", err)
	}
	e.competitions = pid
	e.writer = startWriter(e)
	e.saver = startSaver(e)
	e.monitor = startMonitor(e)
	e.clock = newClock(e)
	e.clock.start()
	return e, nil
}

// Close stops the engine in order: no request is admitted any more, those under
// way are answered, every competition stores its snapshot and stops, then the
// parts that they share. At ctx's deadline it returns without waiting any
// longer, and calls of the store that are still under way are cancelled; nothing
// that was acknowledged is lost either way. A second call does nothing.
func (e *Engine) Close(ctx context.Context) error {
	if e.draining.Swap(true) {
		return nil
	}
	defer e.endLife()
	defer context.AfterFunc(ctx, e.endLife)()
	errs := []error{e.clock.close(ctx), e.drain(ctx)}
	e.endRecovering()
	active := e.registry.all()
	for _, h := range active {
		e.tell(h, &shutDown{})
	}
	for _, h := range active {
		errs = append(errs, awaitEnd(ctx, h.gone, h.id))
	}
	errs = append(errs, e.saver.close(ctx), e.writer.close(ctx), e.monitor.close(ctx), e.stopActors(ctx))
	return errors.Join(errs...)
}

// drain waits until no request is under way.
func (e *Engine) drain(ctx context.Context) error {
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for e.inFlight.Load() > 0 {
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("%d requests are still under way: %w", e.inFlight.Load(), ctx.Err())
		}
	}
	return nil
}

func (e *Engine) stopActors(ctx context.Context) error {
	stopped := make(chan struct{})
	var err error
	go func() { // ends with the future's own time-out, at most 10 s
		defer close(stopped)
		err = e.system.Root.PoisonFuture(e.competitions).Wait()
		e.system.Shutdown()
	}()
	if late := awaitEnd(ctx, stopped, "the competitions' supervisor"); late != nil {
		return late
	}
	return err
}

// awaitEnd waits until ended is closed; past ctx's deadline the error names what
// had not ended.
func awaitEnd(ctx context.Context, ended <-chan struct{}, what string) error {
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-ended: // in time after all
		return nil
	default:
		return fmt.Errorf("%s did not stop in time: %w", what, ctx.Err())
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
