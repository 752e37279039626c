package actors

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/race"
)

func withMirror(m *memoryMirror) func(*Options) { return func(o *Options) { o.Mirror = m } }

// settle is long enough for the mirror to catch up when it can.
const settle = 10 * time.Second

// requireMirrored waits until nothing lags, and compares every board.
func requireMirrored(t *testing.T, e *Engine, m *memoryMirror, ids ...string) {
	t.Helper()
	pass(settle)
	for _, id := range ids {
		require.Equal(t, scores(t, e, id), m.members(id), id)
	}
	pass(settle) // reading may have brought one into memory
	d := redisHealth(t, e)
	require.True(t, d.Healthy, d.Detail)
	require.Zero(t, d.Lag)
}

func redisHealth(t *testing.T, e *Engine) competition.Dependency {
	t.Helper()
	for _, d := range e.Health().Dependencies {
		if d.Name == "redis" {
			return d
		}
	}
	require.Fail(t, "the mirror is not in health")
	return competition.Dependency{}
}

func TestMirrorFollowsTheBoard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemoryMirror()
		e := startEngine(t, newMemoryStore(), withMirror(m))
		create(t, e, running("spring"))
		pass(settle)
		require.Equal(t, 1, m.shows, "the empty board")
		for i := range 3000 {
			submit(t, e, "spring", steps(fmt.Sprintf("user-%d", i%1000), int64(i)))
		}
		_, err := e.Join("spring", join("late"))
		require.NoError(t, err)
		pass(settle)
		leave := &competition.LeaveCompetition{Caller: competition.Caller{UserID: "user-7"}, UserID: "user-7"}
		require.NoError(t, obey(e, "spring", leave))
		requireMirrored(t, e, m, "spring")
		require.NotContains(t, m.members("spring"), "user-7")
		require.Contains(t, m.members("spring"), "late")
		require.Equal(t, 1, m.shows, "changes are added")
		require.LessOrEqual(t, m.largest, 512, "of which each costs a rank look-up")

		before := len(m.messages)
		submit(t, e, "spring", steps("late", 5000))
		submit(t, e, "spring", steps("late", 5000)) // says nothing new
		pass(settle)
		require.Len(t, m.messages, before+1)
		last := m.messages[before]
		require.Equal(t, competition.MirrorEntry{UserID: "late", Present: true, Score: 5000, Rank: 1, At: last.At}, last)
	})
}

// TestMirrorTellsWhoIsGoneAndTheStatus: whoever left, was excluded or erased, once
// each, without a new drawing of the board; and every status.
func TestMirrorTellsWhoIsGoneAndTheStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemoryMirror()
		e := startEngine(t, newMemoryStore(), withMirror(m))
		create(t, e, running("spring"))
		operator := competition.Caller{UserID: "op", Operator: true}
		for i, user := range []string{"ann", "bob", "cy", "dan"} {
			submit(t, e, "spring", steps(user, int64(100+i)))
		}
		requireMirrored(t, e, m, "spring")
		m.set(func() { m.messages, m.statuses = nil, nil })

		require.NoError(t, obey(e, "spring", &competition.LeaveCompetition{Caller: competition.Caller{UserID: "ann"}, UserID: "ann"}))
		requireMirrored(t, e, m, "spring")
		_, err := e.Run("spring", &competition.ExcludeParticipant{Caller: operator, UserID: "bob", Reason: "a train"})
		require.NoError(t, err)
		requireMirrored(t, e, m, "spring")
		submit(t, e, "spring", steps("bob", 5000)) // merged, and still off the board
		_, err = e.EraseUser("cy")
		require.NoError(t, err)
		requireMirrored(t, e, m, "spring")
		require.NoError(t, obey(e, "spring", &competition.LeaveCompetition{Caller: competition.Caller{UserID: "dan"}, UserID: "dan"}))
		_, err = e.EraseUser("dan") // before the mirror has heard that he left
		require.NoError(t, err)
		_, err = e.Run("spring", &competition.CancelCompetition{Caller: operator})
		require.NoError(t, err)
		requireMirrored(t, e, m, "spring")

		var gone []string
		for _, message := range m.messages {
			require.False(t, message.Present, "%+v", message)
			require.NotZero(t, message.At)
			gone = append(gone, message.UserID)
		}
		require.Equal(t, []string{"ann", "bob", "cy", "dan"}, gone)
		require.Equal(t, []competition.Status{competition.Cancelled}, m.statuses)
		require.Equal(t, 1, m.shows, "changes are added; an erasure draws no board anew")
	})
}

