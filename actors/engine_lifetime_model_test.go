package actors

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition"
)

// TestLifetimeAgreesWithTheNaiveMerge: random syncs of random users in several
// competitions, with snapshots, passivation, restarts, crashes, and a store that
// fails now and then; whatever was acknowledged is in the lifetime statistics,
// by the rule of the merge, and nothing else is.
func TestLifetimeAgreesWithTheNaiveMerge(t *testing.T) {
	syncs, lifetimes, crashes := 0, 0, 0
	synctest.Test(t, func(bubble *testing.T) {
		rapid.Check(noDeadline{bubble}, func(t *rapid.T) {
			w := newLifetimeWorld(t)
			defer func() {
				w.close()
				w.closeStore()
			}()
			t.Repeat(map[string]func(*rapid.T){
				"sync": w.sync, "sync 2": w.sync, "sync 3": w.sync, "sync 4": w.sync, "sync 5": w.sync, "sync 6": w.sync,
				"leave or return": w.leave,
				"wait":            w.wait, "wait 2": w.wait,
				"faults":  w.fail,
				"restart": func(*rapid.T) { w.close(); w.start() },
				"crash":   w.crash,
				"":        w.verify,
			})
			w.fail(nil)
			pass(2 * time.Minute)
			w.verify(t)
			w.complete(t)
			syncs, lifetimes, crashes = syncs+w.syncs, lifetimes+w.verified, crashes+w.crashes
		})
		pass(time.Minute)
	})
	t.Logf("%d syncs acknowledged, %d lifetimes verified, %d crashes", syncs, lifetimes, crashes)
}

type saidOf struct {
	user   string
	day    competition.Day
	source string
}

type saying struct{ recorded, steps int64 }

type lifetimeWorld struct {
	t      *rapid.T
	store  *memoryStore
	engine *Engine
	heard  map[saidOf]saying
	faults map[string]int // calls of the store that fail, by name: 1 of so many
	calls  int

	syncs, verified, crashes int
}

