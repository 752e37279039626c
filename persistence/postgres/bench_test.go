package postgres

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// benchDatabase is the URL of a database on a server with memory to work with.
func benchDatabase(b *testing.B) string {
	b.Helper()
	return testservers.Postgres(b, "shared_buffers=512MB", "max_wal_size=4GB").URL()
}

const benchTime = 1_795_435_200_000 // in November 2026

// syncsFrom makes a batch the n syncs that follow its last seq.
func syncsFrom(batch *competition.Batch, chain *competition.Chain, n int) {
	batch.FirstSeq, batch.Records, batch.Events = chain.Seq+1, batch.Records[:0], batch.Events[:0]
	for range n {
		event := competition.Event{Seq: chain.Seq + 1, At: benchTime, Sync: competition.SyncAccepted{
			Number: uint32(chain.Seq%1000 + 1),
			Register: competition.Register{
				Day: 20_780, RecordedAt: benchTime * 1e6,
				Metrics: competition.Metrics{Steps: 9_000, DistanceCm: 630_000, EnergyCentikcal: 36_000, ActiveMinutes: 90},
			},
		}}
		batch.Records = chain.Append(batch.Records, &event)
		batch.Events = append(batch.Events, event)
	}
	batch.LastSeq, batch.Hash = chain.Seq, chain.Hash
}

// BenchmarkAppend is one append after another: of so many events of one
// competition, and of one event each of so many competitions. Beside it stands
// what pgbench gets out of the same server with an insert of the same bytes a
// transaction.
func BenchmarkAppend(b *testing.B) {
	databaseURL := benchDatabase(b)
	store := open(b, databaseURL)
	for _, n := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("events=%d", n), func(b *testing.B) {
			chain := competition.NewChain(fmt.Sprintf("events-%d-%d", n, time.Now().UnixNano()))
			benchAppend(b, store, n, &chain)
		})
	}
	for _, n := range []int{64, 512} {
		b.Run(fmt.Sprintf("competitions=%d", n), func(b *testing.B) {
			var chains []*competition.Chain
			for i := range n {
				chain := competition.NewChain(fmt.Sprintf("board-%d-%d-%d", n, i, time.Now().UnixNano()))
				chains = append(chains, &chain)
			}
			benchAppend(b, store, 1, chains...)
		})
	}
	b.Run("neighbour=pgbench", func(b *testing.B) {
		conn, err := store.write.Acquire(b.Context())
		require.NoError(b, err)
		_, err = conn.Exec(b.Context(), `CREATE TABLE IF NOT EXISTS public.neighbour (id bigserial PRIMARY KEY, at timestamptz NOT NULL, record bytea NOT NULL)`)
		conn.Release()
		require.NoError(b, err)
		figures := map[string]float64{}
		for _, clients := range []int{1, 64} {
			script := fmt.Sprintf(`INSERT INTO public.neighbour (at, record) VALUES (now(), '\x%0180d');`, 1)
			tps, ok := testservers.Pgbench(b, databaseURL, script, clients, 3*time.Second)
			if !ok {
				b.Skip("pgbench is not installed")
			}
			figures[fmt.Sprintf("rows/s(clients=%d)", clients)] = tps
		}
		for b.Loop() { // pgbench has done its own.
		}
		for unit, tps := range figures {
			b.ReportMetric(tps, unit)
		}
	})
}

func benchAppend(b *testing.B, store *Store, events int, chains ...*competition.Chain) {
	b.Helper()
	batches := make([]*competition.Batch, len(chains))
	for i, chain := range chains {
		batches[i] = &competition.Batch{CompetitionID: chain.CompetitionID}
	}
	figures := func() (logged, stored int64) { // bytes of the write-ahead log so far, and of the journal's table with its indexes
		require.NoError(b, store.write.QueryRow(b.Context(), `SELECT pg_current_wal_lsn() - '0/0', pg_total_relation_size('paceboard.journal')`).Scan(&logged, &stored))
		return logged, stored
	}
	loggedBefore, storedBefore := figures()
	timeBefore := serverTime(b, store)
	b.ReportAllocs()
	for b.Loop() {
		for i, chain := range chains {
			syncsFrom(batches[i], chain, events)
		}
		if errs := store.Append(b.Context(), batches); errs != nil {
			b.Fatal(errs)
		}
	}
	appended := float64(b.N * events * len(chains))
	b.ReportMetric(appended/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64((serverTime(b, store)-timeBefore).Nanoseconds())/1e3/appended, "server-µs/event")
	logged, stored := figures()
	b.ReportMetric(float64(logged-loggedBefore)/appended, "wal-B/event")
	b.ReportMetric(float64(stored-storedBefore)/appended, "stored-B/event")
}

