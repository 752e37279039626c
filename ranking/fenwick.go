package ranking

// fenwick is a binary indexed tree over the blocks' lengths (P. Fenwick, "A New Data Structure for
// Cumulative Frequency Tables", 1994), counted from 0: element i is the sum of lengths i&(i+1) to i. Its
// methods take O(log n) in the number of blocks, rebuild O(n).
type fenwick []int

// rebuild returns the tree of the blocks, in the memory of f where that suffices.
func (f fenwick) rebuild(blocks [][]Entry) fenwick {
	f = f[:0]
	for _, block := range blocks {
		f = append(f, len(block))
	}
	for i := range f {
		if next := i | (i + 1); next < len(f) {
			f[next] += f[i]
		}
	}
	return f
}

// add changes the length of block i by delta.
func (f fenwick) add(i, delta int) {
	for ; i < len(f); i |= i + 1 {
		f[i] += delta
	}
}

// before returns the number of entries in the blocks before block i.
func (f fenwick) before(i int) int {
	sum := 0
	for ; i > 0; i &= i - 1 {
		sum += f[i-1]
	}
	return sum
}

// find returns the block and the place in it of the entry that has index others before it; index is less
// than the sum of all lengths.
func (f fenwick) find(index int) (i, p int) {
	step := 1
	for 2*step <= len(f) {
		step *= 2
	}
	for ; step > 0; step /= 2 {
		if next := i + step; next <= len(f) && f[next-1] <= index {
			i = next
			index -= f[next-1]
		}
	}
	return i, index
}
