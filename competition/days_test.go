package competition

import (
	"bytes"
	"cmp"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition/calendar"
)

// daysModel is Days as the contract tells it: a map from (day, source).
type daysModel map[[2]int64]Register

func (m daysModel) merge(r Register) Merged {
	slot := [2]int64{int64(r.Day), int64(r.Source)}
	before := m.value(r.Day)
	old, known := m[slot]
	switch {
	case !known && m.sources(r.Day) == 8:
		return Merged{Before: before, After: before, Full: true}
	case !known || r.RecordedAt > old.RecordedAt:
		m[slot] = r
	case r.RecordedAt == old.RecordedAt:
		r.Metrics = eachMax(old.Metrics, r.Metrics)
		m[slot] = r
	}
	return Merged{Before: before, After: m.value(r.Day), Changed: !known || m[slot] != old}
}

func (m daysModel) sources(d calendar.Day) (n int) {
	for slot := range m {
		if slot[0] == int64(d) {
			n++
		}
	}
	return n
}

func (m daysModel) value(d calendar.Day) (v Metrics) {
	for slot, r := range m {
		if slot[0] == int64(d) {
			v = eachMax(v, r.Metrics)
		}
	}
	return v
}

func (m daysModel) total() (sum Metrics) {
	days := map[int64]bool{}
	for slot := range m {
		days[slot[0]] = true
	}
	for d := range days {
		sum = eachSum(sum, m.value(calendar.Day(d)))
	}
	return sum
}

// all is the registers by day, then source.
func (m daysModel) all() []Register {
	return slices.SortedFunc(maps.Values(m), func(a, b Register) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Source, b.Source))
	})
}

// drawRegister draws reports that often meet on a day and a source.
func drawRegister(t *rapid.T) Register {
	r := Register{
		Day:    pick[calendar.Day](t, "day", 0, 1, 20_000, 20_574, 20_575, 20_576, 47_000),
		Source: pick[uint32](t, "source", 0, 1, 2, 3, 31, 32, 33, 1000, math.MaxUint32),
		Metrics: Metrics{
			Steps:           drawAmount(t, "steps"),
			DistanceCm:      drawAmount(t, "cm"),
			EnergyCentikcal: drawAmount(t, "kcal"),
			ActiveMinutes:   drawAmount(t, "minutes"),
		},
	}
	if rapid.Bool().Draw(t, "recorded") {
		r.RecordedAt = drawTime(t, r.Day)
	}
	return r
}

func drawAmount(t *rapid.T, label string) int64 {
	return rapid.OneOf(
		rapid.Int64Range(0, 3), rapid.Int64Range(120, 130), rapid.Int64Range(0, 200_000), rapid.Just[int64](1<<53),
	).Draw(t, label)
}

// drawTime draws a time of recording in each of its units: around the day's
// midnight, decades later, or anywhere after 1970.
func drawTime(t *rapid.T, d calendar.Day) int64 {
	unit := pick[int64](t, "unit", 1e9, 1e6, 1)
	midnight := d.Time().UnixNano()
	at := pick(
		t, "recorded at", midnight, midnight+unit, midnight-unit, midnight+unit/10, midnight-unit/1000, midnight+18*3600e9, midnight-10*3600e9,
		midnight+40*365*86400e9, rapid.Int64Range(1, math.MaxInt64/unit).Draw(t, "units")*unit,
	)
	return max(at, 1)
}

// TestDaysAreAMap: merging is what a map of reports would do, and Plan says so
// before.
func TestDaysAreAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var days Days
		model := daysModel{}
		for range rapid.IntRange(1, 60).Draw(t, "reports") {
			r := drawRegister(t)
			plan := days.Plan(r)
			before := slices.Collect(days.All())
			want := model.merge(r)
			require.Equal(t, want, plan, "Plan")
			require.Equal(t, before, slices.Collect(days.All()), "Plan changed something")
			var got Merged
			days, got = days.Merge(r)
			require.Equal(t, want, got, "Merge")
			require.Equal(t, model.all(), slices.Collect(days.All()))
			require.Equal(t, model.total(), days.Total())
			require.NoError(t, days.check(math.MaxInt))
		}
	})
}

