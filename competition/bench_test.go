package competition

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/paceboard/paceboard/competition/calendar"
)

var (
	benchSizes = []int{1e3, 1e5, 1e6}
	benchDay   = spring().FirstDay   // that syncs are about
	benchNow   = spring().End + hour // late, so that all days may be synced
)

// walkers is a crowd in which everybody has synced so many days, one report a
// day, recorded to the second, as phones do it.
func walkers(n, days int) *Competition {
	c := crowd(n)
	w := newWalk(n)
	for d := range days {
		for i := range n {
			w.sync(c, i, benchDay+calendar.Day(d))
		}
	}
	w.land(c)
	return c
}

// walk makes syncs, all different, in batches as large as a busy server's.
type walk struct {
	ids     []string
	rng     *rand.Rand
	batch   Batch
	pending int
	syncs   int64
}

const benchBatch = 64

func newWalk(n int) *walk {
	w := &walk{ids: make([]string, n), rng: rand.New(rand.NewPCG(1, 2))}
	for i := range w.ids {
		w.ids[i] = member(i)
	}
	return w
}

func (w *walk) sync(c *Competition, i int, d calendar.Day) {
	w.syncs++
	s := SubmitSync{
		UserID: w.ids[i], Source: "phone", Day: d,
		RecordedAt: d.Nanos() + (20*3600+w.syncs%3600)*1e9,
		Metrics: Metrics{
			Steps: w.rng.Int64N(20_000), DistanceCm: w.rng.Int64N(1_500_000), EnergyCentikcal: w.rng.Int64N(90_000), ActiveMinutes: w.rng.Int64N(120),
		},
	}
	if _, err := c.SubmitSync(benchNow, &s); err != nil {
		panic(err)
	}
	if w.pending++; w.pending == benchBatch {
		w.land(c)
	}
}

func (w *walk) land(c *Competition) {
	land(c, &w.batch)
	w.pending = 0
}

// BenchmarkSync is a sync from the decision to the state, chain and checksum
// included, of somebody drawn at random, in batches of 64.
func BenchmarkSync(b *testing.B) {
	for _, n := range benchSizes {
		if n > 1e5 && testing.Short() {
			continue
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := walkers(n, 1)
			w := newWalk(n)
			b.ReportAllocs()
			for b.Loop() {
				w.sync(c, w.rng.IntN(n), benchDay)
			}
		})
	}
}

// BenchmarkSyncRepeated says what is known: no event, nothing to make durable.
func BenchmarkSyncRepeated(b *testing.B) {
	c := walkers(1e5, 1)
	ids := newWalk(1e5).ids
	rng := rand.New(rand.NewPCG(1, 2))
	s := SubmitSync{Source: "phone", Day: benchDay} // older than what is known
	b.ReportAllocs()
	for b.Loop() {
		s.UserID = ids[rng.IntN(len(ids))]
		if d, err := c.SubmitSync(benchNow, &s); err != nil || !d.Repeat {
			b.Fatal(d, err)
		}
	}
}

func BenchmarkPage100(b *testing.B) {
	c := walkers(1e5, 1)
	b.ReportAllocs()
	for b.Loop() {
		c.Page(nil, 0, 100)
	}
}

// BenchmarkSnapshot takes the 10,000 participants that changed out of 100,000.
func BenchmarkSnapshot(b *testing.B) {
	c := walkers(1e5, 3)
	c.Snapshot()
	w := newWalk(1e4)
	for i := range 10_000 {
		w.sync(c, i, benchDay+3)
	}
	w.land(c)
	b.ReportAllocs()
	for b.Loop() {
		s := c.Snapshot()
		b.StopTimer()
		if len(s.Rows) != 10_000 {
			b.Fatal(len(s.Rows))
		}
		c.Resave(&s)
		b.StartTimer()
	}
}

// rows is a Source that has everything at hand, so that recovery alone is
// measured.
type rows struct {
	snapshot Snapshot
	records  []byte
	people   []Identity
}

