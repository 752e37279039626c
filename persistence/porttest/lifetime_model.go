package porttest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

var today = calendar.DayOf(Start.Time())

// report decides a sync with everything in the caller's hands; see Game.Sync.
func report(t *testing.T, g *Game, user, source string, day int, recorded, steps int64) {
	t.Helper()
	g.tick(user)
	_, err := g.C.SubmitSync(g.Now, &competition.SubmitSync{
		UserID: user, Source: source, Day: today + calendar.Day(day), RecordedAt: recorded, Metrics: competition.Metrics{Steps: steps},
	})
	require.NoError(t, err)
}

// save commits what the game decided, saves a snapshot, and returns what there
// is to project.
func save(t *testing.T, h *harness, g *Game) *competition.Projection {
	t.Helper()
	require.NoError(t, g.Commit(t.Context()))
	return projectionOf(t, h.snapshot(t, g))
}

func project(t *testing.T, h *harness, g *Game) {
	t.Helper()
	require.NoError(t, h.store.Project(t.Context(), save(t, h, g)))
}

func projectionOf(t *testing.T, s *competition.Snapshot) *competition.Projection {
	t.Helper()
	seq, sources, err := competition.SnapshotSources(s.CompetitionID, s.Header)
	require.NoError(t, err)
	require.Equal(t, s.Seq, seq)
	return &competition.Projection{
		CompetitionID: s.CompetitionID, Sources: sources, Rows: slices.Clone(s.Rows), From: s.Since, To: s.Seq,
	}
}

// aWeek is what there is to project of anna's days from 21 to 27 November.
func aWeek(t *testing.T, h *harness) *competition.Projection {
	t.Helper()
	g := h.begin(t, "board")
	g.Now = Start + 4*msPerDay // the window ends on the 28th
	for day := -2; day <= 4; day++ {
		require.NoError(t, g.Sync("anna", day, int64(100+day)))
	}
	return save(t, h, g)
}

// later is a projection of the same registers some days later.
func later(p competition.Projection, by calendar.Day) *competition.Projection {
	p.Rows = slices.Clone(p.Rows)
	for i := range p.Rows {
		var days competition.Days
		for r := range p.Rows[i].Days.All() {
			r.Day += by
			days, _ = days.Merge(r)
		}
		p.Rows[i].Days = days
	}
	return &p
}

func monthsOf(t *testing.T, h *harness, user string) []competition.History {
	t.Helper()
	months, _, _, err := h.store.LifetimeOf(t.Context(), user)
	require.NoError(t, err)
	return months
}

// lifetime is what the projection alone knows of a user.
func lifetime(t *testing.T, h *harness, user string) competition.Stats {
	t.Helper()
	var all competition.Lifetime
	for _, month := range monthsOf(t, h, user) {
		all.Add(month)
	}
	return all.Stats(user, competition.AllDays)
}

func lagging(t *testing.T, h *harness, user string) []string {
	t.Helper()
	_, ids, _, err := h.store.LifetimeOf(t.Context(), user)
	require.NoError(t, err)
	return ids
}

func unprojected(t *testing.T, h *harness) (ids []string) {
	t.Helper()
	require.NoError(t, h.store.Unprojected(t.Context(), func(id string) { ids = append(ids, id) }))
	return ids
}

func stepsOf(s competition.Stats) (steps []int64) {
	for _, day := range s.Days {
		steps = append(steps, day.Value.Steps)
	}
	return steps
}

// day and register are a naive model's.
type day struct {
	day    int // counted from today
	source string
}

type register struct{ recorded, steps int64 }

func joined(of map[day]register, d day, r register) map[day]register {
	if of == nil {
		of = map[day]register{}
	}
	known, there := of[d]
	switch {
	case !there, r.recorded > known.recorded:
		of[d] = r
	case r.recorded == known.recorded:
		of[d] = register{r.recorded, max(r.steps, known.steps)}
	}
	return of
}

func registersOf(s competition.Stats) map[day]register {
	all := map[day]register{}
	for _, d := range s.Days {
		for _, source := range d.Sources {
			all[day{int(d.Day - today), source.Source}] = register{source.RecordedAt / 1e9, source.Metrics.Steps}
		}
	}
	return all
}