// TestMirrorTellsOfANewPersonUnderAnOldName: whoever was erased and comes back at
// once is on the board.
func TestMirrorTellsOfANewPersonUnderAnOldName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemoryMirror()
		e := startEngine(t, newMemoryStore(), withMirror(m))
		create(t, e, running("spring"))
		submit(t, e, "spring", steps("ann", 100))
		requireMirrored(t, e, m, "spring")
		m.set(func() { m.fault = func(context.Context, string) (bool, error) { return false, errAway } })
		_, err := e.EraseUser("ann")
		require.NoError(t, err)
		submit(t, e, "spring", steps("ann", 7))
		m.set(func() { m.fault = nil })
		requireMirrored(t, e, m, "spring")
		require.Equal(t, map[string]int64{"ann": 7}, m.members("spring"))
	})
}

func TestMirrorShowsNothingBeforeItIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, store := newMemoryMirror(), newMemoryStore()
		e := startEngine(t, store, withMirror(m))
		create(t, e, running("spring"))
		submit(t, e, "spring", steps("ann", 1))
		pass(settle)
		g := newGate(competition.ErrUnavailable, false)
		store.set(func() { store.beforeAppend = g.wait })
		answer := later(func() error { _, err := e.SubmitSync("spring", steps("ann", 2)); return err })
		pass(time.Second)
		require.Equal(t, map[string]int64{"ann": 1}, m.members("spring"))
		store.set(func() { store.beforeAppend = nil })
		close(g.open)
		require.ErrorIs(t, <-answer, competition.ErrUnavailable)
		requireMirrored(t, e, m, "spring")
		require.Equal(t, map[string]int64{"ann": 1}, m.members("spring"))
	})
}

func TestMirrorComesBack(t *testing.T) {
	away := func(context.Context, string) (bool, error) { return false, errAway }
	tests := []struct {
		name string
		// harm happens while the mirror is in step; more syncs come between harm
		// and heal.
		harm, heal func(*memoryMirror)
		anew       int // boards written anew, of the two
		conflated  bool
	}{
		{
			name: "after it was away",
			harm: func(m *memoryMirror) { m.set(func() { m.fault = away }) },
			heal: func(m *memoryMirror) { m.set(func() { m.fault = nil }) }, conflated: true,
		},
		{
			name: "after it was away and had carried out all the same",
			harm: func(m *memoryMirror) {
				m.set(func() { m.fault = func(context.Context, string) (bool, error) { return true, errAway } })
			},
			heal: func(m *memoryMirror) { m.set(func() { m.fault = nil }) }, conflated: true,
		},
		{
			name: "after it hung",
			harm: func(m *memoryMirror) {
				m.set(func() {
					m.fault = func(ctx context.Context, _ string) (bool, error) {
						ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
						defer cancel()
						<-ctx.Done()
						return false, ctx.Err()
					}
				})
			},
			heal: func(m *memoryMirror) { m.set(func() { m.fault = nil }) }, conflated: true,
		},
		{name: "after it was flushed", harm: (*memoryMirror).flush, heal: func(*memoryMirror) {}, anew: 2},
		{
			name: "after it was flushed while it was away",
			harm: func(m *memoryMirror) { m.set(func() { m.fault = away }) },
			heal: func(m *memoryMirror) { m.flush(); m.set(func() { m.fault = nil }) }, anew: 2,
		},
		{
			name: "after it refused writes",
			harm: func(m *memoryMirror) {
				m.set(func() { m.refuse = func(*competition.MirrorWrite) error { return errors.New("OOM") } })
			},
			heal: func(m *memoryMirror) { m.set(func() { m.refuse = nil }) }, anew: 1,
		},
		{
			name: "after one board was changed by somebody else",
			harm: func(m *memoryMirror) {
				m.set(func() { m.state.boards["spring"] = mirroredBoard{"theirs", map[string]int64{"eve": 9}} })
			},
			heal: func(*memoryMirror) {}, anew: 1,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemoryMirror()
				e := startEngine(t, newMemoryStore(), withMirror(m))
				for _, id := range []string{"quiet", "spring"} {
					create(t, e, running(id))
					submit(t, e, id, steps("ann", 1))
				}
				requireMirrored(t, e, m, "quiet", "spring")
				shows := m.shows
				test.harm(m)
				pass(time.Second)
				messages := len(m.messages)
				const rounds = 40
				for round := range rounds {
					for i := range 20 {
						submit(t, e, "spring", steps(fmt.Sprintf("user-%d", i), int64(100*round+i)))
					}
					pass(time.Second)
				}
				test.heal(m)
				requireMirrored(t, e, m, "quiet", "spring")
				require.Equal(t, shows+test.anew, m.shows)
				if test.conflated {
					require.LessOrEqual(t, len(m.messages)-messages, 2*20*2, "one for each who changed, not for each change")
				}
			})
		})
	}
}

