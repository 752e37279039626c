package competition

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition/calendar"
)

// place and spoken are the naive model of a history.
type place struct {
	day    calendar.Day
	source string
}

type spoken struct {
	recorded int64
	metrics  Metrics
}

type naiveHistory map[place]spoken

// hear is the rule of openapi.yaml, written down once more.
func (n naiveHistory) hear(p place, s spoken) {
	known, there := n[p]
	switch {
	case !there || s.recorded > known.recorded:
		n[p] = s
	case s.recorded == known.recorded:
		n[p] = spoken{s.recorded, Metrics{
			max(known.metrics.Steps, s.metrics.Steps), max(known.metrics.DistanceCm, s.metrics.DistanceCm),
			max(known.metrics.EnergyCentikcal, s.metrics.EnergyCentikcal), max(known.metrics.ActiveMinutes, s.metrics.ActiveMinutes),
		}}
	}
}

func naiveOf(h History) naiveHistory {
	n := naiveHistory{}
	for r := range h.Days.All() {
		n[place{r.Day, h.Sources[r.Source]}] = spoken{r.RecordedAt, r.Metrics}
	}
	return n
}

// drawHistory draws a history of days around the end of a month, and its sources
// in any order.
func drawHistory(t *rapid.T) (History, naiveHistory) {
	h := History{
		Sources:  rapid.Permutation([]string{"phone", "watch", "ring", "scale"}).Draw(t, "sources"),
		SyncedAt: calendar.Millis(rapid.Int64Range(0, 3).Draw(t, "synced")),
	}
	n := naiveHistory{}
	for range rapid.IntRange(0, 12).Draw(t, "registers") {
		r := Register{
			Day: date("2026-01-30") + calendar.Day(rapid.IntRange(0, 4).Draw(t, "day")), Source: rapid.Uint32Range(0, 3).Draw(t, "source"),
			RecordedAt: rapid.SampledFrom([]int64{0, 1, 1_769_800_000_000_000_000, 1_769_900_000_000_000_000}).Draw(t, "recorded"),
			Metrics:    Metrics{rapid.Int64Range(0, 3).Draw(t, "steps"), rapid.Int64Range(0, 300).Draw(t, "cm"), 0, rapid.Int64Range(0, 2).Draw(t, "minutes")},
		}
		h.Days, _ = h.Days.Merge(r)
		n.hear(place{r.Day, h.Sources[r.Source]}, spoken{r.RecordedAt, r.Metrics})
	}
	return h, n
}

// TestHistoriesAreJoinedAsRegistersAre: in any order, grouped in any way, any
// number of times, whatever numbers the sources have.
func TestHistoriesAreJoinedAsRegistersAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := naiveHistory{}
		var synced calendar.Millis
		histories := make([]History, rapid.IntRange(1, 5).Draw(t, "histories"))
		for i := range histories {
			h, n := drawHistory(t)
			histories[i] = h
			synced = max(synced, h.SyncedAt)
			for p, s := range n {
				want.hear(p, s)
			}
		}
		var joined History
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(histories)-1), 0, 8).Draw(t, "some first") {
			joined.Merge(histories[i])
		}
		half := History{Sources: slices.Clip(histories[0].Sources), Days: slices.Clip(histories[0].Days)}
		for _, h := range histories {
			before := slices.Clone(h.Days)
			half.Merge(h)
			require.Equal(t, before, h.Days, "what is joined stays as it is")
		}
		joined.Merge(half)
		require.Equal(t, want, naiveOf(joined))
		require.Equal(t, synced, joined.SyncedAt)
		require.NoError(t, joined.Days.check(len(joined.Sources)))
		for _, h := range histories {
			require.False(t, joined.Merge(h), "nothing is new")
		}
		require.Equal(t, want, naiveOf(joined))
	})
}

