package actors

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/race"
)

func TestSubmitEverywhereGoesToWhatTheUserHasJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		for id, edit := range map[string]func(*competition.Definition){
			"a-joined":   func(*competition.Definition) {},
			"b-joined":   func(d *competition.Definition) { d.Scoring.Step = 2000 },
			"c-left":     func(*competition.Definition) {},
			"d-upcoming": func(d *competition.Definition) { d.Start = calendar.MillisOf(time.Now().Add(time.Hour)) },
			"e-strict":   func(d *competition.Definition) { d.DailyLimits.Steps = 10 },
			"f-others":   func(*competition.Definition) {},
		} {
			d := running(id)
			edit(&d)
			d.Complete()
			create(t, e, d)
			if id != "f-others" {
				_, err := e.Join(id, join("ann"))
				require.NoError(t, err)
			}
		}
		require.NoError(t, obey(e, "c-left", &competition.LeaveCompetition{Caller: competition.Caller{UserID: "ann"}, UserID: "ann"}))

		replies, err := e.SubmitEverywhere(steps("ann", 100), nil)
		require.NoError(t, err)
		require.Equal(t, []competition.JoinedReply{
			{CompetitionID: "a-joined", SyncReply: competition.SyncReply{Score: 100, Rank: 1, Total: 1, Changed: true}},
			{CompetitionID: "b-joined", SyncReply: competition.SyncReply{Score: 200, Rank: 1, Total: 1, Changed: true}},
			{CompetitionID: "e-strict", Err: competition.ErrImplausible},
		}, replies)
		require.Empty(t, scores(t, e, "f-others"))

		_, err = e.SubmitEverywhere(steps("bob", 100), nil)
		require.ErrorIs(t, err, competition.ErrNotEnrolled, "it enrols nobody")
		outside := steps("ann", 1)
		outside.Day -= 30
		_, err = e.SubmitEverywhere(outside, nil)
		require.ErrorIs(t, err, competition.ErrNotEnrolled, "nothing takes that day")
		_, err = e.Join("e-strict", join("bob"))
		require.NoError(t, err)
		_, err = e.SubmitEverywhere(steps("bob", 100), nil)
		require.ErrorIs(t, err, competition.ErrImplausible, "the only one that it was meant for refuses it")
		_, err = e.SubmitEverywhere(steps("ann", 100_001), nil)
		var everywhere *competition.RefusedEverywhereError
		require.ErrorAs(t, err, &everywhere)
		require.Equal(t, competition.JoinedReply{CompetitionID: "a-joined", Err: competition.ErrImplausible}, everywhere.First)
		require.Equal(t, []competition.JoinedReply{
			{CompetitionID: "b-joined", Err: competition.ErrImplausible}, {CompetitionID: "e-strict", Err: competition.ErrImplausible},
		}, everywhere.Others)

		_, err = send[int](e, "a-joined", &unknown{})
		require.ErrorIs(t, err, competition.ErrInternal)
		store.set(func() { store.beforeAppend = newGate(competition.ErrUnavailable, false).failing })
		_, err = e.SubmitEverywhere(steps("ann", 101), nil)
		require.ErrorIs(t, err, competition.ErrUnavailable, "a failure is the whole call's")
		store.set(func() { store.beforeAppend = nil })
		pass(time.Second)
		replies, err = e.SubmitEverywhere(steps("ann", 101), nil)
		require.NoError(t, err)
		require.Len(t, replies, 3)
	})
}