func TestMirrorOfManyNewBoards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemoryMirror()
		e := startEngine(t, newMemoryStore(), withMirror(m))
		var creating sync.WaitGroup
		var all []string
		for i := range 300 {
			id := fmt.Sprintf("c%d", i)
			all = append(all, id)
			creating.Go(func() {
				_, _, err := e.Create(&competition.CreateCompetition{Caller: operator, Definition: running(id)})
				if err == nil {
					_, err = e.SubmitSync(id, steps("ann", 7))
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		creating.Wait()
		requireMirrored(t, e, m, all...)
	})
}

func TestMirrorFindsOutAboutAnOlderState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemoryMirror()
		e := startEngine(t, newMemoryStore(), withMirror(m))
		create(t, e, running("spring"))
		submit(t, e, "spring", steps("ann", 1))
		pass(settle)
		old := m.save()
		submit(t, e, "spring", steps("ann", 2))
		pass(settle)
		m.restore(old)
		require.Equal(t, map[string]int64{"ann": 1}, m.members("spring"))
		requireMirrored(t, e, m, "spring") // nobody syncs any more
		require.Equal(t, map[string]int64{"ann": 2}, m.members("spring"))
	})
}

// A board that is not in memory is looked after from the store.
func TestMirrorOfABoardThatLeftMemory(t *testing.T) {
	tests := []struct {
		name string
		harm func(t *testing.T, e *Engine, m *memoryMirror)
		back func(m *memoryMirror)
		anew int
	}{
		{"and nothing happens", func(*testing.T, *Engine, *memoryMirror) {}, func(*memoryMirror) {}, 0},
		{"and the mirror is flushed", func(_ *testing.T, _ *Engine, m *memoryMirror) { m.flush() }, func(*memoryMirror) {}, 1},
		{"while the mirror is away", func(t *testing.T, e *Engine, m *memoryMirror) {
			t.Helper()
			m.set(func() { m.fault = func(context.Context, string) (bool, error) { return false, errAway } })
			submit(t, e, "spring", steps("ann", 2))
		}, func(m *memoryMirror) { m.set(func() { m.fault = nil }) }, -1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemoryMirror()
				e := startEngine(t, newMemoryStore(), func(o *Options) { o.Mirror, o.IdleAfter = m, time.Minute })
				create(t, e, running("spring"))
				for i := range 3000 {
					submit(t, e, "spring", steps(fmt.Sprintf("user-%d", i), int64(i)))
				}
				pass(settle)
				shows := m.shows
				want := map[string]int64{}
				for i := range 3000 {
					want[fmt.Sprintf("user-%d", i)] = int64(i)
				}
				if test.anew >= 0 {
					pass(3 * time.Minute)
					require.Nil(t, e.actors.registry.find("spring"))
					test.harm(t, e, m)
				} else {
					test.harm(t, e, m)
					want["ann"] = 2
					pass(3 * time.Minute)
					require.Nil(t, e.actors.registry.find("spring"))
				}
				test.back(m)
				pass(settle)
				require.Nil(t, e.actors.registry.find("spring"), "the mirror brings nothing into memory")
				require.Equal(t, want, m.members("spring"))
				require.Zero(t, redisHealth(t, e).Lag)
				if test.anew >= 0 {
					require.Equal(t, shows+test.anew, m.shows)
				}
			})
		})
	}
}

