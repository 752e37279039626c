package ranking

import "slices"

// loadSize is how many entries a block starts with where more will come between them: from Build, and at
// the foot of the board, where members enrol.
func (b *Board) loadSize() int {
	return b.max * 3 / 4
}

// load fills an empty board with ordered entries, spread evenly over the blocks.
func (b *Board) load(entries []Entry) {
	for i := 1; i < len(entries); i++ {
		if entries[i] == entries[i-1] {
			panic("ranking: two entries are equal")
		}
	}
	n := (len(entries) + b.loadSize() - 1) / b.loadSize()
	if n == 0 {
		return
	}
	capacity := b.max
	if n == 1 {
		capacity = len(entries) // most competitions are small
	}
	b.size = len(entries)
	b.blocks = make([][]Entry, n)
	b.firsts = make([]Entry, n)
	for i := range n {
		part := entries[i*len(entries)/n : (i+1)*len(entries)/n]
		b.blocks[i] = append(make([]Entry, 0, capacity), part...)
		b.firsts[i] = part[0]
	}
	b.counts = b.counts.rebuild(b.blocks)
}

// insert puts e in its place and returns that.
func (b *Board) insert(e Entry) (i, p int) {
	if b.size == 0 {
		b.size = 1
		b.addBlock(0, []Entry{e})
		return 0, 0
	}
	i = b.blockFor(&e)
	p = b.newPlace(i, e)
	if len(b.blocks[i]) == b.max {
		i, p = b.makeRoom(i, p)
	}
	b.blocks[i] = slices.Insert(b.blocks[i], p, e)
	b.firsts[i] = b.blocks[i][0]
	b.counts.add(i, 1)
	b.size++
	return i, p
}

// makeRoom splits the full block i and returns where its place p is from then on.
func (b *Board) makeRoom(i, p int) (newI, newP int) {
	at := b.max / 2
	if i == len(b.blocks)-1 && p == b.max {
		at = b.loadSize()
	}
	b.split(i, at)
	if p > at {
		return i + 1, p - at
	}
	return i, p
}

// replaceAt puts e, which belongs to block i, in the place of that block's entry p, and returns e's place.
func (b *Board) replaceAt(i, p int, e Entry) int {
	block := b.blocks[i]
	q := b.newPlace(i, e)
	if q > p {
		q-- // the entry that leaves stood before e
		copy(block[p:q], block[p+1:])
	} else {
		copy(block[q+1:p+1], block[q:])
	}
	block[q] = e
	b.firsts[i] = block[0]
	return q
}

// removeAt takes out entry p of block i.
func (b *Board) removeAt(i, p int) {
	b.blocks[i] = slices.Delete(b.blocks[i], p, p+1)
	b.size--
	if len(b.blocks[i]) == 0 {
		b.dropBlock(i)
		return
	}
	b.firsts[i] = b.blocks[i][0]
	b.counts.add(i, -1)
	switch {
	case b.joinable(i):
		b.join(i)
	case i > 0 && b.joinable(i-1):
		b.join(i - 1)
	}
}

// split leaves the first entries of block i, as many as at, and moves the others to a new block after it.
func (b *Board) split(i, at int) {
	block := b.blocks[i]
	b.blocks[i] = block[:at]
	b.addBlock(i+1, append(make([]Entry, 0, b.max), block[at:]...))
}

// joinable reports whether block i and the next one are too small to stand apart (I3).
func (b *Board) joinable(i int) bool {
	return i+1 < len(b.blocks) && len(b.blocks[i])+len(b.blocks[i+1]) <= b.max/2
}

// join moves the entries of the next block to block i.
func (b *Board) join(i int) {
	b.blocks[i] = append(b.blocks[i], b.blocks[i+1]...)
	b.dropBlock(i + 1)
}

// addBlock makes block, not empty, block i.
func (b *Board) addBlock(i int, block []Entry) {
	b.blocks = slices.Insert(b.blocks, i, block)
	b.firsts = slices.Insert(b.firsts, i, block[0])
	b.counts = b.counts.rebuild(b.blocks)
}

// dropBlock takes block i out of the directory, and lets go of the directory with the last block (I6).
func (b *Board) dropBlock(i int) {
	if b.size == 0 {
		b.blocks, b.firsts, b.counts = nil, nil, nil
		return
	}
	b.blocks = slices.Delete(b.blocks, i, i+1)
	b.firsts = slices.Delete(b.firsts, i, i+1)
	b.counts = b.counts.rebuild(b.blocks)
}
