// Package ranking keeps the order of a leaderboard: it puts a member in its place, tells the rank of a
// place, and lists the places of a page or around a member.
//
// It is a pure data structure of one writer: no goroutine, lock, clock, log or I/O. It knows entries, not
// people: the caller holds each member's present [Entry] and names it whole; rules, scores and names
// belong to the caller too. Reading starts at [Board]; its numbered invariants stand beside it.
//
// # The structure
//
// The entries stand in order in blocks of at most 256, side by side in memory; beside them the directory
// holds each block's first entry, for the binary search that chooses a block, and a Fenwick tree over the
// blocks' lengths, which turns a block into a rank and a rank into a block. A full block is split, two
// neighbours that fit into half a block are joined; both shift the directory.
//
// # Cost
//
// With n entries and blocks of B = 256, finding, ranking and changing take O(log n) comparisons; a change
// also shifts up to B entries of 24 bytes inside one or two blocks. Splitting or joining costs O(n/B), a
// shift and a new fill of the directory. A block is split only after B/4 insertions into it at least, and
// a join undoes a split, so that no pattern of changes brings it about more often than that, and it adds
// O(n/B²) to each insertion: 60 entries' worth of copying at a million members. That is also the only
// spike: at a million members the worst single operation, a split that has to enlarge the directory of a
// board as sparse as I3 allows, takes about 0.1 ms. Far beyond ten million members a tree is the better
// choice.
//
// Memory is 33 bytes a member after [Build] and about 35 in use, 97 in the worst case that I3 allows;
// blocks of a board with few members grow as they fill (10 members: about half a KiB), and an empty board
// holds its struct of 96 bytes.
//
// # Alternatives
//
// Measured at a million members as move + rank-of, in one run on a machine of two cores: a counted B+tree
// with leaves of 128 and inner nodes of 64 took 890 to 1,270 ns, blocks of 512 with a Fenwick tree 1,150
// to 1,460 ns, a treap 3,200 ns and more, a B-tree library without index-of 6,300 ns and more. The B+tree
// gains a fifth and pays with recursive splitting, borrowing and merging at every level; blocks are two
// flat levels. The time goes into cold memory, so smaller blocks move faster and split more dearly: BLOCKFIGURES
package ranking
