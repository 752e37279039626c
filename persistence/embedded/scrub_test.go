package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/porttest"
)

// found is in which files of a folder the bytes stand, tables unpacked: their
// blocks are compressed.
func found(tb testing.TB, files vfs.FS, dir string, needle string) (names []string) {
	tb.Helper()
	list, err := files.List(dir)
	require.NoError(tb, err)
	for _, name := range list {
		path := files.PathJoin(dir, name)
		info, err := files.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // Pebble has just removed it.
		}
		require.NoError(tb, err)
		if info.IsDir() {
			names = append(names, found(tb, files, path, needle)...)
			continue
		}
		f, err := files.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		require.NoError(tb, err)
		b, err := io.ReadAll(f)
		require.NoError(tb, err)
		require.NoError(tb, f.Close())
		if bytes.Contains(b, []byte(needle)) || strings.HasSuffix(name, ".sst") && inTable(tb, files, path, needle) {
			names = append(names, name)
		}
	}
	return names
}

// inTable looks at all keys and values of a table, those of deletions included.
func inTable(tb testing.TB, files vfs.FS, path, needle string) bool {
	tb.Helper()
	f, err := files.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	require.NoError(tb, err)
	readable, err := sstable.NewSimpleReadable(f)
	require.NoError(tb, err)
	table, err := sstable.NewReader(tb.Context(), readable, (&pebble.Options{}).MakeReaderOptions())
	if pebble.IsCorruptionError(err) {
		return false // It is just being written.
	}
	require.NoError(tb, err)
	defer func() { require.NoError(tb, table.Close()) }()
	rows, err := table.NewIter(sstable.NoTransforms, nil, nil, sstable.AssertNoBlobHandles)
	require.NoError(tb, err)
	defer func() { require.NoError(tb, rows.Close()) }()
	for kv := rows.First(); kv != nil; kv = rows.Next() {
		value, _, err := kv.Value(nil)
		require.NoError(tb, err)
		if bytes.Contains(kv.K.UserKey, []byte(needle)) || bytes.Contains(value, []byte(needle)) {
			return true
		}
	}
	spans, err := table.NewRawRangeDelIter(tb.Context(), sstable.NoFragmentTransforms, sstable.NoReadEnv)
	require.NoError(tb, err)
	if spans == nil {
		return false
	}
	defer spans.Close()
	for span, err := spans.First(); span != nil; span, err = spans.Next() {
		require.NoError(tb, err)
		if bytes.Contains(span.Start, []byte(needle)) || bytes.Contains(span.End, []byte(needle)) {
			return true
		}
	}
	return false
}

// eraseEverywhere does what the engine does.
func eraseEverywhere(tb testing.TB, s *Store, userID string, games ...*porttest.Game) {
	tb.Helper()
	gone := competition.Erasure{UserID: userID, Pseudonym: competition.NewPseudonym([16]byte{1, 2, 3})}
	for _, g := range games {
		require.NoError(tb, g.Erase(gone))
		require.NoError(tb, g.Commit(tb.Context()))
		require.NoError(tb, g.Save(tb.Context()))
	}
	require.NoError(tb, s.ForgetLifetime(tb.Context(), userID))
	require.NoError(tb, s.Pseudonymise(tb.Context(), gone, 1, func() string { return "erasure" }))
}

// TestScrubLeavesNoByte plays with people, has their rows moved about in tables
// of all levels, erases one of them, and looks into every file.
func TestScrubLeavesNoByte(t *testing.T) {
	const id = "3f1c9b6e-0d53-4f6f-9a53-0c9a7a4c2f11"
	for name, options := range map[string]func(Options) Options{
		"all in memory and the log": func(o Options) Options { return o },
		"many small tables":         small,
	} {
		t.Run(name, func(t *testing.T) {
			disk := vfs.NewMem()
			s := open(t, options(onMemory(disk)))
			rng := rand.New(rand.NewPCG(4, 4))
			var games []*porttest.Game
			for i := range 3 {
				g := porttest.NewGame(s, fmt.Sprintf("board-%d", i))
				require.NoError(t, g.Create(id))
				for range 40 {
					g.Play(rng, 20)
					require.NoError(t, g.Sync(id, -rng.IntN(3), rng.Int64N(30_000)))
					require.NoError(t, g.Join(id, fmt.Sprintf("Name %d", rng.IntN(1000))))
					require.NoError(t, g.Commit(t.Context()))
					snapshot := g.Snapshot()
					require.NoError(t, s.Save(t.Context(), &snapshot))
					_, sources, err := competition.SnapshotSources(g.C.ID(), snapshot.Header)
					require.NoError(t, err)
					require.NoError(t, s.Project(t.Context(), &competition.Projection{CompetitionID: g.C.ID(), Sources: sources, Rows: snapshot.Rows, From: snapshot.Since, To: snapshot.Seq}))
				}
				games = append(games, g)
			}
			person := competition.Subject{Kind: competition.UserSubject, ID: id}
			for range 3 * auditBlock {
				require.NoError(t, s.Note(t.Context(), competition.AuditEntry{ID: "1", At: 1, Actor: person, Targets: []competition.AuditTarget{{Place: "user_id", Subject: person}}}))
			}
			removed, err := s.RetainAuditLog(t.Context(), 2, 0)
			require.NoError(t, err)
			require.Equal(t, int64(3*auditBlock), removed)
			require.NoError(t, s.Note(t.Context(), competition.AuditEntry{ID: "1", Actor: person, Targets: []competition.AuditTarget{{Place: "user_id", Subject: person}}}))
			require.NoError(t, s.PutAPIKey(t.Context(), competition.APIKey{ID: "k", CreatedBy: person}))
			require.NotEmpty(t, found(t, disk, memDir, id))
			reading := s.db.NewSnapshot() // of before; whoever reads keeps the files

			eraseEverywhere(t, s, id, games...)
			require.NotEmpty(t, found(t, disk, memDir, id), "deleting leaves bytes, or this test shows nothing")
			time.AfterFunc(20*time.Millisecond, func() { _ = reading.Close() })
			began := time.Now()
			require.NoError(t, s.Scrub(t.Context()))
			t.Logf("scrubbed in %s", time.Since(began))
			require.Empty(t, found(t, disk, memDir, id))
			require.Empty(t, marksOf(t, s))
			require.NoError(t, s.Scrub(t.Context()), "again is nothing")

			for _, g := range games { // and all goes on
				g.Play(rng, 50)
				require.NoError(t, g.Commit(t.Context()))
			}
			require.NoError(t, s.Close())
			require.Empty(t, found(t, disk, memDir, id))
			s = open(t, options(onMemory(disk)))
			require.Empty(t, found(t, disk, memDir, id))
			for _, g := range games {
				audited, err := competition.Audit(t.Context(), g.C.ID(), 1, s, func(int) {})
				require.NoError(t, err)
				require.Empty(t, audited.Findings)
			}
			require.NoError(t, s.Close())
		})
	}
}

