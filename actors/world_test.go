package actors

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition"
)

// TestEngineAgreesWithTheModel runs whole lives of three competitions against
// the model: bursts of concurrent callers, time moving through the statuses,
// appends that fail (stored and not), panics, passivation, restarts.
func TestEngineAgreesWithTheModel(t *testing.T) {
	pipelined := false
	ops := playWorlds(t, 0, func(*testing.T) worldStore {
		if pipelined = !pipelined; pipelined {
			return &pipelinedStore{memoryStore: newMemoryStore()}
		}
		return newMemoryStore()
	})
	if !testing.Short() && !t.Failed() && ops < 200_000 {
		t.Errorf("only %d operations were held against the model", ops)
	}
}

// playWorlds plays worlds in a bubble, each on a store of its own, and returns
// how many operations were held against the model. It begins no world once there
// were enough of them; 0 is never enough.
func playWorlds(t *testing.T, enough int64, open func(t *testing.T) worldStore) int64 {
	t.Helper()
	var ops atomic.Int64
	synctest.Test(t, func(bubble *testing.T) {
		rapid.Check(noDeadline{bubble}, func(t *rapid.T) {
			if enough > 0 && ops.Load() >= enough {
				return
			}
			w := newWorld(t, open(bubble))
			defer func() {
				w.stop()
				w.must(w.store.Close())
			}()
			for range rapid.IntRange(12, 20).Draw(t, "bursts") {
				w.between()
				w.runBurst()
				w.verify()
			}
			w.verifyRecovery()
			ops.Add(w.ops.Load())
		})
		pass(time.Minute) // the actor system's own timers
	})
	t.Logf("%d operations", ops.Load())
	return ops.Load()
}

var (
	operator = competition.Caller{UserID: "olga", Operator: true}
	users    = []string{"ann", "bob", "cleo", "dan", "eve", "fay", "gil", "hal"}
	ids      = []string{"invited", "limited", "open"}
)

// world is a store, the engine on it, and what both should hold.
type world struct {
	t       *rapid.T
	store   worldStore
	options Options
	engine  *Engine
	models  []*model // in the order of ids
	ahead   atomic.Int64
	ops     atomic.Int64

	burst  int
	bounds []span       // of the bursts, by the engine's clock
	faults atomic.Int64 // calls of the store that are still to fail
	coin   atomic.Uint64

	mu       sync.Mutex
	failures []string
	versions map[string]map[uint64]competition.Board // every version that was seen
}

type span struct{ from, to competition.Millis }

// now is Options.Now: the bubble's clock and how far the test is ahead of it.
func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// worldStore is a store that fails when it is told to.
type worldStore interface {
	competition.Store
	// failBy sets hooks; see memoryStore.
	failBy(beforeAppend func(context.Context) (store bool, err error), before func(ctx context.Context, call string) error)
	// setClosed makes further calls panic, or takes that back.
	setClosed(closed bool)
	// bare is what there is to recover from without snapshots.
	bare() competition.Source
}

func newWorld(t *rapid.T, store worldStore) *world {
	w := &world{t: t, store: store, bounds: []span{{}}, versions: map[string]map[uint64]competition.Board{}}
	w.store.failBy(w.faultOfAppend, w.faultOfOthers)
	w.options = Options{
		Store: w.store, Now: w.now,
		IdleAfter:      rapid.SampledFrom([]time.Duration{400 * time.Millisecond, time.Hour}).Draw(t, "idle"),
		SnapshotEvents: rapid.SampledFrom([]int{3, 20, 1000}).Draw(t, "snapshot events"),
		SnapshotRows:   rapid.SampledFrom([]int{2, 1000}).Draw(t, "snapshot rows"),
	}
	w.start()
	w.alignTo(w.now().Add(time.Hour))
	for _, id := range ids {
		d := w.definition(id)
		creator := "olga"
		if id == "invited" {
			creator = "ann"
		}
		_, created, err := w.engine.Create(&competition.CreateCompetition{Caller: competition.Caller{UserID: creator, Operator: true}, Definition: d})
		if err != nil || !created {
			t.Fatalf("create: %v %v", created, err)
		}
		w.models = append(w.models, newModel(d, creator, users))
		w.versions[id] = map[uint64]competition.Board{}
	}
	return w
}

