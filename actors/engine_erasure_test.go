package actors

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// namedIn is in which rows of a store somebody is named.
func namedIn(t *testing.T, s *memoryStore, userID string) (where []string) {
	t.Helper()
	for id := range s.journals {
		require.NoError(t, s.stored.ReadIdentities(t.Context(), id, func(i competition.Identity) error {
			if i.UserID == userID {
				where = append(where, "identity in "+id)
			}
			return nil
		}))
		require.NoError(t, s.stored.ReadLedger(t.Context(), id, func(transaction ledger.Transaction) error {
			if transaction.SideOf(userID) != 0 {
				where = append(where, "transaction "+transaction.ID.String())
			}
			return nil
		}, func(ledger.Prize) error { return nil }))
	}
	memberships, err := s.stored.MembershipsOf(t.Context(), userID, "", 100)
	require.NoError(t, err)
	for _, m := range memberships {
		where = append(where, "membership of "+m.CompetitionID)
	}
	months, _, _, err := s.stored.LifetimeOf(t.Context(), userID)
	require.NoError(t, err)
	if len(months) > 0 {
		where = append(where, "lifetime statistics")
	}
	return where
}

func TestErasureGoesEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, m := newMemoryStore(), newMemoryMirror()
		e := startEngine(t, store, withMirror(m))
		withPrizes(t, e)
		for _, id := range []string{"spring", "left"} {
			create(t, e, running(id))
			submit(t, e, id, steps("ann", 500))
			submit(t, e, id, steps("bob", 400))
		}
		require.NoError(t, obey(e, "left", &competition.LeaveCompetition{Caller: competition.Caller{UserID: "ann"}, UserID: "ann"}))
		requireMirrored(t, e, m, "spring", "left", "c")
		require.Contains(t, m.members("spring"), "ann")

		done, err := e.EraseUser("ann")
		require.NoError(t, err)
		require.Equal(t, competition.Erased{Competitions: 3, Transactions: 1}, done, "the fee")
		require.NotContains(t, m.members("spring"), "ann", "before the answer")
		requireMirrored(t, e, m, "spring", "left", "c")
		require.Empty(t, namedIn(t, store, "ann"))
		for _, id := range []string{"spring", "left", "c"} {
			require.Empty(t, store.rows(t, id)[1].Days, "the stored row")
			top, err := e.Top(id, operator)
			require.NoError(t, err)
			for _, entry := range top.Entries {
				require.NotEqual(t, "ann", entry.UserID)
			}
		}
		require.Equal(t, 1, store.scrubs)
		require.Equal(t, "ann", store.pseudonymised[0].UserID)

		done, err = e.EraseUser("ann")
		require.NoError(t, err)
		require.Zero(t, done)
		submit(t, e, "spring", steps("ann", 7))
		require.Equal(t, int64(7), scores(t, e, "spring")["ann"], "somebody new")
		requireMirrored(t, e, m, "spring")
		done, err = e.EraseUser("ann")
		require.NoError(t, err)
		require.Equal(t, competition.Erased{Competitions: 1}, done)
	})
}

// TestErasureCutShortIsFinishedByTheNext, wherever the store fails, with the answer
// of one that was not.
func TestErasureCutShortIsFinishedByTheNext(t *testing.T) {
	for _, fails := range []string{
		"nothing", "TransactionsOf", "MembershipsOf", "StaleSnapshots", "the second StaleSnapshots", "Save", "ForgetWebhooks", "ForgetLifetime", "Pseudonymise", "Scrub", "the second Save", "Append", "the answer to Append",
	} {
		t.Run(fails, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore()
				e := startEngine(t, store, nil)
				var want competition.Erased
				for n, id := range []string{"a", "b", "c", "paid"} {
					d := running(id)
					if id == "paid" {
						d.EntryFeeMinor = 100
						_, _, err := e.Create(&competition.CreateCompetition{Caller: operator, Definition: d})
						require.NoError(t, err)
						_, err = e.Join(id, join("ann"))
						require.NoError(t, err)
					} else {
						create(t, e, d)
					}
					submit(t, e, id, steps("ann", 500))
					if id != "c" {
						_, err := e.Run(id, &competition.ExcludeParticipant{Caller: operator, UserID: "ann", Reason: "a car"})
						require.NoError(t, err)
						want.KeptIn = append(want.KeptIn, id)
					}
					if want.Competitions = n + 1; id == "a" {
						want.KeptUntil = d.End + calendar.Millis(d.LateSyncHours)*anHour + 30*24*anHour
					}
				}
				require.NoError(t, store.stored.PutWebhook(t.Context(), &competition.Webhook{ID: "hook", Owner: "ann", CompetitionID: "a"}, competition.KeepCursors))
				want.Transactions = 1
				left := 1
				fails, second := strings.CutPrefix(fails, "the second ")
				if second {
					left = 2
				}
				store.set(func() {
					store.before = func(_ context.Context, call string) error {
						if call != fails {
							return nil
						}
						if left--; left == 0 {
							return errors.Join(competition.ErrUnavailable, errAway)
						}
						return nil
					}
					appends := 0
					store.beforeAppend = func(context.Context) (bool, error) {
						if appends++; appends == 2 && strings.HasSuffix(fails, "Append") {
							return fails != "Append", competition.ErrUnavailable
						}
						return true, nil
					}
				})
				done, err := e.EraseUser("ann")
				if fails != "nothing" {
					require.ErrorIs(t, err, competition.ErrUnavailable)
					pass(time.Minute) // a competition catches up
					done, err = e.EraseUser("ann")
				}
				require.NoError(t, err)
				require.Equal(t, want, done)
				for _, id := range []string{"a", "b", "c", "paid"} {
					require.Empty(t, store.rows(t, id)[1].Days, "the stored row")
				}
				require.Empty(t, e.erasing.users)
				require.Empty(t, namedIn(t, store, "ann"))
				_, err = store.stored.FindWebhook(t.Context(), "hook")
				require.ErrorIs(t, err, competition.ErrUnknownWebhook)
				require.Equal(t, 1, store.scrubs)
			})
		})
	}
}