func TestMirrorAfterARestart(t *testing.T) {
	t.Run("in order: nothing is written anew", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m, store := newMemoryMirror(), newMemoryStore()
			first, err := New(Options{Store: store, Mirror: m})
			require.NoError(t, err)
			create(t, first, running("spring"))
			pass(settle)
			for i := range 100 {
				submit(t, first, "spring", steps(fmt.Sprintf("user-%d", i), int64(i)))
			}
			closeEngine(t, first)
			require.Len(t, m.members("spring"), 100, "what was left is written at the end")
			e := startEngine(t, store, withMirror(m))
			requireMirrored(t, e, m, "spring")
			submit(t, e, "spring", steps("ann", 1))
			requireMirrored(t, e, m, "spring")
			require.Equal(t, 1, m.shows)
		})
	})
	t.Run("while the mirror lags", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m, store := newMemoryMirror(), newMemoryStore()
			first, err := New(Options{Store: store, Mirror: m})
			require.NoError(t, err)
			for _, id := range []string{"over", "spring"} {
				create(t, first, running(id))
				submit(t, first, id, steps("ann", 1))
			}
			pass(settle)
			m.set(func() { m.fault = func(context.Context, string) (bool, error) { return false, errAway } })
			for _, id := range []string{"over", "spring"} {
				submit(t, first, id, steps("ann", 2))
			}
			_, err = first.Run("over", &competition.CancelCompetition{Caller: operator})
			require.NoError(t, err)
			began := time.Now()
			closeEngine(t, first)
			require.Less(t, time.Since(began), 2*time.Second, "a mirror that is away holds nobody up")
			m.set(func() { m.fault = nil })
			e := startEngine(t, store, withMirror(m))
			pass(settle)
			require.Nil(t, e.actors.registry.find("over"))
			require.Equal(t, map[string]int64{"ann": 2}, m.members("over"))
			requireMirrored(t, e, m, "spring")
		})
	})
}

func TestMirrorDoesNotDelayAnybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemoryMirror()
		e := startEngine(t, newMemoryStore(), withMirror(m))
		create(t, e, running("spring"))
		hang := func(ctx context.Context, _ string) (bool, error) { <-ctx.Done(); return false, ctx.Err() }
		m.set(func() { m.fault = hang })
		pass(settle)
		began := time.Now()
		for i := range 1000 {
			submit(t, e, "spring", steps(fmt.Sprintf("user-%d", i), int64(i)))
		}
		_, err := e.Top("spring", operator)
		require.NoError(t, err)
		require.Zero(t, time.Since(began), "in a bubble, time passes only when somebody waits")
		require.Positive(t, redisHealth(t, e).Lag)
		require.True(t, e.Health().Ready)
	})
}

// TestMirrorAgreesWithTheBoards lets everything happen at once: syncs, joins and
// leaves, panics, appends of unknown outcome, passivation, restarts, and a mirror
// that fails, forgets, and carries out what it says it did not.
func TestMirrorAgreesWithTheBoards(t *testing.T) {
	var shows, writes, runs atomic.Int64
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(noDeadline{t}, func(rt *rapid.T) {
			if runs.Add(1) > 25 && race.Enabled {
				return // `make test` goes on without the race detector
			}
			m, store := newMemoryMirror(), newMemoryStore()
			options := Options{Store: store, Mirror: m, IdleAfter: time.Minute}
			e, err := New(options)
			require.NoError(rt, err)
			var old mirrorState
			mirrorIDs := []string{"autumn", "spring"}
			for _, id := range mirrorIDs {
				_, _, err := e.Create(&competition.CreateCompetition{Caller: operator, Definition: running(id)})
				require.NoError(rt, err)
			}
			for range rapid.IntRange(5, 40).Draw(rt, "steps") {
				id := rapid.SampledFrom(mirrorIDs).Draw(rt, "competition")
				user := rapid.SampledFrom(users).Draw(rt, "user")
				switch rapid.IntRange(0, 13).Draw(rt, "what") {
				case 0, 1, 2, 3:
					for range rapid.IntRange(1, 30).Draw(rt, "syncs") {
						_, _ = e.SubmitSync(id, steps(user, int64(rapid.IntRange(0, 50_000).Draw(rt, "n")))) // may fail: it is not about that
					}
				case 4:
					_, _ = e.Join(id, join(user))
				case 5:
					_ = obey(e, id, &competition.LeaveCompetition{Caller: competition.Caller{UserID: user}, UserID: user})
				case 6:
					_, _ = send[struct{}](e, id, &unknown{})
				case 7:
					stored, once := rapid.Bool().Draw(rt, "stored"), true
					store.set(func() {
						store.beforeAppend = func(context.Context) (bool, error) {
							if once {
								once = false
								return stored, competition.ErrUnavailable
							}
							return true, nil
						}
					})
				case 8:
					m.flush()
				case 9:
					carriedOut := rapid.Bool().Draw(rt, "carried out")
					m.set(func() { m.fault = func(context.Context, string) (bool, error) { return carriedOut, errAway } })
				case 10:
					m.set(func() { m.fault = nil })
				case 11:
					if old.boards == nil || rapid.Bool().Draw(rt, "save") {
						old = m.save()
					} else {
						m.restore(old)
						old = m.save()
					}
				case 12:
					if rapid.Bool().Draw(rt, "restart") {
						ctx, cancel := context.WithTimeout(context.Background(), time.Minute) //nolint:usetesting // rapid's T has none
						require.NoError(rt, e.Close(ctx))
						cancel()
						e, err = New(options)
						require.NoError(rt, err)
					} else {
						pass(3 * time.Minute)
					}
				case 13:
					pass(time.Duration(rapid.IntRange(0, 3000).Draw(rt, "ms")) * time.Millisecond)
				}
			}
			m.set(func() { m.fault = nil })
			pass(2 * settle)
			for _, id := range mirrorIDs {
				c, err := competition.Recover(t.Context(), id, store, newKey, nil)
				require.NoError(rt, err)
				want := map[string]int64{}
				for _, entry := range c.Page(nil, 0, 1000).Entries {
					want[entry.UserID] = entry.Score
				}
				require.Equal(rt, want, m.members(id), id)
			}
			for _, d := range e.Health().Dependencies {
				require.True(rt, d.Healthy)
				require.Zero(rt, d.Lag)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute) //nolint:usetesting // rapid's T has none
			defer cancel()
			require.NoError(rt, e.Close(ctx))
			require.NoError(rt, store.Close())
			shows.Add(int64(m.shows))
			writes.Add(int64(m.writes))
		})
		pass(time.Minute) // the actor system's own timers
	})
	t.Logf("%d writes, %d boards written anew", writes.Load(), shows.Load())
}

