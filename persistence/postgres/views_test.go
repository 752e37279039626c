package postgres

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

func TestDaysAreUnpackedAsTheyWerePacked(t *testing.T) {
	t.Parallel()
	conn := connect(t, newDatabase(t))
	rng := rand.New(rand.NewPCG(7, 7))
	units := []int64{1, 1e6, 1e9}
	for range 200 {
		var days competition.Days
		for range rng.IntN(30) {
			r := competition.Register{
				Day: 20_000 + calendar.Day(rng.IntN(40)), Source: uint32(rng.IntN(300)),
				Metrics: competition.Metrics{
					Steps: rng.Int64N(1 << rng.IntN(53)), DistanceCm: rng.Int64N(1 << rng.IntN(53)),
					EnergyCentikcal: rng.Int64N(1 << rng.IntN(53)), ActiveMinutes: rng.Int64N(1 << rng.IntN(53)),
				},
			}
			if rng.IntN(3) > 0 { // from long before the day to long after it
				unit := units[rng.IntN(3)]
				r.RecordedAt = (int64(r.Day)*86_400*1e9 + rng.Int64N(1e17) - 5e16) / unit * unit
			}
			days, _ = days.Merge(r)
		}
		type unpacked struct {
			Day        time.Time
			Source     int32
			RecordedNs *int64
			Steps      int64
			Distance   int64
			Energy     int64
			Minutes    int64
		}
		rows, err := conn.Query(t.Context(), `SELECT * FROM paceboard.unpack_days($1)`, append([]byte{}, days...))
		require.NoError(t, err)
		got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[unpacked])
		require.NoError(t, err)
		i := 0
		for want := range days.All() {
			require.Less(t, i, len(got))
			g := competition.Register{
				Day: calendar.DayOf(got[i].Day), Source: uint32(got[i].Source),
				Metrics: competition.Metrics{Steps: got[i].Steps, DistanceCm: got[i].Distance, EnergyCentikcal: got[i].Energy, ActiveMinutes: got[i].Minutes},
			}
			if got[i].RecordedNs != nil {
				g.RecordedAt = *got[i].RecordedNs
			}
			require.Equal(t, want, g)
			i++
		}
		require.Len(t, got, i)
	}
}

func TestOperatorQueries(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	store := open(t, databaseURL)
	g := begin(t, store, "spring")
	require.NoError(t, g.Sync("anna", 0, 3000))
	require.NoError(t, g.Sync("anna", -1, 500))
	require.NoError(t, g.Sync("bert", 0, 4000))
	require.NoError(t, g.Sync("carl", 0, 9000))
	require.NoError(t, g.Leave("carl"))
	require.NoError(t, g.Commit(t.Context()))
	require.NoError(t, g.Save(t.Context()))
	require.NoError(t, g.Sync("bert", 0, 4100)) // after the snapshot
	require.NoError(t, g.Commit(t.Context()))

	conn := connect(t, databaseURL)
	ask := func(name string) []map[string]any {
		rows, err := conn.Query(t.Context(), fill(operatorQueries(t)[name], map[string]string{
			"competition": "spring", "user": "anna", "status": "active", "from": "2026-11-23 12:00:00Z", "to": "2026-12-31",
		}))
		require.NoError(t, err)
		all, err := pgx.CollectRows(rows, pgx.RowToMap)
		require.NoError(t, err)
		return all
	}
	pick := func(all []map[string]any, columns ...string) (picked [][]any) {
		for _, row := range all {
			var values []any
			for _, column := range columns {
				require.Contains(t, row, column)
				values = append(values, row[column])
			}
			picked = append(picked, values)
		}
		return picked
	}
	// A step is a point here, 70 cm are 0.35, 0.04 kcal are 0.08, and a minute, of each 100 steps, is 10.
	score := func(steps int64) int64 { return steps + steps*35/100 + steps*8/100 + steps/100*10 }
	require.Equal(t, [][]any{
		{int64(1), "bert", "Name of bert", score(4000), int64(4000)},
		{int64(2), "anna", "Name of anna", score(3500), int64(3500)},
	}, pick(ask("board"), "rank", "user_id", "user_name", "score", "steps"))

	today := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	require.Equal(t, [][]any{
		{today.AddDate(0, 0, -1), "phone", int64(500), int64(5)},
		{today, "phone", int64(3000), int64(30)},
	}, pick(ask("days"), "day", "source", "steps", "active_minutes"))
	require.Equal(t, [][]any{{today.AddDate(0, 0, -1), int64(500)}, {today, int64(3000)}}, pick(ask("totals"), "day", "steps"))
	// The game's clock begins at noon, and a second passes before each command.
	require.Equal(t, time.Date(2026, 11, 23, 12, 0, 3, 0, time.UTC), ask("days")[0]["recorded_at"].(time.Time).UTC())

	require.Equal(t, [][]any{
		{int64(1), "competition_created"},
		{int64(2), "status_changed"},
		{int64(3), "participant_enrolled"}, // anna
		{int64(4), "sync_accepted"},
		{int64(5), "sync_accepted"},
		{int64(6), "participant_enrolled"}, // bert
		{int64(7), "sync_accepted"},
		{int64(8), "participant_enrolled"}, // carl
		{int64(9), "sync_accepted"},
		{int64(10), "participant_left"},
		{int64(11), "sync_accepted"},
	}, pick(ask("journal"), "seq", "kind"))
	require.Equal(t, [][]any{{"spring", "Game spring", "active", int64(1), true}}, pick(ask("memberships"), "competition_id", "name", "status", "number", "present"))
	require.Equal(t, [][]any{{"spring", int32(2)}}, pick(ask("running"), "competition_id", "participants"))
	require.Equal(t, [][]any{{int64(11), int64(10), int64(1)}}, pick(ask("lag"), "last_seq", "snapshot_seq", "behind"))

	require.Empty(t, ask("reviews"))
	require.NoError(t, g.Sync("anna", 0, 90_000)) // 87,000 steps more, in some seconds
	require.NoError(t, g.Commit(t.Context()))
	require.NoError(t, g.Review("anna", 0))
	require.NoError(t, g.Review("bert", 2))
	require.NoError(t, g.Commit(t.Context()))
	require.NoError(t, g.Save(t.Context()))
	require.Equal(t, [][]any{
		{"anna", true, `a "car", é`, int32(0), int32(1)},
		{"bert", false, "", int32(1), int32(0)},
	}, pick(ask("reviews"), "user_id", "excluded", "reason", "corrections", "flags"))
	require.Equal(t, [][]any{{today, "bert", int64(77), "a bus"}}, pick(ask("corrections"), "day", "user_id", "steps", "reason"))
	flags := ask("flags")
	require.Equal(t, [][]any{{"anna", today, "rate", true}}, pick(flags, "user_id", "day", "reason", "excluded"))
	require.EqualValues(t, 87_000, flags[0]["found"].(map[string]any)["steps"])
	require.Equal(t, [][]any{{"bert", int64(77)}}, pick(ask("board"), "user_id", "steps"))
	journal := pick(ask("journal"), "kind")
	require.Equal(t, [][]any{{"sync_accepted"}, {"sync_flagged"}, {"participant_excluded"}, {"day_corrected"}}, journal[len(journal)-4:])
}