// withoutSaves has a competition with a stored day of ann, and the store refuse snapshots
// from then on.
func withoutSaves(t *testing.T, store *memoryStore, e *Engine, id string) {
	t.Helper()
	require.NoError(t, e.saveRows(id))
	require.NotEmpty(t, store.rows(t, id)[1].Days)
	store.failBy(nil, func(_ context.Context, call string) error {
		if call == "Save" {
			return errors.Join(competition.ErrUnavailable, errAway)
		}
		return nil
	})
}

// TestAnErasureCutShortByACrashIsRepeatedAtTheNextStart: the person's tie is gone, and
// the stored rows are not. The next process must not say that they are.
func TestAnErasureCutShortByACrashIsRepeatedAtTheNextStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		for _, id := range []string{"spring", "autumn"} {
			create(t, e, running(id))
			submit(t, e, id, steps("ann", 500))
			submit(t, e, id, steps("bob", 400))
			require.NoError(t, e.saveRows(id))
		}
		withoutSaves(t, store, e, "autumn")
		_, err := e.EraseUser("ann")
		require.ErrorIs(t, err, competition.ErrUnavailable)
		ties, err := e.Ties("ann", "", 10)
		require.NoError(t, err)
		require.Equal(t, []string{"spring"}, ties, "autumn came first, and was erased there")

		crashed := store.clone()
		crashed.failBy(nil, store.before)
		store.failBy(nil, nil)
		next := startEngine(t, crashed, nil)
		for range 3 {
			_, err = next.EraseUser("ann")
			require.ErrorIs(t, err, competition.ErrUnavailable, "the rows are still there")
			pass(time.Second)
		}
		require.NotEmpty(t, crashed.rows(t, "autumn")[1].Days)
		require.Zero(t, crashed.scrubs)
		_, err = next.EraseUser("cleo")
		require.NoError(t, err, "nothing of others is waited for")

		crashed.failBy(nil, nil)
		done, err := next.EraseUser("ann")
		require.NoError(t, err)
		require.Equal(t, competition.Erased{Competitions: 2}, done)
		for _, id := range []string{"spring", "autumn"} {
			require.Empty(t, crashed.rows(t, id)[1].Days)
			require.NotEmpty(t, crashed.rows(t, id)[2].Days)
		}
		require.Empty(t, namedIn(t, crashed, "ann"))
		done, err = next.EraseUser("ann")
		require.NoError(t, err)
		require.Zero(t, done)
	})
}

// TestAnErasureCutShortIsRepeatedAtAnyNode, which has the owner store the snapshot, or
// becomes it.
func TestAnErasureCutShortIsRepeatedAtAnyNode(t *testing.T) {
	for name, dies := range map[string]bool{"while the owner lives": false, "after it died": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := startNodes(t, 3, nil)
				owner, other := s.spring()
				_, err := owner.sync("spring", "bob", 400)
				require.NoError(t, err)
				withoutSaves(t, s.store, other.engine, "spring")
				_, err = other.engine.EraseUser("ann")
				require.ErrorIs(t, err, competition.ErrUnavailable)
				ties, err := other.engine.Ties("ann", "", 10)
				require.NoError(t, err)
				require.Empty(t, ties, "nothing else says what is left")

				third := s.all[slices.IndexFunc(s.all, func(one *node) bool { return one != owner && one != other })]
				_, err = third.engine.EraseUser("ann")
				require.ErrorIs(t, err, competition.ErrUnavailable, "the rows are still there")
				if dies {
					owner.lease.set(false)
					s.lock(func() { owner.cut, owner.dead = true, true })
				}
				s.store.failBy(nil, nil)
				_, err = third.engine.EraseUser("ann")
				require.NoError(t, err)
				require.Empty(t, s.store.rows(t, "spring")[1].Days)
				require.NotEmpty(t, s.store.rows(t, "spring")[2].Days)
			})
		})
	}
}