// TestDaysDoNotCareAboutOrder: however often and in whatever order a set of
// reports comes, the same bytes are in the end. Reports of more than 8 sources
// a day are left out: who comes too late is refused, and that is order.
func TestDaysDoNotCareAboutOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var reports []Register
		for range rapid.IntRange(1, 25).Draw(t, "reports") {
			r := drawRegister(t)
			r.Source %= 8
			reports = append(reports, r)
		}
		repeated := slices.Clone(reports)
		for range rapid.IntRange(0, 10).Draw(t, "repeats") {
			repeated = append(repeated, rapid.SampledFrom(reports).Draw(t, "repeat"))
		}
		once := mergeAll(reports)
		require.Equal(t, once, mergeAll(rapid.Permutation(repeated).Draw(t, "order")))

		// Once more changes nothing, and says so.
		for _, r := range repeated {
			require.False(t, once.Plan(r).Changed)
		}
	})
}

// TestRegistersAreASemilattice: the join of three reports of a slot is
// commutative, associative and idempotent.
func TestRegistersAreASemilattice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r [3]Register
		for i := range r {
			r[i] = Register{Metrics: Metrics{drawAmount(t, "steps"), drawAmount(t, "cm"), 0, 0}, RecordedAt: pick[int64](t, "at", 0, 5, 6)}
		}
		a, b, c := r[0], r[1], r[2]
		require.Equal(t, a, a.merge(a))
		require.Equal(t, a.merge(b), b.merge(a))
		require.Equal(t, a.merge(b).merge(c), a.merge(b.merge(c)))
	})
}

func mergeAll(reports []Register) Days {
	var days Days
	for _, r := range reports {
		days, _ = days.Merge(r)
	}
	return days
}

func TestDaysKeepTheLaterReport(t *testing.T) {
	const early, late = 1_777_000_000_000_000_000, 1_777_000_000_000_000_001
	at := func(recordedAt, s, cm int64) Register {
		return Register{Day: 20_574, RecordedAt: recordedAt, Metrics: Metrics{Steps: s, DistanceCm: cm}}
	}
	for _, test := range []struct {
		rule         string
		first, later Register
		want         Register
	}{
		{"a later report replaces, even by less", at(early, 10, 10), at(late, 5, 0), at(late, 5, 0)},
		{"an earlier report is ignored", at(late, 5, 0), at(early, 10, 10), at(late, 5, 0)},
		{"a nanosecond decides", at(early, 1, 9), at(early+1, 2, 1), at(early+1, 2, 1)},
		{"of the same instant each metric keeps its maximum", at(early, 10, 1), at(early, 5, 2), at(early, 10, 2)},
		{"without times each metric keeps its maximum", at(0, 10, 1), at(0, 5, 2), at(0, 10, 2)},
		{"none is earlier than any", at(0, 10, 10), at(1, 5, 0), at(1, 5, 0)},
		{"none after any is ignored", at(1, 5, 0), at(0, 10, 10), at(1, 5, 0)},
	} {
		t.Run(test.rule, func(t *testing.T) {
			days, merged := mergeAll([]Register{test.first}).Merge(test.later)
			require.Equal(t, []Register{test.want}, slices.Collect(days.All()))
			require.Equal(t, test.first.Metrics, merged.Before)
			require.Equal(t, test.want.Metrics, merged.After)
			require.Equal(t, test.first != test.want, merged.Changed)
		})
	}
}

