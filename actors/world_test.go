package actors

import (
	"context"
	"errors"
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
	var ops atomic.Int64
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(noDeadline{t}, func(t *rapid.T) {
			w := newWorld(t)
			defer w.stop()
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
	if !testing.Short() && !t.Failed() && ops.Load() < 200_000 {
		t.Errorf("only %d operations were held against the model", ops.Load())
	}
}

var (
	operator = competition.Caller{UserID: "olga", Operator: true}
	users    = []string{"ann", "bob", "cleo", "dan", "eve", "fay", "gil", "hal"}
	ids      = []string{"invited", "limited", "open"}
)

// world is a store, the engine on it, and what both should hold.
type world struct {
	t       *rapid.T
	store   *memoryStore
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

func newWorld(t *rapid.T) *world {
	w := &world{t: t, store: newMemoryStore(), bounds: []span{{}}, versions: map[string]map[uint64]competition.Board{}}
	w.store.beforeAppend, w.store.before = w.faultOfAppend, w.faultOfOthers
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
	w.store.set(func() { w.store.closed = true })
	synctest.Wait()
	w.store.set(func() { w.store.closed = false })
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
	switch {
	case w.toss(2):
		return false, competition.ErrUnavailable
	case w.toss(2):
		return true, competition.ErrUnavailable
	default:
		return true, nil
	}
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
	w.engine.clock.poke()
	pass(1500 * time.Millisecond)
}

// caller does its commands one after another. No other caller of the burst has
// commands for its people.
type caller struct {
	*world
	id     int
	n      int
	people []string
	alone  bool // so that what concerns everybody may be done, too
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

// wrong notes a disagreement; callers may not fail the test themselves.
func (c *caller) wrong(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = append(c.failures, fmt.Sprintf(format, args...))
}

// try does what a client does: the same again until it has an answer.
func (c *caller) try(f func() error) (again bool, err error) {
	for range 2000 {
		if err = f(); !retryable(err) {
			return again, err
		}
		again = true
		<-time.After(10 * time.Millisecond)
	}
	return again, err
}

func (c *caller) mark() mark { return mark{c.burst, c.id, c.n} }

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

func (c *caller) command(r *rand.Rand) {
	user := pick(r, c.people)
	m := c.models[r.IntN(len(c.models))]
	if m.def.MaxParticipants > 0 && !c.alone {
		m = c.models[0] // who gets the last place is anybody's guess
	}
	switch p := r.IntN(100); {
	case p < 60:
		c.sync(r, m, user)
	case p < 66:
		c.batch(r, m)
	case p < 70 && c.alone:
		c.everywhere(r, user)
	case p < 80:
		c.join(r, m, user)
	case p < 84:
		c.leave(r, m, user)
	case p < 86:
		c.panic(m)
	case p < 87 && c.alone:
		c.rename(r, m)
	case p < 88 && c.alone && r.IntN(4) == 0:
		c.cancel(m)
	default:
		c.look(m, user)
	}
}

func (c *caller) draw(r *rand.Rand, user string) competition.SubmitSync {
	today := competition.DayOf(c.now())
	s := competition.SubmitSync{
		UserID: user, UserName: user + "'s name", Source: fmt.Sprintf("source %d", r.IntN(8)), Day: today + competition.Day(r.IntN(5)-3),
		Metrics: competition.Metrics{Steps: r.Int64N(40), DistanceCm: r.Int64N(300), EnergyCentikcal: r.Int64N(5000), ActiveMinutes: r.Int64N(20)},
	}
	switch {
	case r.IntN(50) == 0:
		s.Metrics.Steps = 100_001
	case r.IntN(30) == 0:
		s.Metrics.ActiveMinutes = r.Int64N(1440)
	}
	if c.alone { // else the order would decide which source is one too many
		s.Source = fmt.Sprintf("source %d", r.IntN(10))
	}
	if r.IntN(2) == 0 {
		s.RecordedAt = int64(today)*86_400e9 + r.Int64N(3) + 1
	}
	return s
}

func (c *caller) sync(r *rand.Rand, m *model, user string) {
	s := c.draw(r, user)
	want, refusal := m.sync(c.now(), c.mark(), &s)
	var reply competition.SyncReply
	again, err := c.try(func() (err error) {
		reply, err = c.engine.SubmitSync(m.def.ID, &s)
		return err
	})
	if !errors.Is(err, refusal) {
		c.wrong("sync of %s to %s: %v, the model says %v", user, m.def.ID, err, refusal)
	}
	if err != nil {
		return
	}
	score := m.score(m.people[user].totals())
	if again { // the first try may have done it
		want = want && reply.Changed
	}
	if reply.Score != score || reply.Rank < 1 || reply.Rank > reply.Total || reply.Total > len(users) || reply.Changed != want {
		c.wrong("sync of %s to %s: %+v, the model says %d, %v", user, m.def.ID, reply, score, want)
	}
	if r.IntN(3) == 0 {
		c.look(m, user)
	}
}

// look reads a person's place in one of the ways there are: it must be what was
// acknowledged last.
func (c *caller) look(m *model, user string) {
	p := m.people[user]
	me := competition.Caller{UserID: user}
	var board competition.Board
	var stats competition.Stats
	_, err := c.try(func() (err error) {
		switch c.n % 4 {
		case 0:
			board, err = c.engine.Page(m.def.ID, me, 0, 50)
		case 1:
			board, err = c.engine.Around(m.def.ID, me, user, 50)
		case 2:
			stats, err = c.engine.Stats(m.def.ID, me, user, 0, competition.MaxDay)
		default:
			var top *competition.Published
			if top, err = c.engine.Top(m.def.ID, me); err == nil {
				board = top.Board
			}
		}
		return err
	})
	var want error
	switch {
	case c.n%4 == 2 && !p.ever, c.n%4 == 1 && !p.present:
		want = competition.ErrNotEnrolled
	}
	if c.n%4 != 2 && m.def.Visibility == competition.Private && !p.present && user != m.creator {
		want = competition.ErrForbidden
	}
	if !errors.Is(err, want) {
		c.wrong("%s looks at %s (%d): %v, the model says %v", user, m.def.ID, c.n%4, err, want)
	}
	if err != nil {
		return
	}
	if c.n%4 == 2 {
		c.holds(m, user, stats)
		return
	}
	at := slices.IndexFunc(board.Entries, func(e competition.Entry) bool { return e.UserID == user })
	switch {
	case (at >= 0) != p.present:
		c.wrong("%s is on the board of %s: %v, the model says %v", user, m.def.ID, at >= 0, p.present)
	case at >= 0 && (board.Entries[at].Totals != p.totals() || board.Entries[at].Score != m.score(p.totals())):
		c.wrong("%s is on the board of %s with %+v, the model says %+v", user, m.def.ID, board.Entries[at], p.totals())
	}
}

// holds compares statistics.
func (c *caller) holds(m *model, user string, s competition.Stats) {
	p := m.people[user]
	if s.Total != p.totals() || s.Score != m.score(p.totals()) || (s.Rank > 0) != p.present || len(s.Days) != len(p.days()) {
		c.wrong("statistics of %s in %s: %+v, the model says %+v", user, m.def.ID, s, p.reports)
		return
	}
	for i, day := range p.days() {
		reports := map[modelSlot]modelReport{}
		for _, source := range s.Days[i].Sources {
			reports[modelSlot{day, source.Source}] = modelReport{source.RecordedAt, source.Metrics}
		}
		for slot, report := range p.reports {
			if slot.day == day && reports[slot] != report {
				c.wrong("statistics of %s in %s: %+v, the model says %+v", user, m.def.ID, reports, p.reports)
			}
		}
		if s.Days[i].Day != day || s.Days[i].Value != p.value(day) {
			c.wrong("statistics of %s in %s: %+v, the model says %v: %v", user, m.def.ID, s.Days[i], day, p.value(day))
		}
	}
}

// batch is a SubmitBatch for one competition, and one that does not exist.
func (c *caller) batch(r *rand.Rand, m *model) {
	items := make([]competition.BatchItem, 1+r.IntN(12))
	scores := make([]map[int64]bool, len(items)) // that the user had from the item on
	wants, changes := make([]error, len(items)), make([]bool, len(items))
	for i := range items {
		items[i] = competition.BatchItem{CompetitionID: m.def.ID, Sync: c.draw(r, pick(r, c.people))}
		s := &items[i].Sync
		if r.IntN(20) == 0 {
			items[i].CompetitionID, wants[i] = "nowhere", competition.ErrUnknownCompetition
			continue
		}
		changes[i], wants[i] = m.sync(c.now(), c.mark(), s)
		c.n++ // the next one is later
		scores[i] = map[int64]bool{}
		for j := range i + 1 {
			if scores[j] != nil && items[j].Sync.UserID == s.UserID {
				scores[j][m.score(m.people[s.UserID].totals())] = true
			}
		}
	}
	open := make([]int, len(items))
	for i := range open {
		open[i] = i
	}
	again := false
	for len(open) > 0 {
		part := make([]competition.BatchItem, len(open))
		for i, place := range open {
			part[i] = competition.BatchItem{CompetitionID: items[place].CompetitionID, Sync: items[place].Sync}
		}
		c.engine.SubmitBatch(part)
		var left []int
		for i, place := range open {
			items[place] = part[i]
			if retryable(part[i].Err) {
				left = append(left, place)
			}
		}
		if open = left; len(open) > 0 {
			again = true
			<-time.After(10 * time.Millisecond)
		}
	}
	for i, item := range items {
		if again && item.Err != nil && wants[i] != nil {
			continue // refused again, after later items were taken: perhaps for another reason
		}
		if !errors.Is(item.Err, wants[i]) || item.Err == nil && len(item.Replies) != 1 {
			c.wrong("item %d of a batch to %s: %v, %+v; the model says %v", i, m.def.ID, item.Err, item.Replies, wants[i])
			continue
		}
		if item.Err == nil {
			reply := item.Replies[0]
			if reply.CompetitionID != item.CompetitionID || !scores[i][reply.Score] || reply.Changed != changes[i] && !again {
				c.wrong("item %d of a batch to %s: %+v, the model says %v, %v", i, m.def.ID, reply, scores[i], changes[i])
			}
		}
	}
}

func (c *caller) everywhere(r *rand.Rand, user string) {
	s := c.draw(r, user)
	accepted, changed, refusal := everywhere(c.models, c.now(), c.mark(), &s)
	var replies []competition.JoinedReply
	again, err := c.try(func() (err error) {
		replies, err = c.engine.SubmitEverywhere(&s)
		return err
	})
	if !errors.Is(err, refusal) || len(replies) != len(accepted) {
		c.wrong("sync of %s everywhere: %+v, %v; the model says %v, %v", user, replies, err, accepted, refusal)
		return
	}
	for i, reply := range replies {
		if reply.CompetitionID != accepted[i] || reply.Changed != changed[i] && !again {
			c.wrong("sync of %s everywhere: %+v, the model says %v, %v", user, replies, accepted, changed)
		}
	}
}

func (c *caller) join(r *rand.Rand, m *model, user string) {
	j := competition.JoinCompetition{
		Caller: competition.Caller{UserID: pick(r, []string{user, user, m.creator, "nobody"})}, UserID: user,
		UserName: fmt.Sprintf("name %d", r.IntN(5)), Rename: r.IntN(2) == 0,
	}
	refusal := m.join(c.now(), c.mark(), &j)
	var entry competition.Entry
	_, err := c.try(func() (err error) {
		entry, err = c.engine.Join(m.def.ID, &j)
		return err
	})
	if !errors.Is(err, refusal) {
		c.wrong("%s joins %s: %v, the model says %v", user, m.def.ID, err, refusal)
	}
	if p := m.people[user]; err == nil && (entry.UserID != user || entry.UserName != p.name || entry.Totals != p.totals()) {
		c.wrong("%s joins %s: %+v, the model says %+v", user, m.def.ID, entry, p)
	}
}

func (c *caller) leave(r *rand.Rand, m *model, user string) {
	l := competition.LeaveCompetition{Caller: competition.Caller{UserID: pick(r, []string{user, m.creator, "nobody"})}, UserID: user}
	refusal := m.leave(c.now(), &l)
	again, err := c.try(func() error { return c.engine.Leave(m.def.ID, &l) })
	if again && refusal == nil && errors.Is(err, competition.ErrNotEnrolled) {
		return // the first try did it
	}
	if !errors.Is(err, refusal) {
		c.wrong("%s leaves %s: %v, the model says %v", user, m.def.ID, err, refusal)
	}
}

func (c *caller) rename(r *rand.Rand, m *model) {
	name := fmt.Sprintf("%s %d", m.def.ID, r.IntN(9))
	m.def.Name = name
	var s competition.Summary
	_, err := c.try(func() (err error) {
		s, err = c.engine.Edit(m.def.ID, &competition.EditCompetition{Caller: competition.Caller{UserID: m.creator}, Patch: competition.Patch{Name: &name}})
		return err
	})
	if err != nil || s.Definition.Name != name {
		c.wrong("edit %s: %v", m.def.ID, err)
	}
}

func (c *caller) cancel(m *model) {
	m.cancelled = true
	_, err := c.try(func() error {
		_, err := c.engine.Cancel(m.def.ID, &competition.CancelCompetition{Caller: operator})
		return err
	})
	if err != nil {
		c.wrong("cancel %s: %v", m.def.ID, err)
	}
}

// panic sends what the actor does not know, which makes it panic.
func (c *caller) panic(m *model) {
	type unknown struct{}
	if _, err := send[int](c.engine, m.def.ID, &unknown{}); !retryable(err) {
		c.wrong("a message that panics was answered with %v", err)
	}
}

// verify holds everything that can be read against the model.
func (w *world) verify() {
	for _, m := range w.models {
		id := m.def.ID
		page, err := w.engine.Page(id, operator, 0, 1000)
		w.must(err)
		w.verifyBoard(m, &page)
		top, err := w.engine.Top(id, operator)
		w.must(err)
		w.equal("top of "+id, page, top.Board)
		if n := len(page.Entries); n > 0 {
			middle, err := w.engine.Around(id, operator, page.Entries[n/2].UserID, 1)
			w.must(err)
			w.equal("around the middle of "+id, page.Entries[max(n/2-1, 0):min(n/2+2, n)], middle.Entries)
			part, err := w.engine.Page(id, operator, n/2, 2)
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
		if p == nil || !p.present || e.Rank != i+1 || e.Score != want[i].score || e.Score != m.score(p.totals()) || e.Totals != p.totals() || e.UserName != p.name {
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
	listed, _, err := w.engine.Competitions(operator, 0, "", 100)
	w.must(err)
	w.equal("list", summary, listed[slices.Index(ids, m.def.ID)])
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
	for _, from := range []*memoryStore{w.store, w.store.withoutSnapshots()} {
		for _, m := range w.models {
			id := m.def.ID
			c, err := competition.Recover(context.Background(), id, from, newKey, nil)
			w.must(err)
			page, err := w.engine.Page(id, operator, 0, 1000)
			w.must(err)
			w.equal("rebuilt board of "+id, page, c.Page(0, 1000))
			for _, user := range users {
				live, err := w.engine.Stats(id, operator, user, 0, competition.MaxDay)
				rebuilt, other := c.Stats(user, 0, competition.MaxDay)
				w.equal("rebuilt statistics of "+user, live, rebuilt)
				w.equal("rebuilt refusal of "+user, err, other)
			}
		}
	}
}

// noDeadline is a test in a bubble, where asking for the deadline panics.
type noDeadline struct{ rapid.TB }
