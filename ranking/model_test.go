package ranking

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// model is the board as the contract tells it: one sorted slice.
type model struct {
	entries []Entry
	compare func(x, y Entry) int
}

func byNumber(x, y Entry) int {
	return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(x.Reached, y.Reached), cmp.Compare(x.Member, y.Member))
}

// userID stands for the ids that a caller compares: "u10" comes before "u9".
func userID(member uint32) string {
	return "u" + strconv.FormatUint(uint64(member), 10)
}

func byUser(x, y Entry) int {
	return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(x.Reached, y.Reached),
		strings.Compare(userID(x.Member), userID(y.Member)))
}

func userTie(a, b uint32) bool {
	return userID(a) < userID(b)
}

func (m *model) rank(e Entry) (int, bool) {
	i := slices.Index(m.entries, e)
	return i + 1, i >= 0
}

func (m *model) insert(e Entry) {
	i, _ := slices.BinarySearchFunc(m.entries, e, m.compare)
	m.entries = slices.Insert(m.entries, i, e)
}

func (m *model) remove(e Entry) {
	i := slices.Index(m.entries, e)
	m.entries = slices.Delete(m.entries, i, i+1)
}

// ranks returns the entries of the ranks from first to last that exist.
func (m *model) ranks(first, last int) []Entry {
	var out []Entry
	for i, e := range m.entries {
		if rank := i + 1; rank >= first && rank <= last {
			out = append(out, e)
		}
	}
	return out
}

func (m *model) shuffled(seed uint64) []Entry {
	entries := slices.Clone(m.entries)
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(entries), func(i, j int) {
		entries[i], entries[j] = entries[j], entries[i]
	})
	return entries
}

// agree fails unless the board holds what the model holds, and every invariant.
func (m *model) agree(t require.TestingT, b *Board) {
	require.NoError(t, check(b))
	require.Equal(t, len(m.entries), b.Len())
	if !slices.Equal(m.entries, b.Page(nil, 0, b.Len())) {
		require.Equal(t, m.entries, b.Page(nil, 0, b.Len()))
	}
}

