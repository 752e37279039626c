package cluster

// Which node a competition belongs to is decided by rendezvous hashing (Thaler and
// Ravishankar, 1998): each pair of node and competition has a number, and the highest
// wins. If a node goes, only what belonged to it moves; if one comes, only what it gets.
//
// Nodes of different versions must agree, or requests go astray until an owner is
// learnt: a golden test holds the numbers.

// candidate is a node that competitions may belong to.
type candidate struct {
	id   string
	hash uint64
}

func candidateOf(id string) candidate { return candidate{id: id, hash: mix(fnv1a(id))} }

// choose returns the candidate that a competition belongs to; empty if there is none.
func choose(candidates []candidate, competitionID string) string {
	key := fnv1a(competitionID)
	best, highest := "", uint64(0)
	for i := range candidates {
		c := &candidates[i]
		if n := mix(key ^ c.hash); best == "" || n > highest || n == highest && c.id < best {
			best, highest = c.id, n
		}
	}
	return best
}

// fnv1a is the 64-bit FNV-1a hash. Of ids that differ in the last digit only, it
// differs in few bits: mix spreads them.
func fnv1a(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood, 2014): every bit of the
// result depends on every bit of x.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