func newLifetimeWorld(t *rapid.T) *lifetimeWorld {
	w := &lifetimeWorld{t: t, store: newMemoryStore(), heard: map[saidOf]saying{}}
	w.start()
	for i := range 3 {
		d := running(fmt.Sprintf("c%d", i))
		if i == 0 { // this one ends before the others
			d.End = competition.MillisOf(time.Now().Add(time.Minute))
		}
		d.Complete()
		if _, _, err := w.engine.Create(&competition.CreateCompetition{Caller: operator, Definition: d}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *lifetimeWorld) start() {
	w.store.before = func(_ context.Context, call string) error { return w.fault(call) }
	var err error
	w.engine, err = New(Options{Store: unheard{w.store, w}, IdleAfter: 40 * time.Second, SnapshotEvents: 5, SnapshotRows: 3, projectRows: 1})
	if err != nil {
		w.t.Fatal(err)
	}
}

// fault is why a call fails, if it does.
func (w *lifetimeWorld) fault(call string) error {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	w.calls++
	if n := w.faults[call]; n > 0 && w.calls%n == 0 {
		return competition.ErrUnavailable
	}
	return nil
}

// unheard is a store whose answers may get lost.
type unheard struct {
	*memoryStore
	w *lifetimeWorld
}

func (s unheard) Save(ctx context.Context, snapshot *competition.Snapshot) error {
	if err := s.memoryStore.Save(ctx, snapshot); err != nil {
		return err
	}
	return s.w.fault("answer to Save")
}

func (s unheard) Project(ctx context.Context, p *competition.Projection) error {
	if err := s.memoryStore.Project(ctx, p); err != nil {
		return err
	}
	return s.w.fault("answer to Project")
}

func (w *lifetimeWorld) close() {
	if err := w.engine.Close(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *lifetimeWorld) closeStore() {
	if err := w.store.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// crash goes on with what the store has now; what the engine before does on its
// way out is lost.
func (w *lifetimeWorld) crash(*rapid.T) {
	w.crashes++
	left := w.store.clone()
	w.close()
	w.closeStore()
	w.store = left
	w.start()
}

func (w *lifetimeWorld) fail(t *rapid.T) {
	faults := map[string]int{}
	if t != nil {
		for _, call := range []string{"Save", "Project", "Load", "LifetimeOf", "Unprojected", "answer to Save", "answer to Project"} {
			faults[call] = rapid.SampledFrom([]int{0, 0, 3, 1}).Draw(t, call+" fails")
		}
	}
	w.store.set(func() { w.faults = faults })
	pass(2 * time.Second) // whoever could not recover tries again
}

func (w *lifetimeWorld) wait(t *rapid.T) {
	pass(rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second, 15 * time.Second, 2 * time.Minute}).Draw(t, "wait"))
}

func (w *lifetimeWorld) sync(t *rapid.T) {
	at := saidOf{
		user:   rapid.SampledFrom([]string{"ann", "bob", "cleo"}).Draw(t, "user"),
		day:    competition.DayOf(time.Now()) - competition.Day(rapid.IntRange(0, 2).Draw(t, "days ago")),
		source: rapid.SampledFrom([]string{"phone", "watch"}).Draw(t, "source"),
	}
	what := saying{
		recorded: rapid.SampledFrom([]int64{0, 1, 2}).Draw(t, "recorded"),
		steps:    rapid.Int64Range(1, 1000).Draw(t, "steps"),
	}
	_, err := w.engine.SubmitSync(fmt.Sprintf("c%d", rapid.IntRange(0, 2).Draw(t, "competition")), &competition.SubmitSync{
		UserID: at.user, Source: at.source, Day: at.day, RecordedAt: what.recorded, Metrics: competition.Metrics{Steps: what.steps},
	})
	if err != nil {
		return // refused, and then it is not there
	}
	w.syncs++
	known := w.heard[at]
	switch {
	case what.recorded > known.recorded:
		w.heard[at] = what
	case what.recorded == known.recorded:
		w.heard[at] = saying{what.recorded, max(what.steps, known.steps)}
	}
}

func (w *lifetimeWorld) leave(t *rapid.T) {
	id, user := fmt.Sprintf("c%d", rapid.IntRange(0, 2).Draw(t, "competition")), rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "user")
	if err := obey(w.engine, id, &competition.LeaveCompetition{Caller: competition.Caller{UserID: user}, UserID: user}); err != nil {
		_, _ = w.engine.Join(id, join(user))
	}
}

func (w *lifetimeWorld) verify(t *rapid.T) {
	for _, user := range []string{"ann", "bob", "cleo", "nobody"} {
		all, err := w.engine.Lifetime(operator, user)
		if err != nil {
			if w.faults["LifetimeOf"] == 0 && w.faults["Load"] == 0 {
				t.Fatalf("lifetime of %s: %v", user, err)
			}
			continue
		}
		w.verified++
		got := map[saidOf]saying{}
		for _, day := range all.Stats(user, competition.AllDays).Days {
			for _, source := range day.Sources {
				got[saidOf{user, day.Day, source.Source}] = saying{source.RecordedAt, source.Metrics.Steps}
			}
		}
		want := maps.Clone(w.heard)
		maps.DeleteFunc(want, func(at saidOf, _ saying) bool { return at.user != user })
		if !maps.Equal(want, got) {
			t.Fatalf("lifetime of %s: got %v, want %v", user, got, want)
		}
	}
}

// complete holds the projection alone to having all that is in the snapshots,
// once time has passed.
func (w *lifetimeWorld) complete(t *rapid.T) {
	for id, seq := range w.store.saved {
		if checkpoint := w.store.projected[id]; checkpoint != seq {
			t.Fatalf("%s was projected up to seq %d, its snapshot is of %d", id, checkpoint, seq)
		}
	}
	if behind := w.engine.Health().Lifetime.Lagging; behind != 0 {
		t.Fatalf("%d competitions are behind", behind)
	}
}