// TestBoardIsASortedSlice compares boards of very small blocks with the model, over all operations.
func TestBoardIsASortedSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{compare: byNumber}
		var tie Tie
		if rapid.Bool().Draw(t, "tie by user id") {
			m.compare, tie = byUser, userTie
		}
		blockSize := rapid.IntRange(2, 9).Draw(t, "block size")
		board := newSized(tie, blockSize)
		next := uint32(0)

		// Few scores and seqs, so that there are many ties.
		key := rapid.Custom(func(t *rapid.T) Entry {
			return Entry{
				Score:   rapid.Int64Range(-2, 3).Draw(t, "score"),
				Reached: rapid.Uint64Range(0, 2).Draw(t, "reached"),
			}
		})
		newcomer := func(t *rapid.T) Entry {
			e := key.Draw(t, "key")
			e.Member = next
			next++
			return e
		}
		present := func(t *rapid.T) Entry {
			if len(m.entries) == 0 {
				t.Skip("nobody there")
			}
			return rapid.SampledFrom(m.entries).Draw(t, "entry")
		}
		absent := func(t *rapid.T) Entry {
			e := key.Draw(t, "key")
			e.Member = next // no member yet
			if len(m.entries) > 0 && rapid.Bool().Draw(t, "stale") {
				e = present(t)
				e.Reached += 3 // a member, but not so
			}
			return e
		}

		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { m.agree(t, board) },
			"insert": func(t *rapid.T) {
				for range rapid.IntRange(1, 12).Draw(t, "n") {
					e := newcomer(t)
					board.Insert(e)
					m.insert(e)
				}
			},
			"remove": func(t *rapid.T) {
				for range rapid.IntRange(1, 12).Draw(t, "n") {
					e := present(t)
					require.True(t, board.Remove(e))
					m.remove(e)
				}
			},
			"remove a run": func(t *rapid.T) {
				e := present(t)
				rank, _ := m.rank(e)
				for _, e := range m.ranks(rank, rank+rapid.IntRange(0, 40).Draw(t, "n")) {
					require.True(t, board.Remove(e))
					m.remove(e)
				}
			},
			"move": func(t *rapid.T) {
				from, to := present(t), key.Draw(t, "to")
				to.Member = from.Member
				rank, ok := board.Move(from, to)
				m.remove(from)
				m.insert(to)
				want, _ := m.rank(to)
				require.True(t, ok)
				require.Equal(t, want, rank)
			},
			"insert again": func(t *rapid.T) {
				e := present(t)
				require.Panics(t, func() { board.Insert(e) })
			},
			"absent": func(t *rapid.T) {
				e := absent(t)
				require.False(t, board.Remove(e))
				_, ok := board.Rank(e)
				require.False(t, ok)
				_, ok = board.Move(e, Entry{Member: e.Member})
				require.False(t, ok)
				entries, rank, ok := board.Around([]Entry{{Score: 7}}, e, 3)
				require.False(t, ok)
				require.Zero(t, rank)
				require.Equal(t, []Entry{{Score: 7}}, entries)
			},
			"rank": func(t *rapid.T) {
				e := present(t)
				rank, ok := board.Rank(e)
				want, _ := m.rank(e)
				require.True(t, ok)
				require.Equal(t, want, rank)
			},
			"page": func(t *rapid.T) {
				offset := rapid.IntRange(0, len(m.entries)+2).Draw(t, "offset")
				limit := rapid.IntRange(0, len(m.entries)+2).Draw(t, "limit")
				require.Equal(t, m.ranks(offset+1, offset+limit), board.Page(nil, offset, limit))
			},
			"around": func(t *rapid.T) {
				e, radius := present(t), rapid.IntRange(0, len(m.entries)+2).Draw(t, "radius")
				rank, _ := m.rank(e)
				entries, first, ok := board.Around(nil, e, radius)
				require.True(t, ok)
				require.Equal(t, m.ranks(rank-radius, rank+radius), entries)
				require.Equal(t, max(1, rank-radius), first)
			},
			"build": func(t *rapid.T) {
				board = buildSized(m.shuffled(rapid.Uint64().Draw(t, "seed")), tie, blockSize)
			},
		})
	})
}

// TestLongRuns moves boards of real blocks up and down through many splits and joins.
func TestLongRuns(t *testing.T) {
	for _, test := range []struct {
		name   string
		scores int64 // different scores
		seqs   uint64
	}{
		{"scores hardly ever tie", 1 << 40, 1 << 40},
		{"scores tie, seqs decide", 50, 1 << 40},
		{"scores and seqs tie, user ids decide", 5, 3},
		{"all the same", 1, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, 4))
			m, board := &model{compare: byUser}, New(userTie)
			random := func(member uint32) Entry {
				return Entry{Score: rng.Int64N(test.scores), Reached: rng.Uint64N(test.seqs), Member: member}
			}
			pick := func() Entry { return m.entries[rng.IntN(len(m.entries))] }
			next := uint32(0)
			for step := range 16_000 {
				growing := step/4_000%2 == 0
				switch dice := rng.IntN(8); {
				case dice < 4 && growing || len(m.entries) == 0:
					e := random(next)
					next++
					board.Insert(e)
					m.insert(e)
				case dice < 4:
					e := pick()
					require.True(t, board.Remove(e))
					m.remove(e)
				default:
					from := pick()
					to := random(from.Member)
					rank, ok := board.Move(from, to)
					require.True(t, ok)
					m.remove(from)
					m.insert(to)
					require.Equal(t, to, m.entries[rank-1])
				}
				if step%500 == 0 {
					m.agree(t, board)
				}
			}
			m.agree(t, board)
		})
	}
}
