package actors

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/race"
)

// journalBytes is how long all that the competitions' journals hold is.
func (s *memoryStore) journalBytes(ids ...string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		for i := range s.journals[id] {
			n += len(s.journals[id][i].Records)
		}
	}
	return n
}

// exhaust goes on until the budget refuses, and returns for how long.
func exhaust(t *testing.T, change func(i int) error) time.Duration {
	t.Helper()
	for i := range 10_000 {
		if err := change(i); err != nil {
			require.ErrorIs(t, err, competition.ErrJournalBudget)
			var over *competition.JournalBudgetError
			require.ErrorAs(t, err, &over)
			return over.RetryAfter
		}
	}
	t.Fatal("nothing was refused")
	return 0
}

// TestOneUserCannotFillTheJournal toggles one value, or one description, until that
// is refused. Nothing more is written from then on, others notice nothing, and the
// time that the refusal names is right.
func TestOneUserCannotFillTheJournal(t *testing.T) {
	race.Skip(t)
	const budget, largest = 10_000, 2_200
	words := func(i int) *string { s := strings.Repeat(string(rune('a'+i%2)), 2_000); return &s }
	ann := competition.Caller{UserID: "ann"}
	for _, c := range []struct {
		name   string
		change func(e *Engine, i int) error
	}{
		{"syncs", func(e *Engine, i int) error { _, err := e.SubmitSync("c", recorded("ann", i)); return err }},
		{"edits", func(e *Engine, i int) error {
			_, err := e.Run("c", &competition.EditCompetition{Caller: ann, Patch: competition.Patch{Description: words(i)}})
			return err
		}},
		{"joining and leaving", func(e *Engine, i int) error {
			if i%2 == 0 {
				return obey(e, "c", &competition.LeaveCompetition{Caller: ann, UserID: "ann"})
			}
			_, err := e.Join("c", join("ann"))
			return err
		}},
		{"names", func(e *Engine, i int) error {
			j := join("ann")
			j.UserName, j.Rename = fmt.Sprint("Ann ", i), true
			_, err := e.Join("c", j)
			return err
		}},
		{"competitions", func(e *Engine, i int) error {
			d := running(fmt.Sprint("c-", i))
			d.Description = *words(i)
			_, _, err := e.Create(&competition.CreateCompetition{Caller: ann, Definition: d})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore()
				e := startEngine(t, store, func(o *Options) { o.MaxJournalUser = budget })
				_, _, err := e.Create(&competition.CreateCompetition{Caller: ann, Definition: running("c")})
				require.NoError(t, err)
				submit(t, e, "c", steps("ann", 1))
				submit(t, e, "c", steps("ben", 1))
				written := func() int {
					all, _, err := e.Competitions(operator, competition.Listing{Limit: 1000})
					require.NoError(t, err)
					var ids []string
					for i := range all {
						ids = append(ids, all[i].Definition.ID)
					}
					return store.journalBytes(ids...)
				}

				wait := exhaust(t, func(i int) error { return c.change(e, i) })
				full := written()
				require.Greater(t, full, budget-largest, "all of it may be used")
				require.Less(t, full, budget+largest, "and one change more")
				board := scores(t, e, "c")
				for i := range 5 {
					require.ErrorIs(t, c.change(e, i), competition.ErrJournalBudget)
				}
				require.Equal(t, full, written(), "a refusal changes nothing")
				require.Equal(t, board, scores(t, e, "c"))

				submit(t, e, "c", steps("ben", 2)) // another user
				trusted := steps("ann", 77)
				trusted.Trusted, trusted.RecordedAt = true, 0
				submit(t, e, "c", trusted) // an operator, on the user's behalf

				require.Positive(t, wait)
				require.LessOrEqual(t, wait, 25*time.Hour)
				pass(wait - time.Second)
				require.ErrorIs(t, c.change(e, 6), competition.ErrJournalBudget, "not a second earlier")
				pass(time.Second)
				exhaust(t, func(i int) error { return c.change(e, i+1000) })
				require.Less(t, written(), 2*(budget+largest))

				_, err = e.EraseUser("ann")
				require.NoError(t, err, "whoever has nothing left may be forgotten")
			})
		})
	}
}

