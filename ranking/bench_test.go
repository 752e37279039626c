package ranking

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// crowd returns n entries, member i's at index i, with scores spread evenly over 0 to n-1, and a board of
// them.
func crowd(n int) (*rand.Rand, []Entry, *Board) {
	rng := rand.New(rand.NewPCG(1, 2))
	entries := make([]Entry, n)
	for i := range entries {
		entries[i] = Entry{Score: rng.Int64N(int64(n)), Reached: uint64(i), Member: uint32(i)}
	}
	return rng, entries, Build(slices.Clone(entries), nil)
}

func sizes(b *testing.B, run func(b *testing.B, n int)) {
	b.Helper()
	for _, n := range []int{1e3, 1e5, 1e6, 1e7} {
		if n > 1e5 && testing.Short() {
			continue
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			run(b, n)
		})
	}
}

// benchmarkMove moves random members to the score that next tells. The time includes the caller's own
// part: a random read and write of the member's present entry.
func benchmarkMove(b *testing.B, next func(rng *rand.Rand, n int, score int64) int64) {
	sizes(b, func(b *testing.B, n int) {
		rng, entries, board := crowd(n)
		seq := uint64(n)
		for b.Loop() {
			m := rng.IntN(n)
			seq++
			to := Entry{Score: next(rng, n, entries[m].Score), Reached: seq, Member: uint32(m)}
			board.Move(entries[m], to)
			entries[m] = to
		}
	})
}

func BenchmarkMoveRandom(b *testing.B) {
	benchmarkMove(b, func(rng *rand.Rand, n int, _ int64) int64 { return rng.Int64N(int64(n)) })
}

// BenchmarkMoveIncrement takes members up by 1 to 500 points, among a member a point.
func BenchmarkMoveIncrement(b *testing.B) {
	benchmarkMove(b, func(rng *rand.Rand, _ int, score int64) int64 { return score + 1 + rng.Int64N(500) })
}

func BenchmarkRank(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		rng, entries, board := crowd(n)
		for b.Loop() {
			board.Rank(entries[rng.IntN(n)])
		}
	})
}

func BenchmarkPage100(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		rng, _, board := crowd(n)
		var page []Entry
		for b.Loop() {
			page = board.Page(page[:0], rng.IntN(n), 100)
		}
	})
}

// BenchmarkAround takes a radius of 50.
func BenchmarkAround(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		rng, entries, board := crowd(n)
		var page []Entry
		for b.Loop() {
			page, _, _ = board.Around(page[:0], entries[rng.IntN(n)], 50)
		}
	})
}

func BenchmarkBuild(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		_, entries, _ := crowd(n)
		work := make([]Entry, n)
		for b.Loop() {
			copy(work, entries)
			Build(work, nil)
		}
	})
}

// BenchmarkEnrolAndMove is the start of a competition: each iteration enrols everybody at 0, one by one,
// and gives each a first random score.
func BenchmarkEnrolAndMove(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		rng := rand.New(rand.NewPCG(1, 2))
		order := rng.Perm(n)
		for b.Loop() {
			board := New(nil)
			for i := range n {
				board.Insert(Entry{Reached: uint64(i), Member: uint32(i)})
			}
			for i, m := range order {
				board.Move(Entry{Reached: uint64(m), Member: uint32(m)},
					Entry{Score: 1 + rng.Int64N(int64(n)), Reached: uint64(n + i), Member: uint32(m)})
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(2*n), "ns/change")
	})
}

// BenchmarkSplitJoin is the spike: the directory shifts at its front, twice an iteration.
func BenchmarkSplitJoin(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		_, _, board := crowd(n)
		for b.Loop() {
			board.split(0, board.max/4)
			board.join(0)
		}
	})
}

// BenchmarkMemory reports the bytes a member that stay in the heap, after Build and after two random moves
// a member.
func BenchmarkMemory(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		var built, moved float64
		for b.Loop() {
			rng, entries, board := crowd(n)
			with := heap()
			for i := range 2 * n {
				m := i % n
				to := Entry{Score: rng.Int64N(int64(n)), Reached: uint64(n + i), Member: uint32(m)}
				board.Move(entries[m], to)
				entries[m] = to
			}
			withMoved := heap()
			runtime.KeepAlive(board)
			without := heap()
			runtime.KeepAlive(entries)
			built = (with - without) / float64(n)
			moved = (withMoved - without) / float64(n)
		}
		b.ReportMetric(built, "built-bytes/member")
		b.ReportMetric(moved, "moved-bytes/member")
	})
}

// heap returns the bytes of live objects.
func heap() float64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}