// TestErasureNeedsNoMirror: while it is away nothing waits for it, and when it is
// back the member goes.
func TestErasureNeedsNoMirror(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, m := newMemoryStore(), newMemoryMirror()
		e := startEngine(t, store, withMirror(m))
		create(t, e, running("spring"))
		submit(t, e, "spring", steps("ann", 500))
		submit(t, e, "spring", steps("bob", 400))
		requireMirrored(t, e, m, "spring")
		m.set(func() { m.fault = func(context.Context, string) (bool, error) { return false, errAway } })
		began := time.Now()
		_, err := e.EraseUser("ann")
		require.NoError(t, err)
		require.LessOrEqual(t, time.Since(began), mirrorLeisure+time.Second)
		require.Contains(t, m.members("spring"), "ann", "it cannot know yet")
		m.set(func() { m.fault = nil })
		requireMirrored(t, e, m, "spring")
		require.NotContains(t, m.members("spring"), "ann")
	})
}

// TestErasureWaitsForPendingPrizes before it touches anything.
func TestErasureWaitsForPendingPrizes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, func(o *Options) { o.HandOver = func() {} })
		withPrizes(t, e)
		create(t, e, running("another"))
		submit(t, e, "another", steps("ann", 500))
		pass(2 * time.Minute)
		_, err := distribute(e)
		require.NoError(t, err)
		before := namedIn(t, store, "ann")
		_, err = e.EraseUser("ann")
		require.ErrorIs(t, err, competition.ErrPrizePending)
		require.ElementsMatch(t, before, namedIn(t, store, "ann"))
		_, err = e.ConfirmPrize(ledger.PrizeID{CompetitionID: "c", Number: 1}, operator)
		require.NoError(t, err)
		_, err = e.EraseUser("ann")
		require.NoError(t, err)
		require.Empty(t, namedIn(t, store, "ann"))
		prizes, err := distribute(e) // again, which tells what was paid
		require.NoError(t, err)
		require.True(t, competition.IsPseudonym(prizes.Prizes[0].UserID))
	})
}

// TestErasureWhileThePersonSyncs: whoever is there afterwards is whole.
func TestErasureWhileThePersonSyncs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		create(t, e, running("spring"))
		var syncing sync.WaitGroup
		stop := make(chan struct{})
		for range 4 {
			syncing.Go(func() {
				for n := int64(1); ; n++ {
					select {
					case <-stop:
						return
					default:
						submit(t, e, "spring", steps("ann", n))
						<-time.After(time.Millisecond)
					}
				}
			})
		}
		for range 20 {
			pass(7 * time.Millisecond)
			_, err := e.EraseUser("ann")
			require.NoError(t, err)
		}
		close(stop)
		syncing.Wait()
		_, err := e.EraseUser("ann")
		require.NoError(t, err)
		require.Empty(t, namedIn(t, store, "ann"))
		require.Empty(t, scores(t, e, "spring"))
		recovered, err := competition.Recover(t.Context(), "spring", store, newKey, nil)
		require.NoError(t, err)
		require.Zero(t, recovered.OnBoard())
	})
}

// TestNobodyIsErasedUnnoted: if the erasure cannot be noted, nothing is erased.
func TestNobodyIsErasedUnnoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		var noted []string
		failure := errors.New("the disk is full")
		e := startEngine(t, store, func(o *Options) {
			o.NoteErasure = func(userID string, competitionIDs []string, _ time.Time) error {
				noted = append(noted, userID+" in "+strings.Join(competitionIDs, " "))
				return failure
			}
		})
		create(t, e, running("spring"))
		_, err := e.Join("spring", &competition.JoinCompetition{Caller: competition.Caller{UserID: "ann"}, UserID: "ann"})
		require.NoError(t, err)
		_, err = e.EraseUser("ann")
		require.ErrorIs(t, err, competition.ErrUnavailable)
		require.ErrorIs(t, err, failure)
		require.Equal(t, []string{"ann in spring"}, noted)
		ties, err := e.Ties("ann", "", 10)
		require.NoError(t, err)
		require.Equal(t, []string{"spring"}, ties)
		failure = nil
		_, err = e.EraseUser("ann")
		require.NoError(t, err)
		require.Equal(t, []string{"ann in spring", "ann in spring"}, noted)
	})
}