// recorded is a report that goes before all earlier ones, with a total of its own.
func recorded(user string, i int) *competition.SubmitSync {
	s := steps(user, int64(1+i%2))
	s.RecordedAt = time.Now().UnixNano() + int64(i)
	return s
}

func TestASyncThatSaysNothingNewCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), func(o *Options) { o.MaxJournalUser = 1_000 })
		create(t, e, running("c"))
		for range 1_000 {
			submit(t, e, "c", steps("ann", 5))
		}
		exhaust(t, func(i int) error { _, err := e.SubmitSync("c", recorded("ann", i)); return err })
	})
}

// TestWhatOneRequestWritesIsChargedForEachCompetition: an unnamed sync, and a
// batch, end where the budget does.
func TestWhatOneRequestWritesIsChargedForEachCompetition(t *testing.T) {
	const competitions, budget = 20, 4_000
	for _, c := range []struct {
		name   string
		change func(e *Engine, i int) error
	}{
		{"an unnamed sync", func(e *Engine, i int) error { _, err := e.SubmitEverywhere(recorded("ann", i), nil); return err }},
		{"unnamed in a batch", func(e *Engine, i int) error {
			items := []competition.BatchItem{{Sync: *recorded("ann", i)}}
			if err := e.SubmitBatch(items, nil); err != nil {
				return err
			}
			return items[0].Err
		}},
		{"a batch of named ones", func(e *Engine, i int) error {
			items := make([]competition.BatchItem, competitions)
			for n := range items {
				items[n] = competition.BatchItem{CompetitionID: fmt.Sprint("c", n), Sync: *recorded("ann", i)}
			}
			if err := e.SubmitBatch(items, nil); err != nil {
				return err
			}
			return items[competitions-1].Err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore()
				e := startEngine(t, store, func(o *Options) { o.MaxJournalUser = budget })
				var ids []string
				for i := range competitions {
					ids = append(ids, fmt.Sprint("c", i))
					setUp(t, e, running(ids[i]))
					trusted := steps("ann", 1)
					trusted.Trusted = true
					submit(t, e, ids[i], trusted)
				}
				before := store.journalBytes(ids...)
				exhaust(t, func(i int) error { return c.change(e, i) })
				full := store.journalBytes(ids...)
				require.Greater(t, full-before, budget)
				require.Less(t, full-before, budget+3*200, "one sync more, of each actor that runs")

				items := []competition.BatchItem{{CompetitionID: "c0", Sync: *recorded("ann", 999)}, {Sync: *recorded("ann", 999)}}
				require.ErrorIs(t, e.SubmitBatch(items, nil), competition.ErrJournalBudget, "whole")
				require.Equal(t, full, store.journalBytes(ids...))
			})
		})
	}
}

// TestABatchEndsWhereTheBudgetDoes: what there was room for is kept and answered.
func TestABatchEndsWhereTheBudgetDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, func(o *Options) { o.MaxJournalUser = 2_000 })
		create(t, e, running("c"))
		items := make([]competition.BatchItem, 100)
		for i := range items {
			items[i] = competition.BatchItem{CompetitionID: "c", Sync: *recorded("ann", i)}
		}
		require.NoError(t, e.SubmitBatch(items, nil))
		taken := 0
		for items[taken].Err == nil {
			require.Len(t, items[taken].Replies, 1)
			taken++
		}
		for _, item := range items[taken:] {
			require.ErrorIs(t, item.Err, competition.ErrJournalBudget)
			require.Empty(t, item.Replies)
		}
		require.Greater(t, taken, 10)
		require.Less(t, taken, 40)
		require.Equal(t, map[string]int64{"ann": int64(1 + (taken-1)%2)}, scores(t, e, "c"))
	})
}

