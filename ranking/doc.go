// Package ranking keeps the order of a leaderboard: it puts members in their places, tells the rank of a
// member, and lists the places of a page or around a member.
//
// It is a pure data structure of one writer: no goroutine, lock, clock, log or I/O. It knows entries, not
// people: the caller holds each member's present [Entry] and names it whole. Rules, scores and names are
// the caller's too. Reading starts at [Board], with its numbered invariants.
//
// # Structure
//
// The entries stand in order in blocks of at most 256. Beside the blocks, a directory holds each block's
// first entry, for the binary search that chooses a block, and a Fenwick tree over the blocks' lengths,
// which turns a block into a rank and a rank into a block. A full block is split; two neighbours that fit
// into half a block are joined. Both shift the directory.
//
// # Cost
//
// With n entries and blocks of B = 256, every operation takes O(log n) comparisons, and a change shifts at
// most B entries in each of one or two blocks. A split or a join takes O(n/B) as well, for the directory.
// A block is split only after B/4 insertions into it, and a block can be joined away or emptied only once,
// so hostile patterns do not repeat it: it adds O(n/B²) to a change, amortised, the copying of some 60
// entries at a million members. Far beyond ten million members a tree is the better choice.
//
// The worst single operation at a million members is a split, 20 µs; on a board as sparse as I3 allows it
// is 50 µs, and 0.7 ms there in the rare case that the directory must be enlarged.
//
// Memory at a million members is 32 bytes a member after [Build] or after enrolling all of them at the
// foot of the board, 35 when each has moved once, 48 after insertions at the top alone, 97 at worst (I3).
// A board with ten members takes half a KiB, an empty one 96 bytes. A lone block and the directory of a
// board that shrinks keep their memory until the board is empty.
//
// # Alternatives
//
// A spike at a million members measured move + rank-of, in one run on a machine of two cores: a counted
// B+tree with leaves of 128 and inner nodes of 64 took 890 to 1,270 ns; blocks of 512 with a Fenwick tree
// 1,150 to 1,460 ns; a treap 3,200 ns and more; a B-tree library, which lacks index-of, 6,300 ns and more.
// The B+tree's fifth pays for splitting, borrowing and joining at every level, where blocks have two flat
// levels, and most of it comes from its smaller leaves, since the time goes into cold memory. In runs
// alternating with blocks of 256, blocks of 512 took 1.2 times as long for a random move; blocks of 128
// took 0.9 to 1.1 times as long, but 1.4 times for the start of a competition, when all enrol and blocks
// split often, and twice as long for a split. A first guess by interpolating scores inside a block saved
// a tenth to a fifth on evenly spread scores, and would save nothing among equal ones: left out.
package ranking