func (w *world) definition(id string) competition.Definition {
	hours := func(from, to int, label string) competition.Millis {
		return competition.Millis(rapid.IntRange(from, to).Draw(w.t, label)) * 3_600_000
	}
	hour := competition.MillisOf(w.now().Truncate(time.Hour))
	d := competition.Definition{
		ID: id, Name: id, Start: hour + hours(-72, 4, "start"), End: hour + hours(10, 90, "end"),
		Scoring:    competition.Weights{Step: 1000, Metre: 300, Kcal: 7, Minute: 500},
		PrizeSplit: []int64{100_000}, DailyLimits: competition.DefaultDailyLimits, LateSyncHours: rapid.SampledFrom([]int{0, 2, 24}).Draw(w.t, "late"),
	}
	switch id {
	case "invited":
		d.Visibility = competition.Private
	case "limited":
		d.MaxParticipants = 5
	}
	d.Complete()
	return d
}

func (w *world) start() {
	var err error
	if w.engine, err = New(w.options); err != nil {
		w.t.Fatalf("new: %v", err)
	}
}

// stop closes the engine, and holds it to calling the store no more.
func (w *world) stop() {
	if err := w.engine.Close(context.Background()); err != nil {
		w.t.Errorf("close: %v", err)
	}
	w.store.setClosed(true)
	synctest.Wait()
	w.store.setClosed(false)
}

// toss is a coin with 1 in 2^bits for heads, and a fault that is still to be.
func (w *world) toss(bits int) bool {
	if w.faults.Load() <= 0 || w.coin.Add(0x9e3779b97f4a7c15)>>(64-bits) != 0 {
		return false
	}
	w.faults.Add(-1)
	return true
}

// faultOfAppend is the store's hook.
func (w *world) faultOfAppend(context.Context) (store bool, err error) {
	if w.toss(1) {
		return w.coin.Load()>>62&1 == 0, competition.ErrUnavailable
	}
	return true, nil
}

// faultOfOthers is the store's other hook.
func (w *world) faultOfOthers(_ context.Context, call string) error {
	bits := 4
	if call == "Save" {
		bits = 1
	}
	if w.toss(bits) {
		return competition.ErrUnavailable
	}
	return nil
}

// alignTo sets the engine's clock to half past an hour: statuses change at whole
// hours, and no burst takes half of one.
func (w *world) alignTo(t time.Time) {
	at := t.Truncate(time.Hour).Add(30 * time.Minute)
	w.ahead.Store(int64(time.Until(at)))
}

// between is what may happen while nobody asks.
func (w *world) between() {
	if hours := rapid.SampledFrom([]int{0, 0, 1, 3, 20}).Draw(w.t, "hours"); hours > 0 {
		w.alignTo(w.now().Add(time.Duration(hours) * time.Hour))
	}
	if rapid.IntRange(0, 19).Draw(w.t, "restart") == 0 {
		w.stop()
		w.start()
	}
	w.settle()
	w.burst++
}

// settle lets retries, ticks and sweeps happen.
func (w *world) settle() {
	w.engine.clock.wake.Set()
	pass(1500 * time.Millisecond)
}

func (w *world) runBurst() {
	callers := make([]*caller, rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(w.t, "callers"))
	for i := range callers {
		callers[i] = &caller{world: w, id: i, alone: len(callers) == 1}
	}
	for i, user := range users {
		c := callers[i%len(callers)]
		c.people = append(c.people, user)
	}
	w.faults.Store(int64(rapid.SampledFrom([]int{0, 0, 1, 8}).Draw(w.t, "faults")))
	from := competition.MillisOf(w.now())
	commands := rapid.SampledFrom([]int{20, 130, 295}).Draw(w.t, "how many commands")
	var wg sync.WaitGroup
	for _, c := range callers {
		seed := rapid.Uint64().Draw(w.t, "commands")
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(c.id)))
			for range commands / len(callers) {
				c.n++
				c.command(r)
				w.ops.Add(1)
			}
		})
	}
	wg.Wait()
	w.faults.Store(0)
	w.settle()
	w.bounds = append(w.bounds, span{from, competition.MillisOf(w.now())})
	if len(w.failures) > 0 {
		w.t.Fatalf("burst %d: %s", w.burst, w.failures[0])
	}
}

// verify holds everything that can be read against the model.
func (w *world) verify() {
	for _, m := range w.models {
		id := m.def.ID
		page, err := w.engine.Page(id, operator, 0, 1000, nil)
		w.must(err)
		w.verifyBoard(m, &page)
		top, err := w.engine.Top(id, operator)
		w.must(err)
		w.equal("top of "+id, page, top.Board)
		if n := len(page.Entries); n > 0 {
			middle, err := w.engine.Around(id, operator, page.Entries[n/2].UserID, 1, nil)
			w.must(err)
			w.equal("around the middle of "+id, page.Entries[max(n/2-1, 0):min(n/2+2, n)], middle.Entries)
			part, err := w.engine.Page(id, operator, n/2, 2, nil)
			w.must(err)
			w.equal("second page of "+id, page.Entries[n/2:min(n/2+2, n)], part.Entries)
		}
		w.verifyLists(m, &page)
	}
	for _, user := range users {
		var mine []string
		for _, m := range w.models {
			if m.people[user].present {
				mine = append(mine, m.def.ID)
			}
		}
		list, _, err := w.engine.CompetitionsOf(user, "", 100)
		w.must(err)
		var theirs []string
		for i := range list {
			theirs = append(theirs, list[i].Definition.ID)
		}
		w.equal("competitions of "+user, mine, theirs)
	}
}

