package porttest

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

var lifetimeRules = []rule{
	{"who is not known has no days and nothing that lags", func(t *testing.T, h *harness) {
		require.Empty(t, lifetime(t, h, "nobody").Days)
	}},

	{"what was projected is there, by month, also after the store was reopened", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		for i, day := range []int{2, 0, -2, 1} {
			g.Now = Start + 3*msPerDay
			require.NoError(t, g.Sync("anna", day, int64(1000+i)))
		}
		require.NoError(t, g.Sync("bert", 0, 7))
		project(t, h, g)
		for range 2 {
			anna := lifetime(t, h, "anna")
			require.Equal(t, []int64{1002, 1001, 1003, 1000}, stepsOf(anna))
			require.Equal(t, today-2, anna.Days[0].Day)
			require.Equal(t, competition.Metrics{Steps: 4006, DistanceCm: 70 * 4006, EnergyCentikcal: 4 * 4006, ActiveMinutes: 40}, anna.Total)
			require.Equal(t, Start+3*msPerDay+1000, anna.LastSyncedAt)
			require.Equal(t, []int64{7}, stepsOf(lifetime(t, h, "bert")))
			h.reopen(t)
		}
	}},

	{"days of different months are kept apart and come together", func(t *testing.T, h *harness) {
		week := aWeek(t, h)
		require.NoError(t, h.store.Project(t.Context(), later(*week, 10)))
		anna := lifetime(t, h, "anna")
		require.Equal(t, []int64{98, 99, 100, 101, 102, 103, 104}, stepsOf(anna))
		for i, day := range anna.Days {
			require.Equal(t, today+8+calendar.Day(i), day.Day) // 1 to 7 December
		}
		require.Len(t, monthsOf(t, h, "anna"), 1)
		require.NoError(t, h.store.Project(t.Context(), later(*week, 5))) // 26 November to 2 December
		require.Len(t, monthsOf(t, h, "anna"), 2)
		require.Equal(t, []int64{98, 99, 100, 101, 102, 103, 104, 100, 101, 102, 103, 104}, stepsOf(lifetime(t, h, "anna")))
	}},

	{"a later sync that says nothing new of a month leaves its days", func(t *testing.T, h *harness) {
		p := later(*aWeek(t, h), 5) // 26 November to 2 December
		require.NoError(t, h.store.Project(t.Context(), p))
		for i := range p.Rows { // as another competition has it, which ended with November
			for _, november := range (competition.History{Sources: p.Sources, Days: p.Rows[i].Days}).Months() {
				p.Rows[i].Days = november.Days
				break
			}
		}
		require.NoError(t, h.store.Project(t.Context(), p))
		require.Equal(t, []int64{98, 99, 100, 101, 102, 103, 104}, stepsOf(lifetime(t, h, "anna")))
	}},

	{"a day of two competitions counts once, by the rule of the merge", func(t *testing.T, h *harness) {
		a, b := h.begin(t, "a"), h.begin(t, "b")
		at := func(hour int64) int64 { return (int64(Start) + (hour-12)*3_600_000) * 1e6 } // of the half day before
		for _, r := range []struct {
			in       *Game
			source   string
			day      int
			recorded int64
			steps    int64
		}{
			// The sources have other numbers in each competition.
			{a, "phone", 0, at(1), 500}, {b, "watch", 0, at(2), 100}, {b, "phone", 0, at(2), 400}, // later: 400
			{a, "watch", 0, at(1), 300},                      // earlier: 100 stays
			{a, "phone", -1, 0, 10}, {b, "phone", -1, 0, 20}, // both without a time: 20
			{a, "phone", -2, at(3), 70}, {b, "phone", -2, at(3), 60}, // the same time: 70
			{b, "ring", -2, at(-5), 65}, {a, "scale", -2, at(-5), 64}, // others
		} {
			report(t, r.in, "anna", r.source, r.day, r.recorded, r.steps)
		}
		project(t, h, a)
		project(t, h, b)
		anna := lifetime(t, h, "anna")
		require.Equal(t, []int64{70, 20, 400}, stepsOf(anna))
		require.EqualValues(t, 490, anna.Total.Steps)
		require.Equal(t, []competition.SourceStats{
			{Source: "phone", RecordedAt: at(2), Metrics: competition.Metrics{Steps: 400}},
			{Source: "watch", RecordedAt: at(2), Metrics: competition.Metrics{Steps: 100}},
		}, anna.Days[2].Sources)
		require.Len(t, anna.Days[0].Sources, 3)
	}},

	{"more sources than one competition takes for a day", func(t *testing.T, h *harness) {
		for c, id := range []string{"a", "b"} {
			g := h.begin(t, id)
			for i := range competition.MaxSources {
				report(t, g, "anna", string(rune('a'+8*c+i)), 0, 0, int64(8*c+i+1))
			}
			project(t, h, g)
		}
		anna := lifetime(t, h, "anna")
		require.Equal(t, []int64{16}, stepsOf(anna))
		require.Len(t, anna.Days[0].Sources, 16)
	}},

	{"projecting twice, late or out of order does no harm", func(t *testing.T, h *harness) {
		rng := rand.New(rand.NewPCG(8, 8))
		naive := map[string]map[day]register{}
		var all []*competition.Projection
		for _, id := range []string{"a", "b", "c"} {
			g := h.begin(t, id)
			for range 6 {
				for range rng.IntN(40) {
					user := userOf(rng.IntN(6))
					r := register{recorded: rng.Int64N(3), steps: 1 + rng.Int64N(9000)}
					d := day{-rng.IntN(3), []string{"phone", "watch", "ring"}[rng.IntN(3)]}
					report(t, g, user, d.source, d.day, r.recorded*1e9, r.steps)
					naive[user] = joined(naive[user], d, r)
				}
				require.NoError(t, g.Commit(t.Context()))
				if g.C.Changed() > 0 {
					all = append(all, save(t, h, g))
				}
			}
		}
		for round := range 2 {
			rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			for _, p := range all {
				p.From = 0 // as if it were all rows
				require.NoError(t, h.store.Project(t.Context(), p))
			}
			for user, want := range naive {
				require.Equal(t, want, registersOf(lifetime(t, h, user)), "%s in round %d", user, round)
			}
		}
	}},

	{"rows on top of what is not there conflict and change nothing", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		require.NoError(t, g.Sync("anna", 0, 100))
		first := save(t, h, g)
		require.NoError(t, g.Sync("anna", -1, 50))
		second := save(t, h, g)
		require.ErrorIs(t, h.store.Project(t.Context(), second), competition.ErrConflict)
		require.Empty(t, monthsOf(t, h, "anna"))
		require.Equal(t, []string{"board"}, unprojected(t, h))
		require.NoError(t, h.store.Project(t.Context(), first))
		require.Equal(t, []string{"board"}, unprojected(t, h), "there is a newer one")
		require.NoError(t, h.store.Project(t.Context(), second))
		require.Empty(t, unprojected(t, h))
		require.NoError(t, h.store.Project(t.Context(), first), "late, which does no harm")
		require.Empty(t, unprojected(t, h), "the checkpoint never goes back")
		require.Equal(t, []int64{50, 100}, stepsOf(lifetime(t, h, "anna")))
	}},

	{"a part raises no checkpoint, the last one does", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		require.NoError(t, g.Sync("anna", 0, 100))
		require.NoError(t, g.Sync("bert", 0, 200))
		p := save(t, h, g)
		part := *p
		part.Rows, part.To = p.Rows[:1], 0
		require.NoError(t, h.store.Project(t.Context(), &part))
		require.Equal(t, []string{"board"}, unprojected(t, h))
		require.Equal(t, []string{"board"}, lagging(t, h, "anna"))
		part.Rows, part.To = p.Rows[1:], p.To
		require.NoError(t, h.store.Project(t.Context(), &part))
		require.Empty(t, unprojected(t, h))
		require.Empty(t, lagging(t, h, "anna"))
		require.Equal(t, []int64{100}, stepsOf(lifetime(t, h, "anna")))
		require.Equal(t, []int64{200}, stepsOf(lifetime(t, h, "bert")))
	}},

	{"a competition lags for those who take or took part, and no others", func(t *testing.T, h *harness) {
		a, b, c := h.begin(t, "a"), h.begin(t, "b"), h.begin(t, "c")
		for _, g := range []*Game{a, b, c} {
			require.NoError(t, g.Sync("anna", 0, 100))
			require.NoError(t, g.Commit(t.Context()))
		}
		require.NoError(t, b.Sync("bert", 0, 100))
		require.NoError(t, b.Commit(t.Context()))
		require.NoError(t, c.Leave("anna"))
		require.NoError(t, c.Commit(t.Context()))
		require.Equal(t, []string{"a", "b", "c"}, lagging(t, h, "anna"))
		require.Equal(t, []string{"b"}, lagging(t, h, "bert"))
		require.Empty(t, lagging(t, h, "creator"), "who never took part")
		require.Empty(t, unprojected(t, h), "without a snapshot there is nothing to project")
		require.NoError(t, b.Save(t.Context()))
		require.Equal(t, []string{"b"}, unprojected(t, h))
		require.Equal(t, []string{"a", "b", "c"}, lagging(t, h, "anna"), "a snapshot alone is not the projection")
		project(t, h, a)
		project(t, h, c)
		require.Equal(t, []string{"b"}, lagging(t, h, "anna"))
		require.NoError(t, a.Sync("bert", 0, 100)) // whoever it is about
		require.NoError(t, a.Commit(t.Context()))
		require.Equal(t, []string{"a", "b"}, lagging(t, h, "anna"))
		h.reopen(t)
		require.Equal(t, []string{"a", "b"}, lagging(t, h, "anna"))
	}},

	{"a snapshot of what was recovered stands on the stored one", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		require.NoError(t, g.Sync("anna", 0, 100))
		first := save(t, h, g)
		require.NoError(t, g.Sync("anna", 0, 200))
		require.NoError(t, g.Sync("bert", 0, 300))
		require.NoError(t, g.Commit(t.Context()))
		resumed := h.resume(t, "board")
		second := save(t, h, resumed)
		require.Equal(t, first.To, second.From)
		require.NoError(t, h.store.Project(t.Context(), first))
		require.NoError(t, h.store.Project(t.Context(), second))
		require.Equal(t, []int64{200}, stepsOf(lifetime(t, h, "anna")))
		require.Equal(t, []int64{300}, stepsOf(lifetime(t, h, "bert")))
	}},

	{"a snapshot without rows raises the checkpoint", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		p := save(t, h, g)
		require.Empty(t, p.Rows)
		require.NoError(t, h.store.Project(t.Context(), p))
		require.Empty(t, unprojected(t, h))
	}},

	{"days of who left count, and rows without days or without an identity add nothing", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		require.NoError(t, g.Sync("anna", 0, 100))
		require.NoError(t, g.Leave("anna"))
		require.NoError(t, g.Join("bert", ""))
		p := save(t, h, g)
		p.Rows = append(p.Rows, competition.Row{Number: 77, Days: slices.Clone(p.Rows[0].Days)})
		require.NoError(t, h.store.Project(t.Context(), p))
		require.Equal(t, []int64{100}, stepsOf(lifetime(t, h, "anna")))
		require.Empty(t, monthsOf(t, h, "bert"))
	}},

	{"how many ties were looked at is told, whether there are days or not", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		require.NoError(t, g.Sync("anna", 0, 100))
		project(t, h, g)
		for user, want := range map[string]int{"anna": 1, "nobody": 0} {
			_, _, ties, err := h.store.LifetimeOf(t.Context(), user)
			require.NoError(t, err)
			require.Equal(t, want, ties, user)
		}
	}},

	{"who is forgotten has no days, and the others keep theirs", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		syncs(t, g, 100, "ann", "anna", "anna-2")
		project(t, h, g)
		require.NoError(t, h.store.ForgetLifetime(t.Context(), "anna"))
		require.NoError(t, h.store.ForgetLifetime(t.Context(), "nobody"))
		h.reopen(t)
		require.Empty(t, monthsOf(t, h, "anna"))
		require.Len(t, monthsOf(t, h, "ann"), 1)
		require.Len(t, monthsOf(t, h, "anna-2"), 1)
	}},

	{"a call whose time is over changes nothing and says so", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		require.NoError(t, g.Sync("anna", 0, 100))
		p := save(t, h, g)
		over, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, h.store.Project(over, p), competition.ErrUnavailable)
		require.ErrorIs(t, h.store.ForgetLifetime(over, "anna"), competition.ErrUnavailable)
		_, _, _, err := h.store.LifetimeOf(over, "anna")
		require.ErrorIs(t, err, competition.ErrUnavailable)
		require.Equal(t, []string{"board"}, unprojected(t, h))
	}},
}
