package actors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/actors/internal/mirror"
	"github.com/paceboard/paceboard/actors/internal/projection"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// New starts an engine on a store, which stays the caller's to close, after
// Engine.Close. Competitions that are running are recovered in the background;
// until then Health says that the engine is not ready.
func New(o Options) (*Engine, error) {
	if o.Store == nil {
		return nil, errors.New("an engine needs a store")
	}
	o.setDefaults()
	e := &Engine{parts: &parts{options: o, store: o.Store, workers: mailbox.NewWorkers(), drained: worker.NewSignal(), created: newCreated(), damage: newDamage(&o), erasing: erasing{users: map[string]*begun{}}}}
	e.counting = clusterLocks{holds: o.Holds, kind: competition.HoldUser}
	e.answering = clusterLocks{holds: o.Holds, kind: competition.HoldInvitation}
	e.life, e.endLife = context.WithCancel(context.Background())
	e.recovering, e.endRecovering = context.WithCancel(e.life)
	e.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return o.Logger.With("part", "protoactor")
	}))
	root := e.system.Root
	e.actors = actorEnv{
		options: &e.options, root: root, registry: registry{handles: map[string]*handle{}}, recoveries: make(chan struct{}, 2), budgets: newBudgets(o.MaxJournalUser),
		life: e.life, recovering: e.recovering, losses: newLosses(o.Metrics), remind: e.remind,
	}
	pid, err := root.SpawnNamed(actor.PropsFromProducer(
		func() actor.Actor {
			return &supervisorActor{env: &e.actors, limit: o.MaxInFlight, dispatcher: e.workers}
		},
		actor.WithSupervisor(&restartForever{logger: o.Logger})), "competitions")
	if err != nil {
		e.endLife()
		return nil, fmt.Errorf("start the competitions' supervisor: %w", err)
	}
	e.competitions = pid
	e.projector = projection.Start(projection.Options{
		Life: e.life, Store: o.Store, Logger: o.Logger, Timeout: o.StoreTimeout, RecoveryTimeout: o.RecoveryTimeout, Rows: o.projectRows, Ours: o.home(),
	})
	if o.Peers != nil {
		e.tops = newTops(topsEnv{exchange: e.exchange, saw: e.actors.losses.saw})
		e.actors.followers = newFollowers(followersEnv{
			life: e.life, logger: o.Logger, timeout: o.RequestTimeout, watches: watchesAtOnce, ask: e.askOwner, exchange: e.exchange,
			subscribe: e.subscribe, unsubscribe: e.Unsubscribe, saw: e.actors.losses.saw,
		})
	}
	a := &e.actors // nothing is activated before the clock starts
	a.writer = startWriter(writerEnv{life: e.life, journal: o.Store, timeout: o.StoreTimeout, root: root, metrics: o.Metrics})
	a.saver = startSaver(saverEnv{life: e.life, store: o.Store, timeout: o.StoreTimeout, root: root, projector: e.projector})
	a.monitor = startMonitor(e.life, o.Store, o.Logger, e.recheck)
	a.clock = newClock(clockEnv{store: o.Store, timeout: o.StoreTimeout, now: e.now, settled: o.Settled, logger: o.Logger, tick: e.tick})
	e.sweeping = worker.Every(e.life, worker.Interval{Then: sweepEvery},
		sweeper{store: o.Store, timeout: o.StoreTimeout, now: e.now, logger: o.Logger, active: o.only("~invitations")}.sweep)
	if o.Mirror != nil {
		of := mirror.Options{
			Life: e.life, To: o.Mirror, Store: o.Store, Logger: o.Logger, Timeout: o.RecoveryTimeout, Root: root,
			Find: a.registry.mirrored, Recovered: a.clock.read, Recoveries: a.recoveries, NewKey: o.newKey, Ours: o.home(),
		}
		if o.Lease != nil {
			of.Current = o.Lease.Valid
			if o.Confirm != nil {
				of.Current = func() bool { return o.Confirm(time.Now().Add(o.StoreTimeout)) == nil }
			}
		}
		a.mirror = mirror.Start(of)
	}
	a.clock.start(e.life)
	if o.Peers != nil {
		e.rebalancing = worker.Start(e.life, e.rebalanceAll)
	}
	if o.Lease != nil {
		quiet := &silences{lease: o.Lease, all: e.actors.registry.all, tell: e.tell, logger: o.Logger}
		e.silences = worker.Every(e.life, worker.Interval{First: signEvery, Then: signEvery}, quiet.look)
	}
	e.tidying = worker.Every(e.life, worker.Interval{Then: max(min(o.IdleAfter/4, time.Minute), 10*time.Millisecond)}, e.tidyUp)
	return e, nil
}

// Close stops the engine in order: in a cluster every competition is given up, while
// requests go on, here and where they are claimed next; then no more requests are
// admitted, those under way are answered, every competition stores its snapshot and
// stops, then the parts that they share. At ctx's deadline it returns an error, calls of the store that are under way
// are cancelled, and the rest ends in the background; nothing that was acknowledged is
// lost either way. A second call does nothing.
func (e *Engine) Close(ctx context.Context) error {
	if e.leaving.Swap(true) {
		return nil
	}
	ended := make(chan error, 1)
	go func() {
		if e.options.Peers != nil {
			e.handOver()
		}
		e.draining.Store(true)
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

// shutDown is Close without a deadline. An actor first answers the requests in its
// mailbox.
func (e *Engine) shutDown() error {
	e.actors.clock.close()
	e.tidying.Stop()
	if e.rebalancing != nil {
		e.rebalancing.Stop()
	}
	if e.silences != nil {
		e.silences.Stop()
	}
	e.drain()
	if e.actors.followers != nil {
		e.actors.followers.close()
		e.tops.close()
	}
	e.serving.Wait()
	e.endRecovering()
	if e.actors.mirror != nil {
		e.actors.mirror.Close() // while the actors can still be asked
	}
	active := e.actors.registry.all()
	for _, h := range active {
		e.tell(h, &shutDown{})
	}
	for _, h := range active {
		<-h.gone
	}
	e.actors.fanOuts.Wait()
	e.actors.saver.close()
	e.projector.Close()
	e.actors.writer.close()
	e.actors.monitor.close()
	e.sweeping.Stop()
	err := e.system.Root.PoisonFuture(e.competitions).Wait()
	e.system.Shutdown()
	e.workers.Close()
	return err
}