func TestMergeLeavesWhatTheHistoryBeganWith(t *testing.T) {
	days, _ := Days(nil).Merge(Register{Day: 5, Metrics: steps(10)})
	names := append(make([]string, 0, 4), "phone")
	h := History{Sources: names, Days: slices.Clone(days)}
	kept := h.Days
	later, _ := Days(nil).Merge(Register{Day: 5, RecordedAt: 1, Metrics: steps(20)})
	require.True(t, h.Merge(History{Sources: []string{"phone"}, Days: later}))
	require.True(t, h.Merge(History{Sources: []string{"watch"}, Days: later}))
	require.Equal(t, days, kept)
	require.Empty(t, names[:2][1])
	require.Equal(t, []string{"phone", "watch"}, h.Sources)
}

// TestLifetimeIsTheNaiveMerge: split by month, packed, and put together again.
func TestLifetimeIsTheNaiveMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := naiveHistory{}
		var synced calendar.Millis
		var all Lifetime
		rows := 0
		for range rapid.IntRange(0, 4).Draw(t, "histories") {
			h, n := drawHistory(t)
			for p, s := range n {
				want.hear(p, s)
			}
			rows += len(n)
			if len(n) > 0 {
				synced = max(synced, h.SyncedAt)
			}
			for month, part := range h.Months() {
				unpacked, err := ParseHistory(month, AppendHistory(nil, part))
				require.NoError(t, err)
				require.Equal(t, part.SyncedAt, unpacked.SyncedAt)
				require.Error(t, part.Check(month+1))
				all.Add(unpacked)
			}
		}
		from := date("2026-01-29") + calendar.Day(rapid.IntRange(0, 4).Draw(t, "from"))
		to := from + calendar.Day(rapid.IntRange(0, 4).Draw(t, "to"))
		stats := all.Stats("ann", Span{From: from, To: to})
		require.Equal(t, Stats{UserID: "ann", LastSyncedAt: synced, Total: stats.Total, Days: stats.Days, Rows: rows, Source: lastSource(stats.Days)}, stats)
		requirePages(t, stats, rapid.IntRange(1, 4).Draw(t, "limit"), func(span Span) Stats {
			span.From, span.To = from, to
			return all.Stats("ann", span)
		})

		got, total, last := naiveHistory{}, Metrics{}, calendar.Day(-1)
		for _, day := range stats.Days {
			require.Greater(t, day.Day, last)
			last = day.Day
			var most Metrics
			var names []string
			for _, source := range day.Sources {
				got[place{day.Day, source.Source}] = spoken{source.RecordedAt, source.Metrics}
				names = append(names, source.Source)
				most = most.Max(source.Metrics)
			}
			require.True(t, slices.IsSorted(names))
			require.Equal(t, most, day.Value)
			total = total.Plus(most)
		}
		maps.DeleteFunc(want, func(p place, _ spoken) bool { return p.day < from || p.day > to })
		require.Equal(t, want, got)
		require.Equal(t, total, stats.Total)
	})
}

// TestJoiningAMonthIsLinear: a month of 200 competitions, each with eight sources of
// its own, is put together in an instant, where looking for the place of each register
// from the beginning takes many seconds.
func TestJoiningAMonthIsLinear(t *testing.T) {
	const competitions, days = 200, 31
	first := date("2026-01-01")
	var all Lifetime
	began := time.Now()
	for n := range competitions {
		var h History
		for s := range uint32(MaxSources) {
			h.Sources = append(h.Sources, fmt.Sprintf("competition %d, source %d", n, s))
		}
		for day := range calendar.Day(days) {
			for s := range uint32(MaxSources) {
				h.Days = appendRegister(h.Days, Register{Day: first + day, Source: s, Metrics: steps(int64(n))})
			}
		}
		all.Add(h)
	}
	var stored Lifetime // as one that is read again
	for _, month := range all.months {
		stored.Add(month)
	}
	require.Less(t, time.Since(began), 30*time.Second) // 0.7 s on a machine at rest, and 20 s if it is not linear; in CI several times that

	// What a page costs is what was read for it, however little of it is shown.
	none := stored.Stats("ann", Span{From: calendar.MinDay, To: calendar.MinDay})
	require.Empty(t, none.Days)
	require.Equal(t, competitions*days*MaxSources, none.Rows)
	require.Equal(t, days*competitions*MaxSources, stored.months[first.Month()].Days.count())
}

