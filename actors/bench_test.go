package actors

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// forgetful takes syncs without keeping them, so that a benchmark measures the
// engine and not what stands in for a disk.
type forgetful struct{ *memoryStore }

func (s forgetful) Append(ctx context.Context, batches []*competition.Batch) []error {
	for _, b := range batches {
		if b.Summary != nil {
			return s.memoryStore.Append(ctx, batches)
		}
	}
	return nil
}

// benchEngine is an engine whose competitions c0, c1… have 1,000 participants
// each, and what to submit for each of them.
func benchEngine(b *testing.B, competitions int) (*Engine, []string, []competition.SubmitSync) {
	b.Helper()
	store := newMemoryStore()
	e, err := New(Options{Store: forgetful{store}, SnapshotEvents: 1 << 40, SnapshotRows: 1 << 40, MaxJournalUser: 1 << 40}) // counts, and refuses nobody
	require.NoError(b, err)
	b.Cleanup(func() {
		require.NoError(b, e.Close(context.Background())) //nolint:usetesting // the benchmark's own ends before its cleanups
		require.NoError(b, store.Close())
	})
	people := make([]competition.SubmitSync, 1000)
	for i := range people {
		people[i] = *steps(fmt.Sprintf("user-%04d", i), 1)
	}
	names := make([]string, competitions)
	for c := range names {
		names[c] = fmt.Sprintf("c%d", c)
		d := running(names[c])
		d.DailyLimits.Steps = 1_000_000_000
		_, _, err := e.Create(&competition.CreateCompetition{Caller: operator, Definition: d})
		require.NoError(b, err)
		items := make([]competition.BatchItem, len(people))
		for i := range items {
			items[i] = competition.BatchItem{CompetitionID: names[c], Sync: people[i]}
		}
		_ = e.SubmitBatch(items, nil)
		for i := range items {
			require.NoError(b, items[i].Err)
		}
	}
	return e, names, people
}

// parallel runs work in so many goroutines.
func parallel(b *testing.B, callers int, work func()) {
	b.Helper()
	b.SetParallelism(max(callers/2, 1)) // of GOMAXPROCS, 2 where figures are compared
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			work()
		}
	})
}

func BenchmarkSubmitSync(b *testing.B) {
	for _, competitions := range []int{1, 100} {
		e, names, people := benchEngine(b, competitions)
		var syncs atomic.Int64
		submit := func() { // a report above all that came before, so that every one changes the board
			n := syncs.Add(1)
			s := people[n*7919%int64(len(people))]
			s.Metrics.Steps = 1 + n
			if _, err := e.SubmitSync(names[n%int64(len(names))], &s); err != nil {
				b.Error(err)
			}
		}
		b.Run(fmt.Sprintf("competitions=%d/callers=1", competitions), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				submit()
			}
		})
		for _, callers := range []int{64, 256} {
			b.Run(fmt.Sprintf("competitions=%d/callers=%d", competitions, callers), func(b *testing.B) {
				before := commitsSoFar(b, e)
				parallel(b, callers, submit)
				b.ReportMetric(float64(b.N)/float64(commitsSoFar(b, e)-before), "syncs/commit")
			})
		}
	}
}

// commitsSoFar is how often the engine's journal was appended to.
func commitsSoFar(b *testing.B, e *Engine) uint64 {
	b.Helper()
	families, err := e.options.Metrics.(*prometheus.Registry).Gather()
	require.NoError(b, err)
	for _, family := range families {
		if family.GetName() == "paceboard_commit_events" {
			return family.GetMetric()[0].GetHistogram().GetSampleCount()
		}
	}
	b.Fatal("the engine does not count its commits")
	return 0
}

func BenchmarkSubmitBatch(b *testing.B) {
	e, names, people := benchEngine(b, 1)
	items := make([]competition.BatchItem, 100)
	b.ReportAllocs()
	n := int64(0)
	for b.Loop() {
		for i := range items {
			n++
			items[i] = competition.BatchItem{CompetitionID: names[0], Sync: people[n%int64(len(people))]}
			items[i].Sync.Metrics.Steps = 1 + n
		}
		_ = e.SubmitBatch(items, nil)
	}
	b.ReportMetric(float64(len(items)), "syncs/op")
}

func BenchmarkTop(b *testing.B) {
	e, names, people := benchEngine(b, 1)
	b.Run("unchanged", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := e.Top(names[0], operator); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("unchanged/callers=64", func(b *testing.B) {
		parallel(b, 64, func() {
			if _, err := e.Top(names[0], operator); err != nil {
				b.Error(err)
			}
		})
	})
	b.Run("after a sync", func(b *testing.B) {
		b.ReportAllocs()
		n := int64(0)
		for b.Loop() {
			n++
			s := people[0]
			s.Metrics.Steps = 1 + n
			if _, err := e.SubmitSync(names[0], &s); err != nil {
				b.Fatal(err)
			}
			if _, err := e.Top(names[0], operator); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkUnnamedBatchThatIsTooMuch is a batch of 1,000 reports by somebody who
// takes part in 1,200 competitions: what finding out its price costs.
func BenchmarkUnnamedBatchThatIsTooMuch(b *testing.B) {
	store := newMemoryStore()
	for i := range 1200 { // before there is a clock that looks at it
		d := running(fmt.Sprintf("c%04d", i))
		store.put(competition.Batch{
			CompetitionID: d.ID, Summary: &competition.Summary{Definition: d, Status: competition.Active},
			Memberships: []competition.Membership{{UserID: "ann", CompetitionID: d.ID, Number: 1, Present: true}},
		})
	}
	e, err := New(Options{Store: store})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = e.Close(context.Background()) //nolint:usetesting // it outlives the loop
		_ = store.Close()
	}()
	items := make([]competition.BatchItem, 1000)
	for i := range items {
		items[i].Sync = *steps("ann", int64(i))
	}
	tooMuch := errors.New("too much")
	b.ReportAllocs()
	for b.Loop() {
		if err := e.SubmitBatch(items, func(writes, _ int) error {
			if writes != 1_200_000 {
				b.Fatal(writes)
			}
			return tooMuch
		}); !errors.Is(err, tooMuch) {
			b.Fatal(err)
		}
	}
}
