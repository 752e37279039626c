package postgres

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/persistence/porttest"
)

// projectionOf saves a snapshot of a game and returns what there is to project.
func projectionOf(t *testing.T, g *porttest.Game) *competition.Projection {
	t.Helper()
	require.NoError(t, g.Commit(t.Context()))
	s := g.Snapshot()
	require.NoError(t, g.Store.Save(t.Context(), &s))
	_, sources, err := competition.SnapshotSources(s.CompetitionID, s.Header)
	require.NoError(t, err)
	return &competition.Projection{CompetitionID: s.CompetitionID, Sources: sources, Rows: s.Rows, From: s.Since, To: s.Seq}
}

func TestOperatorsSeeLifetimes(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	store := open(t, databaseURL)
	for i, id := range []string{"spring", "summer"} {
		g := begin(t, store, id)
		require.NoError(t, g.Sync("anna", 0, int64(3000-1000*i)))
		require.NoError(t, g.Sync("anna", -1-i, 500))
		require.NoError(t, store.Project(t.Context(), projectionOf(t, g)))
	}
	conn := connect(t, databaseURL)
	ask := func(sql string) []map[string]any {
		rows, err := conn.Query(t.Context(), fill(sql, map[string]string{"user": "anna", "competition": "spring"}))
		require.NoError(t, err)
		all, err := pgx.CollectRows(rows, pgx.RowToMap)
		require.NoError(t, err)
		return all
	}
	today := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	var days []any
	for _, row := range ask(operatorQueries(t)["lifetime"]) {
		days = append(days, row["day"], row["steps"])
	}
	// Both games' clocks begin at noon: the syncs of the second one are of the
	// same seconds, and of equals the larger counts.
	require.Equal(t, []any{today.AddDate(0, 0, -2), int64(500), today.AddDate(0, 0, -1), int64(500), today, int64(3000)}, days)
	rows := ask(`SELECT * FROM paceboard.lifetime_days WHERE user_id = :'user' ORDER BY day DESC`)
	require.Equal(t, "phone", rows[0]["source"])
	require.Equal(t, int64(30), rows[0]["active_minutes"])
	require.Equal(t, time.Date(2026, 11, 23, 12, 0, 2, 0, time.UTC), rows[0]["recorded_at"].(time.Time).UTC())
	lag := ask(operatorQueries(t)["lifetime lag"])
	require.Len(t, lag, 1)
	require.Equal(t, []any{int64(5), int64(5), int64(0)}, []any{lag[0]["snapshot_seq"], lag[0]["checkpoint"], lag[0]["behind"]})
}

// TestProcessesProjectTheSameUsers: two processes project competitions of the
// same people at the same time, and nothing gets lost.
func TestProcessesProjectTheSameUsers(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	const competitions, users, rounds = 6, 20, 8
	rng := rand.New(rand.NewPCG(3, 3))
	most := map[string]int64{}
	work := make([][]*competition.Projection, competitions)
	stores := []*Store{open(t, databaseURL), open(t, databaseURL)}
	for c := range work {
		g := begin(t, stores[0], fmt.Sprintf("c%d", c))
		for range rounds {
			for u := range users {
				user, n := fmt.Sprintf("user-%d", u), rng.Int64N(50_000)
				_, err := g.C.SubmitSync(g.Now, &competition.SubmitSync{
					UserID: user, Source: "phone", Day: calendar.DayOf(g.Now.Time()), Metrics: competition.Metrics{Steps: n},
				})
				require.NoError(t, err)
				most[user] = max(most[user], n)
			}
			require.NoError(t, g.Sync("pacer", 0, 1)) // so that something changed
			work[c] = append(work[c], projectionOf(t, g))
		}
	}
	var running sync.WaitGroup
	errs := make([]error, competitions)
	for c := range work {
		running.Go(func() {
			for _, p := range work[c] {
				if errs[c] = stores[c%2].Project(t.Context(), p); errs[c] != nil {
					return
				}
			}
		})
	}
	running.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	for user, want := range most {
		months, lagging, _, err := stores[0].LifetimeOf(t.Context(), user)
		require.NoError(t, err)
		require.Empty(t, lagging)
		var all competition.Lifetime
		for _, m := range months {
			all.Add(m)
		}
		require.Equal(t, want, all.Stats(user, competition.AllDays).Total.Steps, user)
	}
}

// TestForgottenWhileProjecting: whoever deletes a person's identities and then
// the lifetime days is done with it, whatever is being projected.
func TestForgottenWhileProjecting(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	store := open(t, databaseURL)
	g := begin(t, store, "spring")
	require.NoError(t, g.Sync("anna", 0, 100))
	require.NoError(t, g.Sync("bert", 0, 200))
	p := projectionOf(t, g)
	conn := connect(t, databaseURL)
	for range 20 {
		projected := make(chan error, 1)
		go func() { projected <- store.Project(t.Context(), p) }()
		_, err := conn.Exec(t.Context(), `DELETE FROM paceboard.identities WHERE user_id = 'anna'`)
		require.NoError(t, err)
		require.NoError(t, store.ForgetLifetime(t.Context(), "anna"))
		require.NoError(t, <-projected)
		months, _, _, err := store.LifetimeOf(t.Context(), "anna")
		require.NoError(t, err)
		require.Empty(t, months)
		months, _, _, err = store.LifetimeOf(t.Context(), "bert")
		require.NoError(t, err)
		require.Len(t, months, 1)
		_, err = conn.Exec(t.Context(), `INSERT INTO paceboard.identities VALUES ('spring', 1, '\x00', 'anna', '')`)
		require.NoError(t, err)
	}
}