func TestParseHistoryRefusesWhatIsNone(t *testing.T) {
	days, _ := Days(nil).Merge(Register{Day: 40, Source: 1, Metrics: steps(10)})
	good := AppendHistory(nil, History{Sources: []string{"phone", "watch"}, Days: days})
	_, err := ParseHistory(1, good)
	require.NoError(t, err)
	for name, b := range map[string][]byte{
		"nothing":                {},
		"a source too few":       AppendHistory(nil, History{Sources: []string{"phone"}, Days: days}),
		"cut short":              good[:len(good)-1],
		"bytes after it":         append(slices.Clone(good), 9),
		"more names than bytes":  {0, 200, 1},
		"a name that is cut off": {0, 1, 5, 'p'},
	} {
		_, err := ParseHistory(1, b)
		require.Error(t, err, name)
	}
	_, err = ParseHistory(0, good)
	require.Error(t, err, "of another month")
}

func FuzzParseHistory(f *testing.F) {
	days, _ := Days(nil).Merge(Register{Day: 40, Source: 1, RecordedAt: 7, Metrics: steps(10)})
	f.Add(AppendHistory(nil, History{Sources: []string{"phone", "watch"}, Days: days, SyncedAt: 5}))
	f.Fuzz(func(_ *testing.T, b []byte) {
		h, err := ParseHistory(1, b)
		if err != nil {
			return
		}
		var all Lifetime
		all.Add(h)
		all.Stats("ann", AllDays)
	})
}

func TestHistoryOfAParticipant(t *testing.T) {
	c := crowd(2)
	now := instant("2026-05-02T10:00:00Z")
	var batch Batch
	commit(c, now, &SubmitSync{UserID: member(1), Source: "watch", Day: date("2026-05-02"), Metrics: steps(70)}, &batch)
	require.Equal(t, naiveHistory{{date("2026-05-02"), "watch"}: {metrics: steps(70)}}, naiveOf(c.History(member(1))))
	require.Equal(t, now, c.History(member(1)).SyncedAt)
	_, err := (&LeaveCompetition{Caller: user(member(1)), UserID: member(1)}).Decide(c, now+1)
	require.NoError(t, err)
	land(c, &batch)
	require.Len(t, naiveOf(c.History(member(1))), 1, "the days of who left are kept")
	require.Zero(t, c.History("nobody"))

	shared := c.History(member(1))
	before := slices.Clone(shared.Days)
	commit(c, now+2, &SubmitSync{UserID: member(0), Source: "ring", Day: date("2026-05-02"), Metrics: steps(1)}, &batch)
	require.Equal(t, []string{"watch"}, shared.Sources)
	require.Equal(t, before, shared.Days)
}

// TestSnapshotsFollowOneAnother: each says on top of which it stands, also after
// one that was not saved, and after a recovery.
func TestSnapshotsFollowOneAnother(t *testing.T) {
	c := crowd(3)
	now := instant("2026-05-02T10:00:00Z")
	var batch Batch
	total := int64(0)
	sync := func() {
		total++
		commit(c, now, &SubmitSync{UserID: member(1), Source: "watch", Day: date("2026-05-02"), Metrics: steps(total)}, &batch)
	}
	first := c.Snapshot()
	require.Zero(t, first.Since)
	sync()
	second := c.Snapshot()
	require.Equal(t, first.Seq, second.Since)
	require.Len(t, second.Rows, 1)
	c.Resave(&second)
	sync()
	third := c.Snapshot()
	require.Equal(t, first.Seq, third.Since)
	require.Equal(t, c.Seq(), third.Seq)

	seq, sources, err := SnapshotSources(c.ID(), third.Header)
	require.NoError(t, err)
	require.Equal(t, third.Seq, seq)
	require.Equal(t, []string{"watch"}, sources)
	third.Header[9] ^= 1
	_, _, err = SnapshotSources(c.ID(), third.Header)
	require.ErrorIs(t, err, ErrCorrupt)
}
