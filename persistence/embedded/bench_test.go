package embedded

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// syncs is the records of n syncs with one seq after another, as the core
// writes them.
func syncs(n int) []byte {
	chain := competition.NewChain("board")
	var records []byte
	for i := range n {
		records = chain.Append(records, &competition.Event{Seq: uint64(i + 1), At: 1_795_435_200_000, Sync: competition.SyncAccepted{
			Number:   uint32(i%1000 + 1),
			Register: competition.Register{Day: 20_780, RecordedAt: 1_795_435_200_000_000_000, Metrics: competition.Metrics{Steps: 9_000, DistanceCm: 630_000, EnergyCentikcal: 36_000, ActiveMinutes: 90}},
		}})
	}
	return records
}

// BenchmarkAppend is one append of one batch after another, each synced to the
// real disk.
func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 64, 1024} {
		b.Run(fmt.Sprintf("events=%d", n), func(b *testing.B) {
			s := open(b, Options{Dir: b.TempDir()})
			defer s.Close()
			batch := &competition.Batch{CompetitionID: "board", Records: syncs(n)}
			batches := []*competition.Batch{batch}
			b.ReportAllocs()
			for b.Loop() {
				batch.FirstSeq = batch.LastSeq + 1
				batch.LastSeq += uint64(n)
				if errs := s.Append(b.Context(), batches); errs != nil {
					b.Fatal(errs)
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkAppendCompetitions is one append of a batch of one event of each of
// so many competitions.
func BenchmarkAppendCompetitions(b *testing.B) {
	for _, n := range []int{1, 64, 1024} {
		b.Run(fmt.Sprintf("competitions=%d", n), func(b *testing.B) {
			s := open(b, Options{Dir: b.TempDir()})
			defer s.Close()
			records := syncs(1)
			batches := make([]*competition.Batch, n)
			for i := range batches {
				batches[i] = &competition.Batch{CompetitionID: fmt.Sprintf("board-%d", i), Records: records}
			}
			b.ReportAllocs()
			for b.Loop() {
				for _, batch := range batches {
					batch.FirstSeq++
					batch.LastSeq++
				}
				if errs := s.Append(b.Context(), batches); errs != nil {
					b.Fatal(errs)
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// snapshotOf is a snapshot of n participants with a week of days each, as of
// seq n.
func snapshotOf(n int) *competition.Snapshot {
	var days competition.Days
	for day := range calendar.Day(7) {
		days, _ = days.Merge(competition.Register{Day: 20_780 + day, RecordedAt: 1_795_435_200_000_000_000, Metrics: competition.Metrics{Steps: 9_000, DistanceCm: 630_000, EnergyCentikcal: 36_000, ActiveMinutes: 90}})
	}
	s := &competition.Snapshot{CompetitionID: "board", Seq: uint64(n), Header: make([]byte, 300), Rows: make([]competition.Row, n)}
	for i := range s.Rows {
		s.Rows[i] = competition.Row{
			Number: uint32(i + 1), Present: true, Totals: days.Total(), Score: 63_000,
			Reached: uint64(i + 1), UpdatedAt: 1_795_435_200_000, LastSyncedAt: 1_795_435_200_000, Days: days,
		}
	}
	return s
}

// stored is a store with a journal of n events.
func stored(b *testing.B, n int) *Store {
	b.Helper()
	s := open(b, Options{Dir: b.TempDir()})
	require.Nil(b, s.Append(b.Context(), []*competition.Batch{{CompetitionID: "board", FirstSeq: 1, LastSeq: uint64(n), Records: syncs(n)}}))
	return s
}

var rowCounts = []int{1e3, 1e5, 1e6}

// BenchmarkLoad reads a snapshot back, after a restart, with every row parsed.
func BenchmarkLoad(b *testing.B) {
	for _, n := range rowCounts {
		if n > 1e5 && testing.Short() {
			continue
		}
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			s := stored(b, n)
			require.NoError(b, s.Save(b.Context(), snapshotOf(n)))
			require.NoError(b, s.Close())
			s = open(b, s.options)
			defer s.Close()
			b.ReportAllocs()
			for b.Loop() {
				rows := 0
				err := s.Load(b.Context(), "board", func([]byte) error { return nil }, func(competition.Row) error { rows++; return nil })
				if err != nil || rows != n {
					b.Fatal(rows, err)
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkSave stores all rows of a board once more.
func BenchmarkSave(b *testing.B) {
	for _, n := range rowCounts {
		if n > 1e5 && testing.Short() {
			continue
		}
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			s := stored(b, 2*n)
			defer s.Close()
			snapshot := snapshotOf(n)
			snapshot.Seq = 0
			b.ReportAllocs()
			for b.Loop() {
				if snapshot.Seq++; snapshot.Seq > uint64(2*n) {
					b.Fatal("more rounds than the journal has events")
				}
				if err := s.Save(b.Context(), snapshot); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkRead reads a journal of batches of 64 events.
func BenchmarkRead(b *testing.B) {
	const perBatch, n = 64, 1 << 17
	s := open(b, Options{Dir: b.TempDir()})
	defer s.Close()
	batch := &competition.Batch{CompetitionID: "board", Records: syncs(perBatch)}
	for range n / perBatch {
		batch.FirstSeq = batch.LastSeq + 1
		batch.LastSeq += perBatch
		require.Nil(b, s.Append(b.Context(), []*competition.Batch{batch}))
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Read(b.Context(), "board", 0, func([]byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "events/s")
}