func (s *rows) Load(_ context.Context, _ string, header func([]byte) error, row func(Row) error) error {
	if s.snapshot.Header == nil {
		return nil
	}
	if err := header(s.snapshot.Header); err != nil {
		return err
	}
	for i := range s.snapshot.Rows {
		if err := row(s.snapshot.Rows[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *rows) ReadIdentities(_ context.Context, _ string, visit func(Identity) error) error {
	for _, i := range s.people {
		if err := visit(i); err != nil {
			return err
		}
	}
	return nil
}

func (s *rows) Read(_ context.Context, _ string, _ uint64, visit func([]byte) error) error {
	return visit(s.records)
}

func identitiesOf(n int) []Identity {
	people := []Identity{{UserID: "carol"}}
	for i := range n {
		people = append(people, Identity{Number: uint32(i) + 1, UserID: member(i)})
	}
	return people
}

// BenchmarkRecover rebuilds from the rows of a snapshot, three days each.
func BenchmarkRecover(b *testing.B) {
	for _, n := range benchSizes {
		if n > 1e5 && testing.Short() {
			continue
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			source := &rows{snapshot: walkers(n, 3).Snapshot(), people: identitiesOf(n)}
			benchRecover(b, source, n)
		})
	}
}

// BenchmarkReplay rebuilds from the journal alone, one sync each.
func BenchmarkReplay(b *testing.B) {
	for _, n := range []int{1e3, 1e5} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := New("spring", func() Key { return Key{} })
			source := &rows{people: identitiesOf(n)}
			if _, err := (&CreateCompetition{Caller: user("carol"), Definition: spring()}).Decide(c, spring().Start); err != nil {
				b.Fatal(err)
			}
			var batch Batch
			s := SubmitSync{Source: "phone", Day: benchDay, Metrics: steps(10_000)}
			for i := range n {
				s.UserID = member(i)
				commit(c, spring().End-hour, &s, &batch) // who takes part before the end is enrolled by a sync
				source.records = append(source.records, batch.Records...)
			}
			benchRecover(b, source, n)
			b.ReportMetric(float64(c.Seq())*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

func benchRecover(b *testing.B, source Source, n int) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		c, err := Recover(b.Context(), "spring", source, func() Key { return Key{} }, nil)
		if err != nil || c.Summary().Participants != n {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/op")
}

// BenchmarkMemory is no race but a scale: what a participant weighs, with the
// user id, the place on the board and the registers of all days.
func BenchmarkMemory(b *testing.B) {
	n := 100_000
	if testing.Short() {
		n /= 10
	}
	for _, size := range []struct{ n, days int }{{n, 0}, {n, 7}, {n, 30}} {
		b.Run(fmt.Sprintf("%d_participants_%d_days", size.n, size.days), func(b *testing.B) {
			for b.Loop() {
				before := heap()
				c := walkersOfMonth(size.n, size.days)
				weight := float64(heap()-before) / float64(size.n)
				registers := 0
				for number := uint32(1); number <= c.participants.count; number++ {
					registers += len(c.participants.at(number).days)
				}
				b.ReportMetric(weight, "B/participant")
				b.ReportMetric(float64(registers)/float64(size.n), "register-B/participant")
				runtime.KeepAlive(c)
			}
		})
	}
}

// walkersOfMonth is walkers of a competition of 31 days.
func walkersOfMonth(n, days int) *Competition {
	c := crowdOf(n, spring(func(d *Definition) { d.End = d.Start + 31*day }))
	now := spring().Start + 30*day
	s := SubmitSync{Source: "phone"}
	rng := rand.New(rand.NewPCG(1, 2))
	var batch Batch
	for d := range calendar.Day(days) {
		for i := range n {
			s.UserID, s.Day = member(i), benchDay+d
			s.RecordedAt = s.Day.Nanos() + rng.Int64N(24*60*60)*1e9
			s.Metrics = Metrics{rng.Int64N(20_000), rng.Int64N(1_500_000), rng.Int64N(90_000), rng.Int64N(120)}
			commit(c, now, &s, &batch)
		}
	}
	return c
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