func TestSubmitBatchAnswersEachItem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("spring"))
		create(t, e, running("summer"))
		implausible, outside := steps("ann", 100_001), steps("ann", 1)
		outside.Day -= 30
		items := []competition.BatchItem{
			{CompetitionID: "spring", Sync: *steps("ann", 5)},
			{CompetitionID: "nowhere", Sync: *steps("ann", 5)},
			{Sync: *steps("ann", 9)},
			{CompetitionID: "summer", Sync: *steps("bob", 7)},
			{CompetitionID: "spring", Sync: *implausible},
			{CompetitionID: "spring", Sync: *steps("bob", 6)},
			{CompetitionID: "spring", Sync: *outside},
			{CompetitionID: "spring", Sync: *steps("ann", 5)},
			{Sync: *steps("cleo", 9)},
			{Sync: *steps("ann", 8)},
		}
		appends := len(store.journals["spring"])
		_ = e.SubmitBatch(items, nil)
		want := []error{
			nil, competition.ErrUnknownCompetition, nil, nil, competition.ErrImplausible,
			nil, competition.ErrOutsideWindow, nil, competition.ErrNotEnrolled, nil,
		}
		for i, item := range items {
			require.ErrorIs(t, item.Err, want[i], "item %d", i)
			require.Len(t, item.Replies, map[bool]int{true: 1}[want[i] == nil], "item %d", i)
		}
		require.Equal(t, competition.JoinedReply{CompetitionID: "spring", SyncReply: competition.SyncReply{Score: 5, Rank: 2, Total: 2, Changed: true}}, items[0].Replies[0])
		require.Equal(t, competition.JoinedReply{CompetitionID: "spring", SyncReply: competition.SyncReply{Score: 6, Rank: 1, Total: 2, Changed: true}}, items[5].Replies[0])
		require.True(t, items[2].Replies[0].Changed, "those without a competition come last, and see ann enrolled")
		require.Equal(t, "spring", items[2].Replies[0].CompetitionID)
		require.Equal(t, map[string]int64{"ann": 9, "bob": 6}, scores(t, e, "spring"))
		require.Equal(t, map[string]int64{"bob": 7}, scores(t, e, "summer"))
		require.Len(t, store.journals["spring"], appends+2, "one batch for the named, one for the others")
	})
}

func TestOneSourceTooManyIsToldToItsOwnSyncAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("spring"))
		submit(t, e, "spring", steps("bob", 1))
		g := newGate(nil, true)
		store.set(func() { store.beforeAppend = g.wait })
		blocker := later(func() error { _, err := e.SubmitSync("spring", steps("cleo", 1)); return err })
		synctest.Wait()
		var answers []<-chan error
		for i := range 9 {
			s := steps("ann", int64(i+1))
			s.Source = fmt.Sprint("source ", i)
			answers = append(answers, later(func() error { _, err := e.SubmitSync("spring", s); return err }))
			synctest.Wait()
		}
		// These rest on the ninth's event and have none of their own.
		repeat := later(func() error { _, err := e.SubmitSync("spring", steps("bob", 1)); return err })
		synctest.Wait()
		again := later(func() error { _, err := e.Join("spring", join("bob")); return err })
		synctest.Wait()
		close(g.open)
		for i, answer := range append(answers, blocker, repeat, again) {
			if err := <-answer; i == 8 {
				require.ErrorIs(t, err, competition.ErrTooManySources)
			} else {
				require.NoError(t, err, i)
			}
		}
		require.Equal(t, map[string]int64{"ann": 8, "bob": 1, "cleo": 1}, scores(t, e, "spring"))
	})
}

