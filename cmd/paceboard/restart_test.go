package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/race"
	"github.com/paceboard/paceboard/persistence/embedded"
)

// TestRestartWithAMillionParticipants starts the server on a board of 1,000,000
// and holds how soon it is ready against the goal.
func TestRestartWithAMillionParticipants(t *testing.T) {
	race.Skip(t)
	const participants = 1_000_000
	const goal = 5 * time.Second
	dir := t.TempDir()
	store, err := embedded.Open(t.Context(), embedded.Options{Dir: dir})
	require.NoError(t, err)
	fillBoard(t, store, "big", participants)
	require.NoError(t, store.Close())

	const tries = 3 // other programs may have the processors for a while
	best := restart(t, dir, participants)
	for try := 1; try < tries && best >= goal; try++ {
		best = min(best, restart(t, dir, participants))
	}
	require.Less(t, best, goal)
}

// restart starts the server on the filled board and says how soon it was ready, and
// the board, which is recovered for the first who asks, read.
func restart(t *testing.T, dir string, participants int, args ...string) time.Duration {
	t.Helper()
	began := time.Now()
	s := startServer(t, dir, args...)
	var ready time.Duration
	for {
		status, _ := s.call(http.MethodGet, "/health/ready", "", "")
		if status == http.StatusOK {
			ready = time.Since(began)
			break
		}
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Less(t, time.Since(began), time.Minute)
		time.Sleep(5 * time.Millisecond) //nolint:forbidigo // polling from outside, as a load balancer does
	}
	b := s.readBoard("big", 3)
	read := time.Since(began)
	t.Logf("ready after %.2f s, read after %.2f s; %s", ready.Seconds(), read.Seconds(), s.waitFor("a competition was recovered", "big", `"participants":1000000,`))
	require.Equal(t, participants, b.Data.Total)
	require.Equal(t, "user-1000000", b.Data.Entries[0].UserID)
	s.stop()
	return read
}

// fillBoard writes a competition whose user n has n steps, over two days, into
// a store: snapshot rows, and a tail of the journal after them.
func fillBoard(t *testing.T, store competition.Store, id string, participants int) {
	t.Helper()
	ctx := t.Context()
	epoch, err := store.Claim(ctx, id)
	require.NoError(t, err)
	now := calendar.MillisOf(time.Now())
	d := competition.Definition{
		ID: id, Name: "Big", Start: calendar.MillisOf(time.Now().AddDate(0, 0, -9)), End: calendar.MillisOf(time.Now().AddDate(0, 0, 9)),
		Scoring: competition.Weights{Step: 1000}, PrizeSplit: []int64{competition.WholeSplit},
		DailyLimits: competition.Metrics{Steps: 10_000_000, DistanceCm: 1, EnergyCentikcal: 1, ActiveMinutes: 1},
	}
	d.Complete()
	c := competition.New(id, func() competition.Key { return sha256.Sum256([]byte(id)) })
	_, err = (&competition.CreateCompetition{Caller: competition.Caller{Operator: true}, Definition: d}).Decide(c, now)
	require.NoError(t, err)
	commit := func() {
		b := c.Take(competition.Batch{})
		b.Epoch = epoch
		require.Nil(t, store.Append(ctx, []*competition.Batch{&b}))
		for i := range b.Events {
			_, err := c.Apply(&b.Events[i])
			require.NoError(t, err)
		}
		c.Applied(&b)
	}
	const tail = 10_000 // reports after the snapshot
	today := calendar.DayOf(time.Now())
	for n := 1; n <= participants; n++ {
		for back := range calendar.Day(2) {
			_, err := c.SubmitSync(now, &competition.SubmitSync{
				UserID: fmt.Sprintf("user-%07d", n), Source: "watch", Day: today - 1 - back,
				Metrics: competition.Metrics{Steps: int64((n + int(back)) / 2)}, // the halves of n
			})
			require.NoError(t, err)
		}
		if n%10_000 == 0 {
			commit()
			if n <= participants-tail {
				snapshot := c.Snapshot()
				snapshot.Epoch = epoch
				require.NoError(t, store.Save(ctx, &snapshot))
			}
		}
	}
}