func (w *world) must(err error) {
	if err != nil {
		w.t.Fatalf("burst %d: %v", w.burst, err)
	}
}

func (w *world) equal(what string, want, got any) {
	if !reflect.DeepEqual(want, got) {
		w.t.Fatalf("burst %d: %s: want %+v, got %+v", w.burst, what, want, got)
	}
}

func (w *world) verifyBoard(m *model, page *competition.Board) {
	want := m.board()
	if page.Status != m.status(w.now()) || page.Total != len(want) || len(page.Entries) != len(want) {
		w.t.Fatalf("burst %d: board of %s: %+v; the model says %v, %d entries", w.burst, m.def.ID, page, m.status(w.now()), len(want))
	}
	for i, e := range page.Entries {
		p := m.people[e.UserID]
		if p == nil || !p.onBoard() || e.Rank != i+1 || e.Score != want[i].score || e.Score != m.score(p.totals()) || e.Totals != p.totals() || e.UserName != p.name {
			w.t.Fatalf("burst %d: board of %s, place %d: %+v; the model says %+v", w.burst, m.def.ID, i, e, p)
		}
		if !w.within(p.reached, e.UpdatedAt) || p.synced.burst > 0 && !w.within(p.synced, e.LastSyncedAt) {
			w.t.Fatalf("burst %d: times of %+v; the model says %+v", w.burst, e, p)
		}
		for _, behind := range page.Entries[i+1:] {
			if behind.Score == e.Score && m.people[behind.UserID].reached.before(p.reached) {
				w.t.Fatalf("burst %d: board of %s: %s stands before %s, who reached %d first", w.burst, m.def.ID, e.UserID, behind.UserID, e.Score)
			}
		}
	}
	seen := w.versions[m.def.ID]
	if before, known := seen[page.Version]; known {
		w.equal(fmt.Sprintf("version %d of %s", page.Version, m.def.ID), before, *page)
	}
	seen[page.Version] = *page
	for version := range seen {
		if version > page.Version {
			w.t.Fatalf("burst %d: version %d of %s after %d", w.burst, page.Version, m.def.ID, version)
		}
	}
}

func (w *world) within(m mark, at competition.Millis) bool {
	return w.bounds[m.burst].from <= at && at <= w.bounds[m.burst].to
}

func (w *world) verifyLists(m *model, page *competition.Board) {
	summary, err := w.engine.Competition(m.def.ID, operator)
	w.must(err)
	w.equal("summary of "+m.def.ID, competition.Summary{Definition: m.def, Status: m.status(w.now()), Participants: m.present()}, summary)
	listed, _, err := w.engine.Competitions(operator, 0, competition.ListPlace{}, 100)
	w.must(err)
	w.equal("list", summary, listed[slices.IndexFunc(listed, func(s competition.Summary) bool { return s.Definition.ID == m.def.ID })])
	people, next, err := w.engine.Participants(m.def.ID, operator, 0, 100)
	w.must(err)
	slices.SortFunc(people, func(a, b competition.Entry) int { return a.Rank - b.Rank })
	if next != 0 || len(people) != len(page.Entries) || len(people) > 0 && !reflect.DeepEqual(people, page.Entries) {
		w.t.Fatalf("burst %d: participants of %s: %+v, want %+v", w.burst, m.def.ID, people, page.Entries)
	}
}

// verifyRecovery holds what can be rebuilt from the store, with snapshots and
// without, against the engine's answers.
func (w *world) verifyRecovery() {
	for _, from := range []competition.Source{w.store, w.store.bare()} {
		for _, m := range w.models {
			id := m.def.ID
			c, err := competition.Recover(context.Background(), id, from, newKey, nil)
			w.must(err)
			page, err := w.engine.Page(id, operator, 0, 1000, nil)
			w.must(err)
			w.equal("rebuilt board of "+id, page, c.Page(nil, 0, 1000))
			for _, user := range users {
				live, err := w.engine.Stats(id, operator, user, competition.AllDays)
				rebuilt, other := c.Stats(user, competition.AllDays)
				w.equal("rebuilt statistics of "+user, live, rebuilt)
				w.equal("rebuilt refusal of "+user, err, other)
			}
		}
	}
}

// noDeadline is a test in a bubble, where asking for the deadline panics.
type noDeadline struct{ rapid.TB }