func TestCommandsAnswerWhatTheyDid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		d := running("spring")
		command := &competition.CreateCompetition{Caller: competition.Caller{UserID: "creator"}, Definition: d}
		summary, created, err := e.Create(command)
		require.NoError(t, err)
		require.True(t, created)
		require.Equal(t, competition.Summary{Definition: d, Status: competition.Active}, summary)
		command.Definition.PrizeSplit[0] = 7 // the caller's again
		summary, created, err = e.Create(&competition.CreateCompetition{Caller: competition.Caller{UserID: "creator"}, Definition: running("spring")})
		require.NoError(t, err)
		require.False(t, created, "the same again")
		require.EqualValues(t, 60_000, summary.Definition.PrizeSplit[0])
		other := running("spring")
		other.Name = "Another"
		_, _, err = e.Create(&competition.CreateCompetition{Caller: competition.Caller{UserID: "creator"}, Definition: other})
		require.ErrorIs(t, err, competition.ErrExists)
		_, _, err = e.Create(&competition.CreateCompetition{})
		var invalid *competition.InvalidError
		require.ErrorAs(t, err, &invalid)

		entry, err := e.Join("spring", join("ann"))
		require.NoError(t, err)
		require.Equal(t, competition.Entry{UserID: "ann", Rank: 1, UpdatedAt: calendar.MillisOf(time.Now())}, entry)

		// Joining and leaving in one batch.
		g := newGate(nil, true)
		store.set(func() { store.beforeAppend = g.wait })
		blocker := later(func() error { _, err := e.SubmitSync("spring", steps("ann", 1)); return err })
		synctest.Wait()
		joined := make(chan competition.Entry, 1)
		joining := later(func() error { entry, err := e.Join("spring", join("bob")); joined <- entry; return err })
		synctest.Wait()
		leaving := later(func() error {
			return obey(e, "spring", &competition.LeaveCompetition{Caller: competition.Caller{UserID: "bob"}, UserID: "bob"})
		})
		synctest.Wait()
		close(g.open)
		for _, answer := range []<-chan error{blocker, joining, leaving} {
			require.NoError(t, <-answer)
		}
		require.Equal(t, "bob", (<-joined).UserID)
		require.Equal(t, map[string]int64{"ann": 1}, scores(t, e, "spring"))

		name := "Renamed"
		summary, err = run[competition.Summary](e, "spring", &competition.EditCompetition{Caller: competition.Caller{UserID: "creator"}, Patch: competition.Patch{Name: &name}})
		require.NoError(t, err)
		require.Equal(t, name, summary.Definition.Name)
		summary, err = run[competition.Summary](e, "spring", &competition.CancelCompetition{Caller: operator})
		require.NoError(t, err)
		require.Equal(t, competition.Cancelled, summary.Status)
		for _, err := range []error{
			func() error { _, err := e.Join("nowhere", join("ann")); return err }(),
			func() error {
				_, err := e.Run("nowhere", &competition.CancelCompetition{Caller: operator})
				return err
			}(),
			func() error { _, err := e.SubmitSync("nowhere", steps("ann", 1)); return err }(),
		} {
			require.ErrorIs(t, err, competition.ErrUnknownCompetition)
		}
	})
}

// TestAnyOrderWithDuplicatesEndsInTheSameScores: a sync is a merge.
func TestAnyOrderWithDuplicatesEndsInTheSameScores(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		rapid.Check(noDeadline{t}, func(rt *rapid.T) {
			if runs++; runs > 25 && race.Enabled {
				return // `make test` goes on without the race detector
			}
			store := newMemoryStore()
			e, err := New(Options{Store: store, SnapshotEvents: 10})
			require.NoError(rt, err)
			defer func() {
				require.NoError(rt, e.Close(t.Context()))
				require.NoError(rt, store.Close())
			}()
			today := calendar.DayOf(time.Now())
			syncs := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) competition.SubmitSync {
				return competition.SubmitSync{
					UserID:     rapid.SampledFrom([]string{"ann", "bob", "cleo"}).Draw(rt, "user"),
					Source:     rapid.SampledFrom([]string{"phone", "watch", "ring"}).Draw(rt, "source"),
					Day:        today - calendar.Day(rapid.IntRange(0, 2).Draw(rt, "days ago")),
					RecordedAt: int64(today)*86_400e9 + rapid.Int64Range(0, 3).Draw(rt, "recorded"),
					Metrics:    competition.Metrics{Steps: rapid.Int64Range(0, 50).Draw(rt, "steps"), ActiveMinutes: rapid.Int64Range(0, 50).Draw(rt, "minutes")},
				}
			}), 1, 40).Draw(rt, "syncs")
			ends := make([]map[string]competition.Stats, 2)
			for i := range ends {
				id := fmt.Sprint("c", i)
				d := running(id)
				d.Scoring.Minute = 1500
				create(t, e, d)
				order := rapid.Permutation(append(slices.Clip(syncs), syncs[:rapid.IntRange(0, len(syncs)).Draw(rt, "twice")]...)).Draw(rt, "order")
				callers := rapid.IntRange(1, 4).Draw(rt, "callers")
				var wg sync.WaitGroup
				for c := range callers {
					wg.Go(func() {
						for j := c; j < len(order); j += callers {
							if _, err := e.SubmitSync(id, &order[j]); err != nil {
								t.Errorf("%+v: %v", order[j], err)
							}
						}
					})
				}
				wg.Wait()
				ends[i] = map[string]competition.Stats{}
				for user := range scores(t, e, id) {
					stats, err := e.Stats(id, operator, user, competition.AllDays)
					require.NoError(rt, err)
					stats.CompetitionID, stats.Rank, stats.LastSyncedAt = "", 0, 0
					for day := range stats.Days {
						bySource(stats.Days[day].Sources)
					}
					ends[i][user] = stats
				}
			}
			require.Equal(rt, ends[0], ends[1])
		})
		checks, err := strconv.Atoi(flag.Lookup("rapid.checks").Value.String())
		require.NoError(t, err)
		if testing.Short() {
			checks /= 5 // as rapid does
		}
		require.GreaterOrEqual(t, runs, checks/2)
		pass(time.Minute) // the actor system's own timers
	})
}

func TestReadsSeeWhatWasAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, func(o *Options) { o.SnapshotEvents = 100 })
		create(t, e, running("spring"))
		const callers, each = 16, 300
		var mu sync.Mutex
		acknowledged := map[string]int64{}
		var wg sync.WaitGroup
		for c := range callers {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(2, uint64(c)))
				user := fmt.Sprintf("user-%02d", c)
				var version uint64
				for i := range int64(each) {
					if _, err := e.SubmitSync("spring", steps(user, i+1)); err != nil {
						t.Error(err)
					}
					mu.Lock()
					acknowledged[user] = i + 1
					least := maps.Clone(acknowledged)
					mu.Unlock()
					var board competition.Board
					if r.IntN(4) > 0 {
						top, err := e.Top("spring", operator)
						if err != nil {
							t.Error(err)
							return
						}
						board = top.Board
					} else {
						board, _ = e.Page("spring", operator, 0, 1000, nil)
					}
					for place, entry := range board.Entries {
						if entry.Score < least[entry.UserID] || entry.Rank != place+1 {
							t.Errorf("%+v was read after %d was acknowledged", entry, least[entry.UserID])
						}
						delete(least, entry.UserID)
					}
					if len(least) > 0 || board.Version < version {
						t.Errorf("version %d after %d, without %v", board.Version, version, least)
					}
					version = board.Version
				}
			})
		}
		wg.Wait()
	})
}

func TestABatchIsPaidBeforeAnythingOfItIsSubmitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), func(o *Options) { o.MaxInFlight = 1 }) // one place for a request
		const joined = 12
		for i := range joined {
			d := running(fmt.Sprint("c", i))
			if i%3 == 0 {
				d.Start += 48 * 60 * 60 * 1000
				d.Complete()
			}
			create(t, e, d)
			_, err := e.Join(d.ID, join("ann"))
			require.NoError(t, err)
		}
		items := []competition.BatchItem{{CompetitionID: "c1", Sync: *steps("ann", 5)}}
		want := 1
		for back := range 3 {
			s := steps("ann", 5)
			s.Day -= calendar.Day(back)
			items = append(items, competition.BatchItem{Sync: *s})
			for i := range joined {
				summary, err := e.Competition(fmt.Sprint("c", i), operator)
				require.NoError(t, err)
				if summary.Definition.FirstDay <= s.Day && s.Day <= summary.Definition.LastDay {
					want++
				}
			}
		}
		refused := errors.New("too little")
		told := 0
		require.ErrorIs(t, e.SubmitBatch(items, func(writes, _ int) error { told = writes; return refused }), refused)
		require.Equal(t, want, told)
		for i := range joined {
			require.Zero(t, scores(t, e, fmt.Sprint("c", i))["ann"])
		}
		require.NoError(t, e.SubmitBatch(items, func(int, int) error { return nil }))
		kept := 0
		for i := range items {
			require.NoError(t, items[i].Err)
			kept += len(items[i].Replies)
		}
		require.Equal(t, want, kept)
		require.Zero(t, e.Health().InFlight)
	})
}
