package actors

import (
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/race"
)

// TestLifetimeAgreesWithTheNaiveMerge: random syncs of random users in several
// competitions, with snapshots, passivation, restarts, crashes, and a store that
// fails now and then; whatever was acknowledged is in the lifetime statistics,
// by the rule of the merge, and nothing else is.
func TestLifetimeAgreesWithTheNaiveMerge(t *testing.T) {
	syncs, lifetimes, crashes := 0, 0, 0
	enough := 3_000 // lifetimes; under SOAK as many as 100 lives have
	if race.Enabled {
		enough /= 4
	}
	if os.Getenv("SOAK") != "" {
		enough = math.MaxInt
	}
	synctest.Test(t, func(bubble *testing.T) {
		rapid.Check(noDeadline{bubble}, func(t *rapid.T) {
			if lifetimes >= enough {
				return
			}
			h := newLifetimeHarness(t)
			defer func() {
				h.close()
				h.closeStore()
			}()
			t.Repeat(map[string]func(*rapid.T){
				"sync": h.sync, "sync 2": h.sync, "sync 3": h.sync, "sync 4": h.sync, "sync 5": h.sync, "sync 6": h.sync,
				"leave or return": h.leave,
				"wait":            h.wait, "wait 2": h.wait,
				"faults":  h.fail,
				"restart": func(*rapid.T) { h.close(); h.start() },
				"crash":   h.crash,
				"":        h.verify,
			})
			h.fail(nil)
			pass(2 * time.Minute)
			h.verify(t)
			h.complete(t)
			syncs, lifetimes, crashes = syncs+h.syncs, lifetimes+h.verified, crashes+h.crashes
		})
		pass(time.Minute)
	})
	t.Logf("%d syncs acknowledged, %d lifetimes verified, %d crashes", syncs, lifetimes, crashes)
	require.True(t, t.Failed() || lifetimes >= min(enough, 3_000) || testing.Short())
}

type saidOf struct {
	user   string
	day    calendar.Day
	source string
}

type saying struct{ recorded, steps int64 }

type lifetimeHarness struct {
	t      *rapid.T
	store  *memoryStore
	engine *Engine
	heard  map[saidOf]saying
	faults map[string]int // calls of the store that fail, by name: 1 of so many
	calls  int

	syncs, verified, crashes int
}