// TestScrubsOfManyAreOne: one is under way, and one waits for all who come
// meanwhile, whoever of them leaves.
func TestScrubsOfManyAreOne(t *testing.T) {
	s := open(t, onMemory(vfs.NewMem()))
	mark := func(userID string) {
		batch := s.db.NewBatch()
		require.NoError(t, markUser(batch, userID))
		require.NoError(t, s.apply(batch))
	}
	mark("anna")
	reading := s.db.NewSnapshot() // for which a scrub waits
	first := s.nextScrub()
	require.Eventually(t, func() bool {
		s.scrubs.Lock()
		defer s.scrubs.Unlock()
		return s.waiting == nil
	}, 10*time.Second, time.Millisecond, "it begins")
	var later *scrubRun
	for i := range 16 {
		mark(fmt.Sprintf("u%02d", i))
		run := s.nextScrub()
		require.NotSame(t, first, run, "it has begun already")
		if later != nil {
			require.Same(t, later, run)
		}
		later = run
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	require.ErrorIs(t, s.Scrub(left), competition.ErrUnavailable)
	require.NoError(t, reading.Close())
	<-first.over
	require.NoError(t, first.err)
	<-later.over
	require.NoError(t, later.err)
	require.Empty(t, marksOf(t, s))
	require.NoError(t, s.Close())
}

// TestClosingEndsAScrub that waits for somebody who reads; the next one after
// the start does the work.
func TestClosingEndsAScrub(t *testing.T) {
	disk := vfs.NewMem()
	s := open(t, onMemory(disk))
	batch := s.db.NewBatch()
	require.NoError(t, markUser(batch, "anna"))
	require.NoError(t, s.apply(batch))
	reading := s.db.NewSnapshot()
	run := s.nextScrub()
	s.close()
	<-run.over
	require.ErrorIs(t, run.err, competition.ErrUnavailable)
	require.NoError(t, reading.Close())
	require.NoError(t, s.Close())
	s = open(t, onMemory(disk))
	require.NotEmpty(t, marksOf(t, s))
	require.NoError(t, s.Scrub(t.Context()))
	require.Empty(t, marksOf(t, s))
	require.NoError(t, s.Close())
}

func marksOf(tb testing.TB, s *Store) []mark {
	tb.Helper()
	marks, err := s.marks(tb.Context())
	require.NoError(tb, err)
	return marks
}

// BenchmarkScrub erases one of so many participants of a board, with all that is
// on the disk, while others go on: latency-ms is what one of their commits took at
// worst.
func BenchmarkScrub(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("participants=%d", n), func(b *testing.B) {
			s := open(b, Options{Dir: b.TempDir()})
			defer s.Close()
			g, err := porttest.Begin(b.Context(), s, "board")
			require.NoError(b, err)
			rng := rand.New(rand.NewPCG(1, 1))
			ids := make([]string, n)
			for i := range ids {
				ids[i] = fmt.Sprintf("%08x-0d53-4f6f-9a53-%012x", rng.Uint32(), rng.Uint64()>>16)
				require.NoError(b, g.Sync(ids[i], 0, int64(i%30_000)))
				if i%1000 == 999 {
					require.NoError(b, g.Commit(b.Context()))
				}
			}
			require.NoError(b, g.Save(b.Context()))
			other, err := porttest.Begin(b.Context(), s, "other")
			require.NoError(b, err)
			stop, stopped := make(chan struct{}), make(chan time.Duration)
			go func() {
				worst, steps := time.Duration(0), int64(0)
				for {
					select {
					case <-stop:
						stopped <- worst
						return
					default:
					}
					steps++
					began := time.Now()
					if other.Sync("u", 0, steps%90_000) != nil || other.Commit(b.Context()) != nil {
						b.Error("the others cannot go on")
					}
					worst = max(worst, time.Since(began))
				}
			}()
			erased := 0
			for b.Loop() {
				b.StopTimer()
				eraseEverywhere(b, s, ids[erased], g)
				b.StartTimer()
				require.NoError(b, s.Scrub(b.Context()))
				erased++
			}
			close(stop)
			b.ReportMetric(float64((<-stopped).Microseconds())/1000, "latency-ms")
		})
	}
}
