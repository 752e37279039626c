package actors

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

func TestRequestsBeyondTheLimitAreOverloaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, func(o *Options) { o.MaxInFlight = 3 })
		create(t, e, running("spring"))
		g := newGate(nil, true)
		store.set(func() { store.beforeAppend = g.wait })
		var answers []<-chan error
		for i := range 3 {
			answers = append(answers, later(func() error { _, err := e.SubmitSync("spring", steps(fmt.Sprint(i), 1)); return err }))
		}
		synctest.Wait()
		require.Equal(t, 3, e.Health().InFlight)
		_, err := e.SubmitSync("spring", steps("ann", 1))
		require.ErrorIs(t, err, competition.ErrOverloaded)
		_, err = e.Top("spring", operator)
		require.ErrorIs(t, err, competition.ErrOverloaded)
		_, _, err = e.Competitions(operator, competition.Listing{Limit: 10})
		require.ErrorIs(t, err, competition.ErrOverloaded)
		_, err = e.SubmitEverywhere(steps("ann", 1), nil)
		require.ErrorIs(t, err, competition.ErrOverloaded)
		close(g.open)
		for _, answer := range answers {
			require.NoError(t, <-answer)
		}
		synctest.Wait()
		require.Zero(t, e.Health().InFlight)
		submit(t, e, "spring", steps("ann", 1))
	})
}

func TestBlockedStoreCostsACallerOneTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, func(o *Options) { o.RequestTimeout, o.StoreTimeout = 2*time.Second, 10*time.Second })
		var items []competition.BatchItem
		for i := range 20 {
			id := fmt.Sprintf("c%02d", i)
			create(t, e, running(id))
			_, err := e.Join(id, join("ann"))
			require.NoError(t, err)
			items = append(items, competition.BatchItem{CompetitionID: id, Sync: *steps("ann", 1)})
		}
		items = append(items, competition.BatchItem{Sync: *steps("ann", 2)})
		store.set(func() { store.beforeAppend = newGate(nil, true).wait })

		began := time.Now()
		_, err := e.SubmitSync("c00", steps("ann", 1))
		require.ErrorIs(t, err, competition.ErrUnavailable)
		require.Equal(t, 2*time.Second, time.Since(began))
		began = time.Now()
		_ = e.SubmitBatch(items, nil)
		require.Equal(t, 2*time.Second, time.Since(began), "of all its competitions together")
		for _, item := range items {
			require.ErrorIs(t, item.Err, competition.ErrUnavailable)
		}
		require.Zero(t, e.Health().InFlight)
		require.Equal(t, map[string]int64{"ann": 0}, scores(t, e, "c00"), "reads go on")
		store.set(func() { store.beforeAppend = nil })
		pass(15 * time.Second)
		submit(t, e, "c00", steps("ann", 3))
	})
}

func TestRequestsLeftBehindAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, func(o *Options) { o.MaxInFlight = 8 })
		create(t, e, running("spring"))
		create(t, e, running("summer"))
		closeEngine(t, e)
		open := make(chan struct{})
		store.set(func() {
			store.before = func(ctx context.Context, call string) error {
				if call != "Load" {
					return nil
				}
				select {
				case <-open:
				case <-ctx.Done():
				}
				return ctx.Err()
			}
		})
		e = startEngine(t, store, func(o *Options) { o.MaxInFlight = 8 })
		overloaded := 0
		for range 20 {
			_, err := e.SubmitSync("spring", steps("ann", 1))
			if overloaded > 0 || !isUnavailable(err) {
				require.ErrorIs(t, err, competition.ErrOverloaded)
				overloaded++
			}
		}
		require.Positive(t, overloaded)
		require.Zero(t, e.Health().InFlight)
		close(open)
		pass(time.Second)
		submit(t, e, "spring", steps("ann", 2))
		submit(t, e, "summer", steps("ann", 2))
	})
}

func isUnavailable(err error) bool { return err != nil && retryable(err) }

func TestCloseAnswersWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("spring"))
		g := newGate(nil, true)
		store.set(func() { store.beforeAppend = g.wait })
		sync := later(func() error { _, err := e.SubmitSync("spring", steps("ann", 1)); return err })
		synctest.Wait()
		closing := later(func() error { return e.Close(t.Context()) })
		pass(time.Second)
		require.Empty(t, closing)
		require.True(t, e.Health().Draining)
		require.False(t, e.Health().Ready)
		_, err := e.SubmitSync("spring", steps("bob", 1))
		require.ErrorIs(t, err, competition.ErrUnavailable, "no new ones")
		close(g.open)
		require.NoError(t, <-sync)
		require.NoError(t, <-closing)
		require.Equal(t, store.last("spring"), store.saved["spring"], "the snapshot is stored")
		require.NoError(t, e.Close(t.Context()), "a second time")

		e = startEngine(t, store, nil)
		require.Equal(t, map[string]int64{"ann": 1}, scores(t, e, "spring"))
	})
}

func TestCloseReturnsByItsDeadlineWhateverTheStoreDoes(t *testing.T) {
	calls := map[string]func(*memoryStore, func(context.Context)){
		"Append blocks": func(s *memoryStore, block func(context.Context)) {
			s.beforeAppend = func(ctx context.Context) (bool, error) { block(ctx); return false, competition.ErrUnavailable }
		},
	}
	for _, name := range []string{"Save", "Load", "List", "Find"} {
		calls[name+" blocks"] = func(s *memoryStore, block func(context.Context)) {
			s.before = func(ctx context.Context, call string) error {
				if call == name {
					block(ctx)
					return competition.ErrUnavailable
				}
				return nil
			}
		}
	}
	for name, obstruct := range calls {
		for _, heeds := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, heeds its context %v", name, heeds), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := newMemoryStore()
					e, err := New(Options{Store: store})
					require.NoError(t, err)
					create(t, e, running("spring"))
					submit(t, e, "spring", steps("ann", 1))
					closeEngine(t, e)
					open := make(chan struct{})
					store.forget("Save")
					store.set(func() {
						obstruct(store, func(ctx context.Context) {
							over := ctx.Done()
							if !heeds {
								over = nil
							}
							select {
							case <-open:
							case <-over:
							}
						})
					})
					e, err = New(Options{Store: store, RequestTimeout: time.Minute, StoreTimeout: time.Minute})
					require.NoError(t, err)
					synctest.Wait()
					sync := later(func() error { _, err := e.SubmitSync("spring", steps("ann", 2)); return err })
					synctest.Wait()

					ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
					defer cancel()
					began := time.Now()
					closed := e.Close(ctx)
					require.LessOrEqual(t, time.Since(began), 3*time.Second)
					if closed != nil {
						require.ErrorIs(t, closed, context.DeadlineExceeded)
					}
					if heeds {
						synctest.Wait()
						require.Len(t, sync, 1, "callers do not wait any longer either")
					}
					close(open)
					t.Logf("the caller was told: %v", <-sync)
					pass(time.Minute) // what goes on in the background
					require.NoError(t, store.Close())
				})
			})
		}
	}
}

func TestStoreIsLeftAloneAfterClose(t *testing.T) {
	store := newMemoryStore()
	e, err := New(Options{Store: store})
	require.NoError(t, err)
	create(t, e, running("spring"))
	reads := []func(){
		func() { _, _, _ = e.Competitions(competition.Caller{UserID: "ann"}, competition.Listing{Limit: 10}) },
		func() { _, _, _ = e.CompetitionsOf("ann", "", 10) },
		func() { _, _ = e.Competition("winter", operator) },
		func() { _, _ = e.SubmitEverywhere(steps("ann", 1), nil) },
		func() { _, _ = e.Top("winter", operator) },
		func() { _, _ = e.SubmitSync("spring", steps("ann", 1)) },
	}
	var wg sync.WaitGroup
	var calls atomic.Int64
	started, stop := make(chan struct{}), make(chan struct{})
	for _, read := range reads {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				read()
				if calls.Add(1) == 1000 {
					close(started)
				}
			}
		})
	}
	<-started
	closeEngine(t, e)
	require.NoError(t, store.Close()) // panics from now on
	for n := calls.Load(); calls.Load() < n+1000; {
		reads[0]()
	}
	close(stop)
	wg.Wait()
}
