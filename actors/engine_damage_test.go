package actors

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestOneDamagedSummaryKeepsNobodyFromTheOthers: unnamed syncs, batches, joins,
// first syncs and new competitions of its members go on without it, and its operator
// hears of it.
func TestOneDamagedSummaryKeepsNobodyFromTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		store := newMemoryStore()
		e := startEngine(t, store, func(o *Options) {
			o.MaxJoined, o.MaxCreated = 10, 10
			o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))
		})
		for _, id := range []string{"damaged", "sound", "third", "fourth"} {
			setUp(t, e, running(id))
		}
		for _, id := range []string{"damaged", "sound"} {
			submit(t, e, id, steps("ann", 1))
		}
		store.set(func() { store.damaged = map[string]bool{"damaged": true} })

		replies, err := e.SubmitEverywhere(steps("ann", 2), nil)
		require.NoError(t, err)
		require.Len(t, replies, 1)
		require.Equal(t, "sound", replies[0].CompetitionID)
		items := []competition.BatchItem{{Sync: *steps("ann", 3)}, {CompetitionID: "third", Sync: *steps("ann", 3)}}
		require.NoError(t, e.SubmitBatch(items, nil))
		require.NoError(t, items[0].Err)
		require.NoError(t, items[1].Err)
		_, err = e.Join("fourth", join("ann"))
		require.NoError(t, err)
		_, _, err = e.Create(&competition.CreateCompetition{Caller: competition.Caller{UserID: "ann"}, Definition: running("hers")})
		require.NoError(t, err)

		var counted dto.Metric
		require.NoError(t, e.damage.reads.Write(&counted))
		require.GreaterOrEqual(t, counted.Counter.GetValue(), 4.0)
		require.Equal(t, 1, strings.Count(log.String(), "level=ERROR"), "once a minute: %s", log.String())
		pass(time.Minute)
		_, err = e.SubmitEverywhere(steps("ann", 4), nil)
		require.NoError(t, err)
		require.Equal(t, 2, strings.Count(log.String(), "level=ERROR"))
		pass(time.Hour) // nothing is in memory
		list, _, err := e.CompetitionsOf("ann", "", 100)
		require.NoError(t, err)
		require.Len(t, list, 3, "sound, third and fourth")

		store.set(func() {
			store.before = func(_ context.Context, call string) error {
				if call == "OpenTies" {
					return competition.ErrUnavailable
				}
				return nil
			}
		})
		_, err = e.SubmitEverywhere(steps("ann", 5), nil)
		require.ErrorIs(t, err, competition.ErrUnavailable, "a store that is away is not damage")
	})
}

// TestAnInvitationToWhatIsDamagedLeavesTheOthers: its user sees them all, that one
// without what it is to.
func TestAnInvitationToWhatIsDamagedLeavesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		for _, id := range []string{"damaged", "sound"} {
			create(t, e, running(id))
			_, err := e.Invite(id, theCreator, []string{"ann"})
			require.NoError(t, err)
		}
		pass(time.Hour)
		require.Zero(t, e.Health().Active)
		store.set(func() { store.damaged = map[string]bool{"damaged": true} })
		offers, _, err := e.InvitationsTo("ann", competition.InvitationPlace{}, 10)
		require.NoError(t, err)
		require.Len(t, offers, 2)
		require.Nil(t, offers[0].Competition)
		require.Equal(t, "sound", offers[1].Competition.Definition.ID)
	})
}

// TestAUsersCompetitionsAreReadAPageAtATime: however many the user has left.
func TestAUsersCompetitionsAreReadAPageAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, nil)
		const left = 5_000
		for i := range left {
			store.tie(competition.Membership{UserID: "ann", CompetitionID: fmt.Sprintf("left-%05d", i), Number: 1})
		}
		for _, id := range []string{"a", "z"} {
			setUp(t, e, running(id))
			submit(t, e, id, steps("ann", 1))
		}
		reads := 0
		store.set(func() {
			store.before = func(_ context.Context, call string) error {
				if call == "MembershipsOf" {
					reads++
				}
				return nil
			}
		})
		var ids []string
		pages, after := 0, ""
		for {
			before := reads
			list, next, err := e.CompetitionsOf("ann", after, 100)
			require.NoError(t, err)
			require.LessOrEqual(t, reads-before, 1+tiesExamined/100)
			for i := range list {
				ids = append(ids, list[i].Definition.ID)
			}
			pages++
			if after = next; next == "" {
				break
			}
		}
		require.Equal(t, []string{"a", "z"}, ids)
		require.Greater(t, pages, left/tiesExamined-1)
	})
}