func TestDaysTakeEightSources(t *testing.T) {
	var days Days
	report := func(source uint32, n int64) Register { return Register{Day: 20_574, Source: source, Metrics: steps(n)} }
	for source := range uint32(8) {
		var merged Merged
		days, merged = days.Merge(report(source*10, int64(source)))
		require.Equal(t, Merged{Before: steps(int64(max(source, 1) - 1)), After: steps(int64(source)), Changed: true}, merged)
	}
	full := slices.Clone(days)
	for _, ninth := range []uint32{5, 71, math.MaxUint32} { // between, after, far after
		after, merged := days.Merge(report(ninth, 1000))
		require.Equal(t, Merged{Before: steps(7), After: steps(7), Full: true}, merged)
		require.Equal(t, full, after, "a refused source changed something")
	}
	days, merged := days.Merge(report(30, 1000))
	require.Equal(t, Merged{Before: steps(7), After: steps(1000), Changed: true}, merged, "a known source may always report")
	_, merged = days.Merge(Register{Day: 20_575, Source: 5, Metrics: steps(1)})
	require.True(t, merged.Changed, "another day has places of its own")
}

// TestDaysUnits: a time is kept to the nanosecond, in as few bytes as its unit
// needs.
func TestDaysUnits(t *testing.T) {
	const midnight = 20_574 * 86_400 * int64(1e9) // 2026-05-01
	const head = 1 + 3 + 1                        // size, day, source with unit
	const metrics = 2 + 1 + 1 + 1                 // 200 steps, nothing else
	for _, test := range []struct {
		rule       string
		recordedAt int64
		bytes      int // that the time takes: zigzag, 7 bits a byte
	}{
		{"none takes nothing", 0, 0},
		{"midnight itself", midnight, 1},
		{"63 seconds after", midnight + 63e9, 1},
		{"18 hours after, in seconds", midnight + 18*3600e9, 3}, // 64,800 s
		{"an hour before, in seconds", midnight - 3600e9, 2},
		{"the same in milliseconds", midnight - 3600e9 + 1e6, 4}, // 3,599,999 ms
		{"18 hours after, in nanoseconds", midnight + 18*3600e9 + 1, 7},
		{"40 years after, in seconds", midnight + 40*365*86_400e9, 5}, // 1.26e9 s
		{"40 years after, in nanoseconds", midnight + 40*365*86_400e9 + 1, 9},
		{"the first nanosecond of 1970", 1, 9},
	} {
		t.Run(test.rule, func(t *testing.T) {
			r := Register{Day: 20_574, RecordedAt: test.recordedAt, Metrics: steps(200)}
			days := mergeAll([]Register{r})
			require.Len(t, days, head+test.bytes+metrics)
			require.Equal(t, []Register{r}, slices.Collect(days.All()))
		})
	}
}

// TestDaysSize: thirty days of a phone, as phones report them, take about 500
// bytes.
func TestDaysSize(t *testing.T) {
	var days Days
	for d := range calendar.Day(30) {
		days, _ = days.Merge(Register{
			Day: 20_574 + d, RecordedAt: (int64(20_574+d)*86_400 + 64_987) * 1e9,
			Metrics: Metrics{Steps: 10_417, DistanceCm: 781_234, EnergyCentikcal: 48_711, ActiveMinutes: 57},
		})
	}
	// size 1, day 3, source 1, time 3, steps 2, cm 3, 1/100 kcal 3, minutes 1
	require.Len(t, days, 30*17)
}

func TestNoDays(t *testing.T) {
	var days Days
	require.Equal(t, Metrics{}, days.Total())
	require.Empty(t, slices.Collect(days.All()))
	require.NoError(t, days.check(0))
}

func TestDaysStopWhenAsked(t *testing.T) {
	days := mergeAll([]Register{{Day: 1}, {Day: 2}})
	for r := range days.All() {
		require.Equal(t, calendar.Day(1), r.Day)
		break
	}
}

// TestDaysAllocateNothing: the steady state, a phone that reports the same day
// again and again, costs no garbage.
func TestDaysAllocateNothing(t *testing.T) {
	days := mergeAll([]Register{
		{Day: 20_573, Metrics: steps(10_000)}, {Day: 20_574, Metrics: steps(10_000)}, {Day: 20_574, Source: 1, Metrics: steps(10_000)},
	})
	n := int64(10_000)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		n++ // stays within two bytes
		var merged Merged
		days, merged = days.Merge(Register{Day: 20_574, Metrics: steps(n)})
		if !merged.Changed {
			panic("nothing was merged")
		}
	}), "Merge")
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if days.Plan(Register{Day: 20_574, Source: 7, Metrics: steps(1)}).Full {
			panic("full")
		}
	}), "Plan")
}