// TestBudgetsFollowTheirWindow holds budgets against a list of all that was added.
func TestBudgetsFollowTheirWindow(t *testing.T) {
	type addition struct {
		at    calendar.Millis
		bytes int64
	}
	rapid.Check(t, func(t *rapid.T) {
		const limit = 1_000
		b := newBudgets(limit)
		now := calendar.MillisOf(time.Unix(rapid.Int64Range(0, 1<<32).Draw(t, "now"), 0))
		all := map[string][]addition{}
		within := func(user string, at calendar.Millis) (n int64) {
			for _, a := range all[user] {
				if hourOf(a.at) > hourOf(at)-budgetHours {
					n += a.bytes
				}
			}
			return n
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now += calendar.Millis(rapid.OneOf(rapid.Int64Range(0, 4*3600_000), rapid.Int64Range(0, 60*3600_000)).Draw(t, "later"))
			user := rapid.SampledFrom([]string{"ann", "ben"}).Draw(t, "user")
			left, err := b.left(b.account(user), now)
			if total := within(user, now); total < limit {
				require.NoError(t, err)
				require.Equal(t, limit-total, left)
				bytes := rapid.Int64Range(0, 600).Draw(t, "bytes")
				b.add(b.account(user), now, bytes)
				all[user] = append(all[user], addition{now, bytes})
				continue
			}
			var over *competition.JournalBudgetError
			require.ErrorAs(t, err, &over)
			room := now + calendar.Millis(over.RetryAfter.Milliseconds())
			require.Less(t, within(user, room), int64(limit), "there is room then")
			require.GreaterOrEqual(t, within(user, room-1), int64(limit), "and not before")
		}
	})
}

// TestBudgetsRememberWhoSpentMuch: more users than are remembered cannot have
// somebody's bytes forgotten, and a user of long ago takes no room.
func TestBudgetsRememberWhoSpentMuch(t *testing.T) {
	race.Skip(t)
	const spender, limit = "spender", 1 << 20
	b := newBudgets(limit)
	now := calendar.MillisOf(time.Unix(1e9, 0))
	b.add(b.account(spender), now, limit)
	remembered := func() (n int) {
		for i := range b.shards {
			n += len(b.shards[i].spenders)
		}
		return n
	}
	for i := range 2 * budgetShards * maxSpenders {
		b.add(b.account(fmt.Sprint("user ", i)), now, 100)
	}
	require.LessOrEqual(t, remembered(), budgetShards*maxSpenders)
	_, err := b.left(b.account(spender), now)
	require.ErrorIs(t, err, competition.ErrJournalBudget)

	now += budgetHours * 3600_000
	for i := range 100 * budgetShards { // some in each shard
		b.add(b.account(fmt.Sprint("user ", i)), now, 100)
	}
	require.LessOrEqual(t, remembered(), 100*budgetShards)
	left, err := b.left(b.account(spender), now)
	require.NoError(t, err)
	require.EqualValues(t, limit, left)
}

// TestCountingCostsNoAllocation is about a user who is remembered.
func TestCountingCostsNoAllocation(t *testing.T) {
	b := newBudgets(1 << 30)
	now := calendar.MillisOf(time.Now())
	b.add(b.account("ann"), now, 1)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		one := bill{budgets: b}
		if one.admit("ann", now) == nil {
			one.written += 90
		}
		one.settle()
	}))
}

func BenchmarkBudget(b *testing.B) {
	all := newBudgets(1 << 40)
	users := make([]string, 1<<10)
	now := calendar.MillisOf(time.Now())
	for i := range users {
		users[i] = fmt.Sprintf("2c9e7e0a-93b5-4f6e-8d4e-%012d", i)
		all.add(all.account(users[i]), now, 1)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		one := bill{budgets: all}
		if one.admit(users[i*7919%len(users)], now) == nil {
			one.written += 90
		}
		one.settle()
	}
}
