package actors

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

func bySource(sources []competition.SourceStats) {
	slices.SortFunc(sources, func(a, b competition.SourceStats) int { return cmp.Compare(a.Source, b.Source) })
}

func TestPrivateCompetitionIsReadByItsOwn(t *testing.T) {
	for _, memory := range []bool{true, false} {
		t.Run(fmt.Sprintf("in memory %v", memory), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := startEngine(t, newMemoryStore(), nil)
				d := running("secret")
				d.Visibility = competition.Private
				d.Complete()
				create(t, e, d)
				for _, user := range []string{"ann", "bob"} {
					_, err := e.Join("secret", &competition.JoinCompetition{Caller: operator, UserID: user})
					require.NoError(t, err)
				}
				require.NoError(t, obey(e, "secret", &competition.LeaveCompetition{Caller: competition.Caller{UserID: "bob"}, UserID: "bob"}))
				for caller, want := range map[competition.Caller]error{
					{UserID: "creator"}:                  nil,
					{UserID: "ann"}:                      nil,
					{UserID: "bob"}:                      competition.ErrUnknownCompetition,
					{UserID: "stranger"}:                 competition.ErrUnknownCompetition,
					{UserID: "stranger", Operator: true}: nil,
					{Operator: true}:                     nil,
				} {
					if !memory {
						pass(20 * time.Minute)
						require.Zero(t, e.Health().Active)
					}
					listed := 0
					if want == nil {
						listed = 1
					}
					list, _, err := e.Competitions(caller, competition.Listing{Limit: 10})
					require.NoError(t, err)
					require.Len(t, list, listed, "%+v", caller)
					_, err = e.Competition("secret", caller)
					require.ErrorIs(t, err, want, "%+v", caller)
					for range 2 { // the second finds it published
						_, err = e.Top("secret", caller)
						require.ErrorIs(t, err, want, "%+v", caller)
					}
					_, err = e.Page("secret", caller, 0, 10, nil)
					require.ErrorIs(t, err, want, "%+v", caller)
					_, err = e.Around("secret", caller, "ann", 1, nil)
					require.ErrorIs(t, err, want, "%+v", caller)
					_, _, err = e.Participants("secret", caller, 0, 10, "")
					require.ErrorIs(t, err, want, "%+v", caller)
					watching := competition.NewSubscription("secret", caller.UserID, make(chan struct{}, 1))
					err = e.Subscribe(watching, caller)
					require.ErrorIs(t, err, want, "%+v", caller)
					if err == nil {
						e.Unsubscribe(watching)
					}
				}
			})
		})
	}
}

// TestAPrivateCompetitionDoesNotExistForStrangers: what strangers ask of it, about
// themselves and others, they hear of a competition that was never created.
func TestAPrivateCompetitionDoesNotExistForStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), nil)
		d := running("secret")
		d.Visibility = competition.Private
		d.Complete()
		create(t, e, d)
		_, err := e.Join("secret", &competition.JoinCompetition{Caller: operator, UserID: "ann"})
		require.NoError(t, err)
		bob, name := competition.Caller{UserID: "bob"}, "Mine"
		for what, ask := range map[string]func(id string) error{
			"sync": func(id string) error { _, err := e.SubmitSync(id, steps("bob", 5)); return err },
			"sync of another day": func(id string) error {
				s := steps("bob", 5)
				s.Day -= 400
				_, err := e.SubmitSync(id, s)
				return err
			},
			"batch": func(id string) error {
				items := []competition.BatchItem{{CompetitionID: id, Sync: *steps("bob", 5)}}
				_ = e.SubmitBatch(items, nil)
				return items[0].Err
			},
			"join":        func(id string) error { _, err := e.Join(id, join("bob")); return err },
			"leave":       func(id string) error { return obey(e, id, &competition.LeaveCompetition{Caller: bob, UserID: "bob"}) },
			"removal":     func(id string) error { return obey(e, id, &competition.LeaveCompetition{Caller: bob, UserID: "ann"}) },
			"statistics":  func(id string) error { _, err := e.Stats(id, bob, "bob", competition.AllDays); return err },
			"explanation": func(id string) error { _, err := e.Explain(id, bob, "bob", competition.AllDays); return err },
			"edit": func(id string) error {
				_, err := e.Run(id, &competition.EditCompetition{Caller: bob, Patch: competition.Patch{Name: &name}})
				return err
			},
			"cancel": func(id string) error {
				_, err := e.Run(id, &competition.CancelCompetition{Caller: bob})
				return err
			},
		} {
			never, secret := ask("never"), ask("secret")
			require.ErrorIs(t, secret, competition.ErrUnknownCompetition, what)
			require.Equal(t, never.Error(), secret.Error(), what)
		}
		_, err = e.SubmitSync("secret", steps("ann", 5))
		require.NoError(t, err)
		trusted := steps("bob", 5)
		trusted.Trusted = true
		_, err = e.SubmitSync("secret", trusted)
		require.ErrorIs(t, err, competition.ErrNotEnrolled, "an operator hears why")
	})
}

