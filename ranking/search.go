package ranking

// before is the order of the board. It is split in two so that the common case is inlined into searches.
func (b *Board) before(x, y *Entry) bool {
	if x.Score != y.Score {
		return x.Score > y.Score
	}
	return b.beforeAtScore(x, y)
}

// beforeAtScore orders entries of equal Score. It asks tie about different members only.
func (b *Board) beforeAtScore(x, y *Entry) bool {
	if x.Reached != y.Reached {
		return x.Reached < y.Reached
	}
	return x.Member != y.Member && b.tie(x.Member, y.Member)
}

// lowerBound returns how many entries of the ordered run stand before e.
func (b *Board) lowerBound(run []Entry, e *Entry) int {
	lo, hi := 0, len(run)
	for lo < hi {
		mid := lo + (hi-lo)/2
		if b.before(&run[mid], e) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// blockFor returns the block to which e belongs: the last one whose first entry does not stand after e,
// or block 0 when e stands before all.
func (b *Board) blockFor(e *Entry) int {
	i := b.lowerBound(b.firsts, e)
	if i < len(b.firsts) && b.firsts[i] == *e {
		return i
	}
	return max(i-1, 0)
}

// covers reports whether e belongs to block i, as blockFor would say, without a search.
func (b *Board) covers(i int, e Entry) bool {
	return (i == 0 || !b.before(&e, &b.firsts[i])) &&
		(i+1 == len(b.firsts) || b.before(&e, &b.firsts[i+1]))
}

// find returns the block and the place of e; false when it is not on the board.
func (b *Board) find(e Entry) (i, p int, ok bool) {
	if b.size == 0 {
		return 0, 0, false
	}
	i = b.blockFor(&e)
	block := b.blocks[i]
	p = b.lowerBound(block, &e)
	return i, p, p < len(block) && block[p] == e
}

// newPlace returns the place that e would take in block i, to which it belongs. It panics when e is there
// already: the caller has lost track of its members, and ranks would be wrong from here on.
func (b *Board) newPlace(i int, e Entry) int {
	block := b.blocks[i]
	p := b.lowerBound(block, &e)
	if p < len(block) && block[p] == e {
		panic("ranking: entry is on the board already")
	}
	return p
}