// serverTime is the processor time that the server's processes have taken so far;
// 0 where there is no /proc.
func serverTime(b *testing.B, store *Store) (total time.Duration) {
	b.Helper()
	rows, err := store.write.Query(b.Context(), `SELECT pid FROM pg_stat_activity`)
	require.NoError(b, err)
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	require.NoError(b, err)
	for _, pid := range pids {
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, rest, _ := strings.Cut(string(stat), ") ") // the name may hold blanks
		if fields := strings.Fields(rest); len(fields) > 12 {
			for _, ticks := range fields[11:13] { // user, system
				n, _ := strconv.ParseInt(ticks, 10, 64)
				total += time.Duration(n) * 10 * time.Millisecond
			}
		}
	}
	return total
}

// snapshotOf is a snapshot of n participants with a week of days each.
func snapshotOf(id string, seq uint64, n int) *competition.Snapshot {
	var days competition.Days
	for d := range calendar.Day(7) {
		days, _ = days.Merge(competition.Register{Day: 20_780 + d, RecordedAt: benchTime * 1e6, Metrics: competition.Metrics{Steps: 9_000, DistanceCm: 630_000, EnergyCentikcal: 36_000, ActiveMinutes: 90}})
	}
	s := &competition.Snapshot{CompetitionID: id, Seq: seq, Header: make([]byte, 300), Rows: make([]competition.Row, n)}
	for i := range s.Rows {
		s.Rows[i] = competition.Row{
			Number: uint32(i + 1), Present: true, Totals: days.Total(), Score: int64((i * 104_729) % 1_000_003),
			Reached: uint64(i + 1), UpdatedAt: benchTime, LastSyncedAt: benchTime, Days: days,
		}
	}
	return s
}

// BenchmarkSnapshots saves n rows for the first time, saves 10,000 of them again,
// and loads all of them.
func BenchmarkSnapshots(b *testing.B) {
	store := open(b, benchDatabase(b))
	for _, n := range []int{1e4, 1e6} {
		if n > 1e5 && testing.Short() {
			continue
		}
		id := fmt.Sprintf("board-%d", n)
		chain := competition.NewChain(id)
		batch := &competition.Batch{CompetitionID: id}
		syncsFrom(batch, &chain, 1000)
		require.Nil(b, store.Append(b.Context(), []*competition.Batch{batch}))
		seq := uint64(1)
		b.Run(fmt.Sprintf("first/rows=%d", n), func(b *testing.B) {
			snapshot := snapshotOf(id, 0, n)
			for b.Loop() {
				_, err := store.write.Exec(b.Context(), `DELETE FROM paceboard.participants`)
				require.NoError(b, err)
				snapshot.Seq = seq
				seq++
				require.NoError(b, store.Save(b.Context(), snapshot))
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "rows/s")
		})
		b.Run(fmt.Sprintf("changed=10000/rows=%d", n), func(b *testing.B) {
			snapshot := snapshotOf(id, 0, n)
			changed := snapshot.Rows[:0]
			for i := 0; i < n; i += n / 1e4 {
				changed = append(changed, snapshot.Rows[i])
			}
			snapshot.Rows = changed
			for b.Loop() {
				for i := range snapshot.Rows {
					snapshot.Rows[i].Score++
				}
				snapshot.Seq = seq
				seq++
				require.NoError(b, store.Save(b.Context(), snapshot))
			}
			b.ReportMetric(float64(b.N*len(changed))/b.Elapsed().Seconds(), "rows/s")
		})
		b.Run(fmt.Sprintf("load/rows=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rows := 0
				err := store.Load(b.Context(), id, func([]byte) error { return nil }, func(competition.Row) error { rows++; return nil })
				if err != nil || rows != n {
					b.Fatal(rows, err)
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkRead reads a journal of 131,072 events.
func BenchmarkRead(b *testing.B) {
	const perBatch, n = 512, 1 << 17
	store := open(b, benchDatabase(b))
	chain := competition.NewChain("board")
	batch := &competition.Batch{CompetitionID: "board"}
	for range n / perBatch {
		syncsFrom(batch, &chain, perBatch)
		require.Nil(b, store.Append(b.Context(), []*competition.Batch{batch}))
	}
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, store.Read(b.Context(), "board", 0, func([]byte) error { return nil }))
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "events/s")
}