func TestTopIsHiddenAsSoonAsTheCompetitionIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), nil)
		create(t, e, lasting("spring", time.Hour, 2*time.Hour))
		_, err := e.Join("spring", join("ann"))
		require.NoError(t, err)
		stranger := competition.Caller{UserID: "stranger"}
		_, err = e.Top("spring", stranger)
		require.NoError(t, err)
		for _, c := range []struct {
			to   competition.Visibility
			want error
		}{{competition.Private, competition.ErrUnknownCompetition}, {competition.Public, nil}} {
			_, err = e.Run("spring", &competition.EditCompetition{Caller: operator, Patch: competition.Patch{Visibility: &c.to}})
			require.NoError(t, err)
			for range 2 {
				_, err = e.Top("spring", stranger)
				require.ErrorIs(t, err, c.want)
				_, err = e.Top("spring", competition.Caller{UserID: "ann"})
				require.NoError(t, err)
			}
		}
	})
}

func TestStatisticsAreTheUsersOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), nil)
		create(t, e, running("spring"))
		submit(t, e, "spring", steps("ann", 5))
		for caller, want := range map[competition.Caller]error{
			{UserID: "ann"}: nil, {UserID: "bob"}: competition.ErrForbidden, {Operator: true}: nil,
		} {
			_, err := e.Stats("spring", caller, "ann", competition.AllDays)
			require.ErrorIs(t, err, want)
		}
		_, err := e.Stats("spring", operator, "bob", competition.AllDays)
		require.ErrorIs(t, err, competition.ErrNotEnrolled)
		today := calendar.DayOf(time.Now())
		stats, err := e.Stats("spring", operator, "ann", competition.Span{From: today + 1, To: calendar.MaxDay})
		require.NoError(t, err)
		require.Empty(t, stats.Days)
		require.EqualValues(t, 5, stats.Score)
	})
}

func TestListsComeInPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), nil)
		var upcoming, active, anns []string
		for i := range 9 {
			id := fmt.Sprintf("c%d", i)
			d := running(id)
			if i%3 == 0 {
				d = lasting(id, time.Hour, 2*time.Hour)
				upcoming = append(upcoming, id)
			} else {
				active = append(active, id)
			}
			create(t, e, d)
			if i%2 == 0 {
				_, err := e.Join(id, join("ann"))
				require.NoError(t, err)
				anns = append(anns, id)
			}
		}
		require.NoError(t, obey(e, "c4", &competition.LeaveCompetition{Caller: competition.Caller{UserID: "ann"}, UserID: "ann"}))
		anns = slices.DeleteFunc(anns, func(id string) bool { return id == "c4" })

		walkAll := func(caller competition.Caller, limit int, statuses ...competition.Status) (ids []string) {
			var after competition.ListPlace
			for {
				list, next, err := e.Competitions(caller, competition.Listing{Statuses: statuses, After: after, Limit: limit})
				require.NoError(t, err)
				require.LessOrEqual(t, len(list), limit)
				for i := range list {
					ids = append(ids, list[i].Definition.ID)
				}
				if next == (competition.ListPlace{}) {
					return ids
				}
				require.Equal(t, list[limit-1].Place(), next)
				after = next
			}
		}
		walk := func(page func(after string, limit int) ([]competition.Summary, string, error), limit int) (ids []string) {
			after := ""
			for {
				list, next, err := page(after, limit)
				require.NoError(t, err)
				require.LessOrEqual(t, len(list), limit)
				for i := range list {
					ids = append(ids, list[i].Definition.ID)
				}
				if next == "" {
					return ids
				}
				require.Equal(t, next, ids[len(ids)-1])
				after = next
			}
		}
		for limit := 1; limit <= 10; limit++ {
			require.Equal(t, slices.Concat(active, upcoming), walkAll(competition.Caller{UserID: "ann"}, limit), "by start")
			require.Equal(t, active, walkAll(operator, limit, competition.Active))
			require.Equal(t, anns, walk(func(after string, limit int) ([]competition.Summary, string, error) {
				return e.CompetitionsOf("ann", after, limit)
			}, limit))
		}
		list, next, err := e.CompetitionsOf("nobody", "", 10)
		require.NoError(t, err)
		require.Empty(t, list)
		require.Empty(t, next)
	})
}