// TestDaysCheck: what Merge would not have left is refused.
func TestDaysCheck(t *testing.T) {
	entry := func(d calendar.Day, source uint32) []byte {
		return appendRegister(nil, Register{Day: d, Source: source, Metrics: steps(5)})
	}
	days := func(entries ...[]byte) Days { return bytes.Join(entries, nil) }
	good := days(entry(1, 0), entry(1, 2), entry(2, 1))
	require.NoError(t, good.check(3))
	require.NoError(t, Days(nil).check(0))
	for rule, bad := range map[string]Days{
		"an entry cut short":         good[:len(good)-1],
		"a size without an entry":    append(slices.Clone(good), 1),
		"days in the wrong order":    days(entry(2, 0), entry(1, 0)),
		"sources in the wrong order": days(entry(1, 1), entry(1, 0)),
		"the same slot twice":        days(entry(1, 0), entry(1, 0)),
		"a source that has no name":  days(entry(1, 3)),
		"a day before all days":      days(entry(-1, 0)),
	} {
		require.Error(t, bad.check(3), rule)
	}
}

func FuzzRegister(f *testing.F) {
	for _, r := range []Register{
		{},
		{Day: 20_574, Source: 3, RecordedAt: 1_777_000_000_123_456_789, Metrics: Metrics{1, 2, 3, 4}},
		{Day: calendar.MaxDay, Source: math.MaxUint32, RecordedAt: math.MaxInt64, Metrics: Metrics{1 << 53, 1 << 53, 1 << 53, 1 << 53}},
	} {
		f.Add(appendRegister(nil, r))
	}
	f.Add([]byte{7, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, n, err := parseRegister(b)
		if err != nil {
			return
		}
		require.LessOrEqual(t, n, len(b))
		require.Equal(t, b[:n], appendRegister(nil, r), "one register, one encoding")
	})
}

// TestADayIsFoundWhateverItsSize: days take one to four bytes.
func TestADayIsFoundWhateverItsSize(t *testing.T) {
	sizes := []calendar.Day{1, 2, 127, 128, 129, 16_383, 16_384, 20_574, 1<<21 - 1, 1 << 21, 1<<21 + 1, calendar.MaxDay}
	var days Days
	starts := map[calendar.Day]int{}
	for _, day := range sizes {
		starts[day] = len(days)
		for source := range uint32(3) {
			days = appendRegister(days, Register{Day: day, Source: source, Metrics: steps(int64(source))})
		}
	}
	require.NoError(t, days.check(3))
	for i, day := range sizes {
		before := days.before(day)
		require.LessOrEqual(t, before, starts[day])
		if day <= 1<<21 {
			require.Equal(t, starts[day], before, "day %d", day)
		}
		found := days.find(day, 1)
		require.Equal(t, Register{Day: day, Source: 1, Metrics: steps(1)}, found.old)
		require.Equal(t, 2, found.sources)
		absent := days.find(day+1, 0)
		if i+1 < len(sizes) && sizes[i+1] != day+1 {
			require.Equal(t, starts[sizes[i+1]], absent.at)
			require.Equal(t, absent.at, absent.end)
		}
	}
	require.Zero(t, Days(nil).before(5))
	require.Equal(t, len(days), days.find(calendar.MaxDay+1, 0).at)
}

// BenchmarkPlanAfterFiveYears is a report of the last day of a participant who has
// as many as there may be.
func BenchmarkPlanAfterFiveYears(b *testing.B) {
	var days Days
	for day := range calendar.Day(MaxYears * 365) {
		for source := range uint32(MaxSources) {
			days = appendRegister(days, Register{Day: 18_262 + day, Source: source, Metrics: steps(1000)})
		}
	}
	last := Register{Day: 18_262 + MaxYears*365 - 1, Source: 3, Metrics: steps(1)}
	for b.Loop() {
		days.Plan(last)
	}
}
