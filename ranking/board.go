package ranking

import "slices"

// blockSize is the most entries that a block of a board holds: 6 KiB, exactly a size class of Go's
// allocator. The package documentation weighs it against others.
const blockSize = 256

// Entry is one member's place-giving key.
type Entry struct {
	Score   int64  // higher is better
	Reached uint64 // seq of the event at which Score was reached; lower is better
	Member  uint32 // participant number
}

// Tie decides between two different members of equal Score and Reached: it reports whether a stands
// before b. It must be a strict total order, and its answer about two members must not change while both
// are on the board.
type Tie func(a, b uint32) bool

// Board keeps entries in the order of a leaderboard: Score descending, Reached ascending, then [Tie].
// [New] and [Build] make one; the zero Board is not usable. It is not safe for concurrent use, except that
// methods which change nothing may run beside each other. The package documentation gives the costs.
//
// Invariants:
//
//	I1  the blocks, one after the other, are strictly ordered
//	I2  every block holds 1 to max entries
//	I3  two neighbouring blocks together hold more than max/2 entries
//	I4  firsts[i] is the first entry of blocks[i]
//	I5  counts is the Fenwick tree over the blocks' lengths, and size their sum
//	I6  an empty board holds no memory but its own struct
type Board struct {
	tie    Tie
	max    int       // blockSize, except in tests; at least 2
	size   int       // entries on the board
	blocks [][]Entry // the entries, best first
	firsts []Entry   // side by side, so that choosing a block touches none
	counts fenwick   // from block to rank and back
}

// New returns an empty board. A nil tie puts the lower member number first.
func New(tie Tie) *Board {
	return newSized(tie, blockSize)
}

// Build returns a board of the entries, which may come in any order; it panics when two are equal. It
// sorts the slice in place: the caller gives it up, and the board does not keep it. A nil tie is as in
// [New]. O(n log n), and O(n) when they come sorted.
func Build(entries []Entry, tie Tie) *Board {
	return buildSized(entries, tie, blockSize)
}

func newSized(tie Tie, size int) *Board {
	if tie == nil {
		tie = func(a, b uint32) bool { return a < b }
	}
	return &Board{tie: tie, max: size}
}

func buildSized(entries []Entry, tie Tie, size int) *Board {
	b := newSized(tie, size)
	slices.SortFunc(entries, func(x, y Entry) int {
		switch {
		case b.before(&x, &y):
			return -1
		case x == y:
			return 0
		default:
			return 1
		}
	})
	b.load(entries)
	return b
}

// Len returns the number of entries.
func (b *Board) Len() int {
	return b.size
}

// Insert puts e on the board. It panics when e is there already. O(log n), amortised.
func (b *Board) Insert(e Entry) {
	b.insert(e)
}

// Remove takes e off the board; false when it is not there. O(log n), amortised.
func (b *Board) Remove(e Entry) bool {
	i, p, ok := b.find(e)
	if ok {
		b.removeAt(i, p)
	}
	return ok
}

// Move puts to in the place of from, both of the same Member, and returns the rank of to, 1-based; false,
// and nothing has changed, when from is not on the board. It panics when to is there already beside from.
// O(log n), amortised.
func (b *Board) Move(from, to Entry) (rank int, ok bool) {
	i, p, ok := b.find(from)
	if !ok {
		return 0, false
	}
	switch {
	case from == to:
	case b.covers(i, to):
		p = b.replaceAt(i, p, to)
	default:
		b.removeAt(i, p)
		i, p = b.insert(to)
	}
	return b.rankOf(i, p), true
}