// TestMirrorFindsEvictedBoards although nothing is written any more, in memory and
// not, and leaves all others as they are.
func TestMirrorFindsEvictedBoards(t *testing.T) {
	for _, test := range []struct {
		name string
		harm func(*memoryMirror)
		anew int
	}{
		{"nothing happens", func(*memoryMirror) {}, 0},
		{"all but the pulse is evicted", func(m *memoryMirror) {
			m.set(func() { clear(m.state.boards) })
		}, 3},
		{"one board is evicted", func(m *memoryMirror) {
			m.set(func() { delete(m.state.boards, "one") })
		}, 1},
		{"and again in a later turn", func(m *memoryMirror) {
			pass(time.Hour)
			m.set(func() { delete(m.state.boards, "one"); delete(m.state.boards, "third") })
		}, 2},
	} {
		for where, idleAfter := range map[string]time.Duration{"in memory": 100 * time.Hour, "away": time.Minute} {
			t.Run(test.name+", "+where, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := newMemoryMirror()
					e := startEngine(t, newMemoryStore(), func(o *Options) { o.Mirror, o.IdleAfter = m, idleAfter })
					ids := []string{"one", "other", "third"}
					for _, id := range ids {
						create(t, e, running(id))
						submit(t, e, id, steps("ann", 7))
					}
					pass(10 * time.Minute)
					require.Equal(t, where == "in memory", e.actors.registry.find("one") != nil)
					shows := m.shows
					test.harm(m)
					pass(5 * time.Minute)
					require.Equal(t, shows+test.anew, m.shows)
					pass(time.Hour) // nothing is drawn twice
					require.Equal(t, shows+test.anew, m.shows)
					require.Equal(t, where == "in memory", e.actors.registry.find("one") != nil, "the mirror brings nothing into memory")
					for _, id := range ids {
						require.Equal(t, map[string]int64{"ann": 7}, m.members(id), id)
					}
					require.Zero(t, redisHealth(t, e).Lag)
				})
			})
		}
	}
}

// TestMirrorWritesOthersBesideABoardThatItRefuses, in the same round trips.
func TestMirrorWritesOthersBesideABoardThatItRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemoryMirror()
		e := startEngine(t, newMemoryStore(), withMirror(m))
		for _, id := range []string{"bad", "good"} {
			create(t, e, running(id))
			submit(t, e, id, steps("ann", 1))
		}
		requireMirrored(t, e, m, "bad", "good")
		refused := errors.New("WRONGTYPE")
		m.set(func() {
			m.refuse = func(w *competition.MirrorWrite) error {
				if w.CompetitionID == "bad" {
					return refused
				}
				return nil
			}
		})
		for i := range 100 {
			submit(t, e, "bad", steps("ann", int64(2+i)))
			submit(t, e, "good", steps("ann", int64(2+i)))
			pass(50 * time.Millisecond) // what a board waits at most that nobody holds up
			require.Equal(t, map[string]int64{"ann": int64(2 + i)}, m.members("good"))
		}
		require.False(t, redisHealth(t, e).Healthy)
		m.set(func() { m.refuse = nil })
		requireMirrored(t, e, m, "bad", "good")
	})
}