// TestAShortPageOfCompetitionsCostsNoMore: of somebody who has left very many, who
// asks for one at a time.
func TestAShortPageOfCompetitionsCostsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		for _, id := range []string{"y", "z"} {
			create(t, e, running(id))
			submit(t, e, id, steps("ann", 1))
		}
		calls := 0
		for i := range 1500 {
			store.tie(competition.Membership{UserID: "ann", CompetitionID: fmt.Sprintf("left-%04d", i), Number: 1})
		}
		store.set(func() {
			store.before = func(_ context.Context, call string) error {
				if call == "MembershipsOf" {
					calls++
				}
				return nil
			}
		})
		var got []string
		pages := 0
		for after := ""; pages == 0 || after != ""; pages++ {
			var list []competition.Summary
			var err error
			list, after, err = e.CompetitionsOf("ann", after, 1)
			require.NoError(t, err)
			for _, s := range list {
				got = append(got, s.Definition.ID)
			}
		}
		require.Equal(t, []string{"y", "z"}, got)
		require.LessOrEqual(t, pages, 4)
		require.LessOrEqual(t, calls, 10)

		// The lifetime statistics look at all of them, and are charged for it.
		all, err := e.Lifetime(competition.Caller{UserID: "ann"}, "ann")
		require.NoError(t, err)
		rows := all.Stats("ann", competition.AllDays).Rows
		require.GreaterOrEqual(t, rows, 1502)
		require.Less(t, rows, 1510)
	})
}

func TestParticipantsComeByEnrolment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), nil)
		create(t, e, running("spring"))
		var want []string
		for i := range 10 {
			user := fmt.Sprintf("user-%d", 9-i)
			submit(t, e, "spring", steps(user, int64(i*7%10+1)))
			if i != 4 {
				want = append(want, user)
			}
		}
		require.NoError(t, obey(e, "spring", &competition.LeaveCompetition{Caller: competition.Caller{UserID: "user-5"}, UserID: "user-5"}))
		var got []string
		after := uint32(0)
		for {
			people, next, err := e.Participants("spring", operator, after, 4, "")
			require.NoError(t, err)
			for _, p := range people {
				got = append(got, p.UserID)
			}
			if next == 0 {
				break
			}
			after = next
		}
		require.Equal(t, want, got)
		people, next, err := e.Participants("spring", operator, 0, 4, "USER-7")
		require.NoError(t, err)
		require.Equal(t, []string{"user-7"}, []string{people[0].UserID})
		require.Zero(t, next)
		for _, after := range []uint32{10, 11, math.MaxInt32, math.MaxUint32 - 1, math.MaxUint32} { // clients may send any
			people, next, err := e.Participants("spring", operator, after, 4, "")
			require.NoError(t, err, "after %d", after)
			require.Empty(t, people)
			require.Zero(t, next)
		}
		_, err = e.Around("spring", operator, "user-5", 3, nil)
		require.ErrorIs(t, err, competition.ErrNotEnrolled)
	})
}

// TestAListBeginsWithTheReadersOwn, whatever the pages, and has everything that is not
// over once; 105 competitions that are over do not hide it.
func TestAListBeginsWithTheReadersOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * 60 * 60 * 1000
		e := startEngine(t, newMemoryStore(), nil)
		ann := competition.Caller{UserID: "ann"}
		for i := range 105 {
			d := running(fmt.Sprintf("old%03d", i))
			d.Start, d.End, d.LateSyncHours = d.Start-1000*day, calendar.MillisOf(time.Now().Add(time.Minute)), 0
			d.Complete()
			create(t, e, d)
		}
		pass(10 * time.Minute)
		var others, own []string
		for i := range 8 {
			d := running(fmt.Sprintf("c%d", i))
			d.Name += " " + d.ID
			d.Start += calendar.Millis(i) * day
			d.End = d.Start + 30*day
			creator := competition.Caller{UserID: "bob"}
			switch i {
			case 6:
				d.Visibility = competition.Private
			case 7:
				creator = ann
			}
			d.Complete()
			_, _, err := e.Create(&competition.CreateCompetition{Caller: creator, Definition: d})
			require.NoError(t, err)
			switch i {
			case 2, 4:
				_, err := e.Join(d.ID, join("ann"))
				require.NoError(t, err)
				own = append(own, d.ID)
			case 6: // not hers to see
			case 7:
				own = append(own, d.ID)
			default:
				others = append(others, d.ID)
			}
		}
		for limit := 1; limit <= 9; limit++ {
			var ids []string
			after, marked := competition.ListPlace{}, 0
			for {
				page, err := e.OwnFirst(ann, competition.Listing{After: after, Limit: limit})
				require.NoError(t, err)
				require.LessOrEqual(t, len(page.List), limit)
				marked += page.Own
				for i := range page.List {
					ids = append(ids, page.List[i].Definition.ID)
				}
				if after = page.Next; after == (competition.ListPlace{}) {
					break
				}
			}
			require.Equal(t, slices.Concat(own, others), ids, limit)
			require.Equal(t, len(own), marked)
		}
		page, err := e.OwnFirst(ann, competition.Listing{Limit: 10, Search: "C4"})
		require.NoError(t, err)
		require.Len(t, page.List, 1)
		page, err = e.OwnFirst(competition.Caller{Operator: true}, competition.Listing{Limit: 10})
		require.NoError(t, err)
		require.Zero(t, page.Own)
		require.Len(t, page.List, 8, "an operator sees what is private")
	})
}
