package ranking

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

const entryBytes = int(unsafe.Sizeof(Entry{}))

// footprint returns the bytes that the board holds, size classes aside.
func footprint(b *Board) int {
	bytes := int(unsafe.Sizeof(*b)) + cap(b.blocks)*int(unsafe.Sizeof([]Entry{})) +
		cap(b.firsts)*entryBytes + cap(b.counts)*int(unsafe.Sizeof(int(0)))
	for _, block := range b.blocks {
		bytes += cap(block) * entryBytes
	}
	return bytes
}

// TestPatterns grows boards in hostile orders, drains them in hostile orders, and looks at the order, the
// invariants and the memory on the way.
func TestPatterns(t *testing.T) {
	const n = 8_000
	same := make([]Entry, n)
	for i := range same {
		same[i] = Entry{Score: 1, Reached: 1, Member: uint32(i)}
	}
	patterns := map[string]func([]Entry){
		"first to last": func([]Entry) {},
		"last to first": slices.Reverse[[]Entry],
		"in turn from both ends": func(entries []Entry) {
			sorted := slices.Clone(entries)
			for i := range entries {
				if entries[i] = sorted[i/2]; i%2 == 1 {
					entries[i] = sorted[n-1-i/2]
				}
			}
		},
		"in random order": func(entries []Entry) {
			rand.New(rand.NewPCG(5, 6)).Shuffle(n, func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		},
	}
	for scores, entries := range map[string][]Entry{"rising scores": ascending(n), "all the same": same} {
		slices.SortFunc(entries, byNumber)
		for grow, growing := range patterns {
			for drain, draining := range patterns {
				t.Run(scores+", in "+grow+", out "+drain, func(t *testing.T) {
					in, out := slices.Clone(entries), slices.Clone(entries)
					growing(in)
					draining(out)
					board := New(nil)
					for _, e := range in {
						board.Insert(e)
					}
					require.NoError(t, check(board))
					require.True(t, slices.Equal(entries, board.Page(nil, 0, n)))
					require.LessOrEqual(t, footprint(board), 160*n)
					for i, e := range out {
						require.True(t, board.Remove(e))
						if i%(n/4) == 0 {
							require.NoError(t, check(board))
						}
					}
					require.NoError(t, check(board))
					require.Zero(t, board.Len())
				})
			}
		}
	}
}

// TestSparsestBoard leaves no more in each block than I3 asks for, which is the most memory a member can
// take.
func TestSparsestBoard(t *testing.T) {
	board := Build(ascending(100_000), nil)
	blocks := len(board.blocks)
	for i := range blocks {
		for len(board.blocks[i]) > blockSize/4+i%2 {
			require.True(t, board.Remove(board.blocks[i][0]))
		}
	}
	require.Len(t, board.blocks, blocks)
	require.NoError(t, check(board))
	require.LessOrEqual(t, footprint(board), 160*board.Len())
}

func TestSmallBoardsAreSmall(t *testing.T) {
	require.LessOrEqual(t, footprint(New(nil)), 100)
	require.LessOrEqual(t, footprint(Build(ascending(10), nil)), 400)
	board := New(nil)
	for _, e := range ascending(10) {
		board.Insert(e)
	}
	require.LessOrEqual(t, footprint(board), 600)
}

// TestEnrolmentLeavesRoomButNotMuch enrols members one by one at the foot of the board.
func TestEnrolmentLeavesRoomButNotMuch(t *testing.T) {
	const n = 100_000
	board := New(nil)
	for i := range n {
		board.Insert(Entry{Reached: uint64(i), Member: uint32(i)})
	}
	require.LessOrEqual(t, footprint(board), 36*n) // 24 bytes an entry, blocks three quarters full
}

// TestNoThrashing repeats the change that has just split a block: the directory must not shift each time.
func TestNoThrashing(t *testing.T) {
	for _, test := range []struct {
		name string
		at   func(score int64) Entry // between, before or after the others
	}{
		{"at the top", func(k int64) Entry { return Entry{Score: 1_000_000 + k, Member: 1_000_000} }},
		{"in the middle", func(k int64) Entry { return Entry{Score: 5_000, Reached: uint64(k), Member: 1_000_000} }},
		{"at the foot", func(k int64) Entry { return Entry{Score: -1 - k, Member: 1_000_000} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			board := Build(ascending(10_000), nil)
			k, blocks := int64(0), len(board.blocks)
			for ; len(board.blocks) == blocks; k++ {
				board.Insert(test.at(k))
			}
			for range 1_000 { // the last entry in, and out again, a few deep
				for d := range min(k, blockSize/8) {
					require.True(t, board.Remove(test.at(k-1-d)))
				}
				require.Len(t, board.blocks, blocks+1)
				for d := range min(k, blockSize/8) {
					board.Insert(test.at(k - 1 - d))
				}
				require.Len(t, board.blocks, blocks+1)
			}
			require.NoError(t, check(board))
		})
	}
}

// TestSteadyMovesAllocateNothing holds once the directory has room: a split takes one block.
func TestSteadyMovesAllocateNothing(t *testing.T) {
	rng, entries, board := crowd(100_000)
	seq := uint64(len(entries))
	perMove := testing.AllocsPerRun(50_000, func() {
		m := rng.IntN(len(entries))
		seq++
		to := Entry{Score: rng.Int64N(100_000), Reached: seq, Member: uint32(m)}
		board.Move(entries[m], to)
		entries[m] = to
	})
	require.Zero(t, perMove) // AllocsPerRun rounds down
}
