package ranking

import "slices"

// Rank returns the rank of e, 1-based; false when it is not on the board. O(log n).
func (b *Board) Rank(e Entry) (rank int, ok bool) {
	i, p, ok := b.find(e)
	if !ok {
		return 0, false
	}
	return b.rankOf(i, p), true
}

// Page appends to dst the entries of ranks offset+1 to offset+limit, best first, fewer where the board
// ends. A negative offset counts as 0. O(log n + limit).
func (b *Board) Page(dst []Entry, offset, limit int) []Entry {
	offset = max(offset, 0)
	limit = min(limit, b.size-offset)
	if limit <= 0 {
		return dst
	}
	dst = slices.Grow(dst, limit)
	i, p := b.counts.find(offset)
	for limit > 0 {
		part := b.blocks[i][p:]
		part = part[:min(limit, len(part))]
		dst = append(dst, part...)
		limit -= len(part)
		i, p = i+1, 0
	}
	return dst
}

// Around appends to dst the entries from radius places before e to radius places after it, best first,
// cut short where the board ends, and returns the rank of the first of them. A negative radius counts
// as 0. When e is not on the board it returns dst as it is, 0 and false. O(log n + radius).
func (b *Board) Around(dst []Entry, e Entry, radius int) (entries []Entry, firstRank int, ok bool) {
	rank, ok := b.Rank(e)
	if !ok {
		return dst, 0, false
	}
	radius = min(max(radius, 0), b.size) // from here on sums cannot overflow
	firstRank = max(rank-radius, 1)
	return b.Page(dst, firstRank-1, rank+radius-firstRank+1), firstRank, true
}

// rankOf returns the rank of place p in block i.
func (b *Board) rankOf(i, p int) int {
	return b.counts.before(i) + p + 1
}
