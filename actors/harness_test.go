package actors

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/race"
)

// TestEngineAgreesWithTheModel runs whole lives of three competitions against
// the model: bursts of concurrent callers, time moving through the statuses,
// appends that fail (stored and not), panics, passivation, restarts. SOAK plays
// three times as many.
func TestEngineAgreesWithTheModel(t *testing.T) {
	least := int64(70_000)
	if race.Enabled {
		least /= 5 // `make test` plays all of them without the race detector
	}
	enough := least
	if os.Getenv("SOAK") != "" {
		enough = 0
	}
	pipelined := false
	ops := playModels(t, enough, func(*testing.T) harnessStore {
		if pipelined = !pipelined; pipelined {
			return &pipelinedStore{memoryStore: newMemoryStore()}
		}
		return newMemoryStore()
	})
	if !testing.Short() && !t.Failed() && ops < least {
		t.Errorf("only %d operations were held against the model", ops)
	}
}

// playModels plays models in a bubble, each against a store of its own, and returns
// how many operations were held against the model. It begins none once there
// were enough of them; 0 is never enough.
func playModels(t *testing.T, enough int64, open func(t *testing.T) harnessStore) int64 {
	t.Helper()
	var ops atomic.Int64
	synctest.Test(t, func(bubble *testing.T) {
		rapid.Check(noDeadline{bubble}, func(t *rapid.T) {
			if enough > 0 && ops.Load() >= enough {
				return
			}
			h := newHarness(t, open(bubble))
			defer func() {
				h.stop()
				h.must(h.store.Close())
			}()
			for range rapid.IntRange(12, 20).Draw(t, "bursts") {
				h.between()
				h.runBurst()
				h.verify()
			}
			h.verifyRecovery()
			ops.Add(h.ops.Load())
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

// harness is a store, the engine on it, and what both should hold.
type harness struct {
	t       *rapid.T
	store   harnessStore
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

type span struct{ from, to calendar.Millis }

// now is Options.Now: the bubble's clock and how far the test is ahead of it.
func (h *harness) now() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }

// harnessStore is a store that fails when it is told to.
type harnessStore interface {
	competition.Store
	// failBy sets hooks; see memoryStore.
	failBy(beforeAppend func(context.Context) (store bool, err error), before func(ctx context.Context, call string) error)
	// setClosed makes further calls panic, or takes that back.
	setClosed(closed bool)
	// bare is what there is to recover from without snapshots.
	bare() competition.Source
}

func newHarness(t *rapid.T, store harnessStore) *harness {
	h := &harness{t: t, store: store, bounds: []span{{}}, versions: map[string]map[uint64]competition.Board{}}
	h.store.failBy(h.faultOfAppend, h.faultOfOthers)
	h.options = Options{
		Store: h.store, Now: h.now,
		IdleAfter:      rapid.SampledFrom([]time.Duration{400 * time.Millisecond, time.Hour}).Draw(t, "idle"),
		SnapshotEvents: rapid.SampledFrom([]int{3, 20, 1000}).Draw(t, "snapshot events"),
		SnapshotRows:   rapid.SampledFrom([]int{2, 1000}).Draw(t, "snapshot rows"),
	}
	h.start()
	h.alignTo(h.now().Add(time.Hour))
	for _, id := range ids {
		d := h.definition(id)
		creator := "olga"
		if id == "invited" {
			creator = "ann"
		}
		_, created, err := h.engine.Create(&competition.CreateCompetition{Caller: competition.Caller{UserID: creator, Operator: true}, Definition: d})
		if err != nil || !created {
			t.Fatalf("create: %v %v", created, err)
		}
		h.models = append(h.models, newModel(d, creator, users))
		h.versions[id] = map[uint64]competition.Board{}
	}
	return h
}

func (h *harness) definition(id string) competition.Definition {
	hours := func(from, to int, label string) calendar.Millis {
		return calendar.Millis(rapid.IntRange(from, to).Draw(h.t, label)) * 3_600_000
	}
	hour := calendar.MillisOf(h.now().Truncate(time.Hour))
	d := competition.Definition{
		ID: id, Name: id, Start: hour + hours(-72, 4, "start"), End: hour + hours(10, 90, "end"),
		Scoring:    competition.Weights{Step: 1000, Metre: 300, Kcal: 7, Minute: 500},
		PrizeSplit: []int64{100_000}, DailyLimits: competition.DefaultDailyLimits, LateSyncHours: rapid.SampledFrom([]int{0, 2, 24}).Draw(h.t, "late"),
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

func (h *harness) start() {
	var err error
	if h.engine, err = New(h.options); err != nil {
		h.t.Fatalf("new: %v", err)
	}
}

// stop closes the engine, and holds it to calling the store no more.
func (h *harness) stop() {
	if err := h.engine.Close(context.Background()); err != nil {
		h.t.Errorf("close: %v", err)
	}
	h.store.setClosed(true)
	synctest.Wait()
	h.store.setClosed(false)
}

// toss is a coin with 1 in 2^bits for heads, and a fault that is still to be.
func (h *harness) toss(bits int) bool {
	if h.faults.Load() <= 0 || h.coin.Add(0x9e3779b97f4a7c15)>>(64-bits) != 0 {
		return false
	}
	h.faults.Add(-1)
	return true
}

// faultOfAppend is the store's hook.
func (h *harness) faultOfAppend(context.Context) (store bool, err error) {
	if h.toss(1) {
		return h.coin.Load()>>62&1 == 0, competition.ErrUnavailable
	}
	return true, nil
}

// faultOfOthers is the store's other hook.
func (h *harness) faultOfOthers(_ context.Context, call string) error {
	bits := 4
	if call == "Save" {
		bits = 1
	}
	if h.toss(bits) {
		return competition.ErrUnavailable
	}
	return nil
}

// alignTo sets the engine's clock to half past an hour: statuses change at whole
// hours, and no burst takes half of one.
func (h *harness) alignTo(t time.Time) {
	at := t.Truncate(time.Hour).Add(30 * time.Minute)
	h.ahead.Store(int64(time.Until(at)))
}

// between is what may happen while nobody asks.
func (h *harness) between() {
	if hours := rapid.SampledFrom([]int{0, 0, 1, 3, 20}).Draw(h.t, "hours"); hours > 0 {
		h.alignTo(h.now().Add(time.Duration(hours) * time.Hour))
	}
	if rapid.IntRange(0, 19).Draw(h.t, "restart") == 0 {
		h.stop()
		h.start()
	}
	h.settle()
	h.burst++
}

// settle lets retries, ticks and sweeps happen.
func (h *harness) settle() {
	h.engine.actors.clock.wake.Set()
	pass(1500 * time.Millisecond)
}

func (h *harness) runBurst() {
	callers := make([]*caller, rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(h.t, "callers"))
	for i := range callers {
		callers[i] = &caller{harness: h, id: i, alone: len(callers) == 1}
	}
	for i, user := range users {
		c := callers[i%len(callers)]
		c.people = append(c.people, user)
	}
	h.faults.Store(int64(rapid.SampledFrom([]int{0, 0, 1, 8}).Draw(h.t, "faults")))
	from := calendar.MillisOf(h.now())
	commands := rapid.SampledFrom([]int{20, 130, 295}).Draw(h.t, "how many commands")
	var wg sync.WaitGroup
	for _, c := range callers {
		seed := rapid.Uint64().Draw(h.t, "commands")
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(c.id)))
			for range commands / len(callers) {
				c.n++
				c.command(r)
				h.ops.Add(1)
			}
		})
	}
	wg.Wait()
	h.faults.Store(0)
	h.settle()
	h.bounds = append(h.bounds, span{from, calendar.MillisOf(h.now())})
	if len(h.failures) > 0 {
		h.t.Fatalf("burst %d: %s", h.burst, h.failures[0])
	}
}

// verify holds everything that can be read against the model.
func (h *harness) verify() {
	for _, m := range h.models {
		id := m.def.ID
		page, err := h.engine.Page(id, operator, 0, 1000, nil)
		h.must(err)
		h.verifyBoard(m, &page)
		top, err := h.engine.Top(id, operator)
		h.must(err)
		h.equal("top of "+id, page, top.Board)
		if n := len(page.Entries); n > 0 {
			middle, err := h.engine.Around(id, operator, page.Entries[n/2].UserID, 1, nil)
			h.must(err)
			h.equal("around the middle of "+id, page.Entries[max(n/2-1, 0):min(n/2+2, n)], middle.Entries)
			part, err := h.engine.Page(id, operator, n/2, 2, nil)
			h.must(err)
			h.equal("second page of "+id, page.Entries[n/2:min(n/2+2, n)], part.Entries)
		}
		h.verifyLists(m, &page)
	}
	for _, user := range users {
		var mine []string
		for _, m := range h.models {
			if m.people[user].present {
				mine = append(mine, m.def.ID)
			}
		}
		list, _, err := h.engine.CompetitionsOf(user, "", 100)
		h.must(err)
		h.equal("competitions of "+user, mine, idsOf(list))
		var made []string
		for _, m := range h.models {
			if m.creator == user {
				made = append(made, m.def.ID)
			}
		}
		list, _, err = h.engine.CompetitionsMadeBy(user, "", 100)
		h.must(err)
		h.equal("competitions that "+user+" made", made, idsOf(list))
	}
}

func idsOf(list []competition.Summary) (ids []string) {
	for i := range list {
		ids = append(ids, list[i].Definition.ID)
	}
	return ids
}

func (h *harness) must(err error) {
	if err != nil {
		h.t.Fatalf("burst %d: %v", h.burst, err)
	}
}

func (h *harness) equal(what string, want, got any) {
	if !reflect.DeepEqual(want, got) {
		h.t.Fatalf("burst %d: %s: want %+v, got %+v", h.burst, what, want, got)
	}
}

func (h *harness) verifyBoard(m *model, page *competition.Board) {
	want := m.board()
	if page.Status != m.status(h.now()) || page.Total != len(want) || len(page.Entries) != len(want) {
		h.t.Fatalf("burst %d: board of %s: %+v; the model says %v, %d entries", h.burst, m.def.ID, page, m.status(h.now()), len(want))
	}
	for i, e := range page.Entries {
		p := m.people[e.UserID]
		if p == nil || !p.onBoard() || e.Rank != i+1 || e.Score != want[i].score || e.Score != m.score(p.totals()) || e.Totals != p.totals() || e.UserName != p.name {
			h.t.Fatalf("burst %d: board of %s, place %d: %+v; the model says %+v", h.burst, m.def.ID, i, e, p)
		}
		if !h.within(p.reached, e.UpdatedAt) || p.synced.burst > 0 && !h.within(p.synced, e.LastSyncedAt) {
			h.t.Fatalf("burst %d: times of %+v; the model says %+v", h.burst, e, p)
		}
		for _, later := range page.Entries[i+1:] {
			if later.Score == e.Score && m.people[later.UserID].reached.before(p.reached) {
				h.t.Fatalf("burst %d: board of %s: %s stands before %s, who reached %d first", h.burst, m.def.ID, e.UserID, later.UserID, e.Score)
			}
		}
	}
	seen := h.versions[m.def.ID]
	if before, known := seen[page.Version]; known {
		h.equal(fmt.Sprintf("version %d of %s", page.Version, m.def.ID), before, *page)
	}
	seen[page.Version] = *page
	for version := range seen {
		if version > page.Version {
			h.t.Fatalf("burst %d: version %d of %s after %d", h.burst, page.Version, m.def.ID, version)
		}
	}
}

func (h *harness) within(m mark, at calendar.Millis) bool {
	return h.bounds[m.burst].from <= at && at <= h.bounds[m.burst].to
}

func (h *harness) verifyLists(m *model, page *competition.Board) {
	summary, err := h.engine.Competition(m.def.ID, operator)
	h.must(err)
	h.equal("summary of "+m.def.ID, competition.Summary{Definition: m.def, Status: m.status(h.now()), Participants: m.present()}, summary)
	listed, _, err := h.engine.Competitions(operator, competition.Listing{Limit: 100})
	h.must(err)
	h.equal("list", summary, listed[slices.IndexFunc(listed, func(s competition.Summary) bool { return s.Definition.ID == m.def.ID })])
	people, next, err := h.engine.Participants(m.def.ID, operator, 0, 100, "")
	h.must(err)
	slices.SortFunc(people, func(a, b competition.Entry) int { return a.Rank - b.Rank })
	if next != 0 || len(people) != len(page.Entries) || len(people) > 0 && !reflect.DeepEqual(people, page.Entries) {
		h.t.Fatalf("burst %d: participants of %s: %+v, want %+v", h.burst, m.def.ID, people, page.Entries)
	}
	excluded := map[string]int64{}
	for after, last := uint32(0), false; !last; {
		list, next, err := h.engine.Exclusions(m.def.ID, operator, after, 1)
		h.must(err)
		for _, x := range list {
			excluded[x.UserID] = x.Score
		}
		after, last = next, next == 0
	}
	want := map[string]int64{}
	for user, p := range m.people {
		if p.excluded {
			want[user] = m.score(p.totals())
		}
	}
	h.equal("exclusions of "+m.def.ID, want, excluded)
}

// verifyRecovery holds what can be rebuilt from the store, with snapshots and
// without, against the engine's answers.
func (h *harness) verifyRecovery() {
	for _, from := range []competition.Source{h.store, h.store.bare()} {
		for _, m := range h.models {
			id := m.def.ID
			c, err := competition.Recover(context.Background(), id, from, newKey, nil)
			h.must(err)
			page, err := h.engine.Page(id, operator, 0, 1000, nil)
			h.must(err)
			h.equal("rebuilt board of "+id, page, c.Page(nil, 0, 1000))
			for _, user := range users {
				live, err := h.engine.Stats(id, operator, user, competition.AllDays)
				rebuilt, other := c.Stats(user, competition.AllDays)
				h.equal("rebuilt statistics of "+user, live, rebuilt)
				h.equal("rebuilt refusal of "+user, err, other)
			}
		}
	}
}

// noDeadline is a test in a bubble, where asking for the deadline panics.
type noDeadline struct{ rapid.TB }