func newLifetimeHarness(t *rapid.T) *lifetimeHarness {
	h := &lifetimeHarness{t: t, store: newMemoryStore(), heard: map[saidOf]saying{}}
	h.start()
	for i := range 3 {
		d := running(fmt.Sprintf("c%d", i))
		if i == 0 { // this one ends before the others
			d.End = calendar.MillisOf(time.Now().Add(time.Minute))
		}
		d.Complete()
		if _, _, err := h.engine.Create(&competition.CreateCompetition{Caller: operator, Definition: d}); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func (h *lifetimeHarness) start() {
	h.store.before = func(_ context.Context, call string) error { return h.fault(call) }
	var err error
	h.engine, err = New(Options{Store: unheard{h.store, h}, IdleAfter: 40 * time.Second, SnapshotEvents: 5, SnapshotRows: 3, projectRows: 1})
	if err != nil {
		h.t.Fatal(err)
	}
}

// fault is why a call fails, if it does.
func (h *lifetimeHarness) fault(call string) error {
	h.store.mu.Lock()
	defer h.store.mu.Unlock()
	h.calls++
	if n := h.faults[call]; n > 0 && h.calls%n == 0 {
		return competition.ErrUnavailable
	}
	return nil
}

// unheard is a store whose answers may get lost.
type unheard struct {
	*memoryStore
	h *lifetimeHarness
}

func (s unheard) Save(ctx context.Context, snapshot *competition.Snapshot) error {
	if err := s.memoryStore.Save(ctx, snapshot); err != nil {
		return err
	}
	return s.h.fault("answer to Save")
}

func (s unheard) Project(ctx context.Context, p *competition.Projection) error {
	if err := s.memoryStore.Project(ctx, p); err != nil {
		return err
	}
	return s.h.fault("answer to Project")
}

func (h *lifetimeHarness) close() {
	if err := h.engine.Close(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *lifetimeHarness) closeStore() {
	if err := h.store.Close(); err != nil {
		h.t.Fatal(err)
	}
}

// crash goes on with what the store has now; what the engine before does on its
// way out is lost.
func (h *lifetimeHarness) crash(*rapid.T) {
	h.crashes++
	left := h.store.clone()
	h.close()
	h.closeStore()
	h.store = left
	h.start()
}

func (h *lifetimeHarness) fail(t *rapid.T) {
	faults := map[string]int{}
	if t != nil {
		for _, call := range []string{"Save", "Project", "Load", "LifetimeOf", "Unprojected", "answer to Save", "answer to Project"} {
			faults[call] = rapid.SampledFrom([]int{0, 0, 3, 1}).Draw(t, call+" fails")
		}
	}
	h.store.set(func() { h.faults = faults })
	pass(2 * time.Second) // whoever could not recover tries again
}

func (h *lifetimeHarness) wait(t *rapid.T) {
	pass(rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second, 15 * time.Second, 2 * time.Minute}).Draw(t, "wait"))
}

func (h *lifetimeHarness) sync(t *rapid.T) {
	at := saidOf{
		user:   rapid.SampledFrom([]string{"ann", "bob", "cleo"}).Draw(t, "user"),
		day:    calendar.DayOf(time.Now()) - calendar.Day(rapid.IntRange(0, 2).Draw(t, "days ago")),
		source: rapid.SampledFrom([]string{"phone", "watch"}).Draw(t, "source"),
	}
	what := saying{
		recorded: rapid.SampledFrom([]int64{0, 1, 2}).Draw(t, "recorded"),
		steps:    rapid.Int64Range(1, 1000).Draw(t, "steps"),
	}
	_, err := h.engine.SubmitSync(fmt.Sprintf("c%d", rapid.IntRange(0, 2).Draw(t, "competition")), &competition.SubmitSync{
		UserID: at.user, Source: at.source, Day: at.day, RecordedAt: what.recorded, Metrics: competition.Metrics{Steps: what.steps},
	})
	if err != nil {
		return // refused, and then it is not there
	}
	h.syncs++
	known := h.heard[at]
	switch {
	case what.recorded > known.recorded:
		h.heard[at] = what
	case what.recorded == known.recorded:
		h.heard[at] = saying{what.recorded, max(what.steps, known.steps)}
	}
}

func (h *lifetimeHarness) leave(t *rapid.T) {
	id, user := fmt.Sprintf("c%d", rapid.IntRange(0, 2).Draw(t, "competition")), rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "user")
	if err := obey(h.engine, id, &competition.LeaveCompetition{Caller: competition.Caller{UserID: user}, UserID: user}); err != nil {
		_, _ = h.engine.Join(id, join(user))
	}
}

func (h *lifetimeHarness) verify(t *rapid.T) {
	for _, user := range []string{"ann", "bob", "cleo", "nobody"} {
		all, err := h.engine.Lifetime(operator, user)
		if err != nil {
			if h.faults["LifetimeOf"] == 0 && h.faults["Load"] == 0 {
				t.Fatalf("lifetime of %s: %v", user, err)
			}
			continue
		}
		h.verified++
		got := map[saidOf]saying{}
		for _, day := range all.Stats(user, competition.AllDays).Days {
			for _, source := range day.Sources {
				got[saidOf{user, day.Day, source.Source}] = saying{source.RecordedAt, source.Metrics.Steps}
			}
		}
		want := maps.Clone(h.heard)
		maps.DeleteFunc(want, func(at saidOf, _ saying) bool { return at.user != user })
		if !maps.Equal(want, got) {
			t.Fatalf("lifetime of %s: got %v, want %v", user, got, want)
		}
	}
}

// complete holds the projection alone to having all that is in the snapshots,
// once time has passed.
func (h *lifetimeHarness) complete(t *rapid.T) {
	for id, seq := range h.store.saved {
		if checkpoint := h.store.projected[id]; checkpoint != seq {
			t.Fatalf("%s was projected up to seq %d, its snapshot is of %d", id, checkpoint, seq)
		}
	}
	if lagging := h.engine.Health().Lifetime.Lagging; lagging != 0 {
		t.Fatalf("%d competitions lag", lagging)
	}
}
