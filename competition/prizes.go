package competition

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/ranking"
)

// Winner is a place of the board with a prize.
type Winner struct {
	Number uint32 // the participant
	Rank   int    // the board's, 1-based
	Minor  int64  // minor units of the competition's currency, above 0
}

// MaxWinners is how many prizes a competition can have. Only ties bring more
// than MaxPrizes.
const MaxWinners = 1_000_000

// SplitPool divides a pool of 0 to MaxAmountMinor among scores, which are above
// 0 and in the order of their ranks, and returns what each of them gets. split
// says what the places get, as in a Definition.
//
//   - Fewer scores than places: the shares of the places that are taken are
//     scaled up to the whole pool.
//   - Equal scores share the sum of the places that they cover, be it beyond the
//     last place.
//   - What rounding down leaves goes, a minor unit each, to the largest remainder
//     first, then to the better rank.
//
// So the amounts add up to the pool exactly, unless there is nobody, and with
// shares that never rise no better rank gets less. Cost: O(n log n).
func SplitPool(poolMinor int64, split, scores []int64) []int64 {
	places := min(len(split), len(scores))
	taken := sum(split[:places])
	amounts := make([]int64, len(scores))
	left := poolMinor
	var groups []equals
	for first := 0; first < places; {
		g := equals{first: first, end: first + 1}
		for g.end < len(scores) && scores[g.end] == scores[first] {
			g.end++
		}
		// Each gets pool * shares / (taken * size). The product needs 68 bits; the
		// quotient is at most the pool.
		size := uint64(g.end - first)
		g.divisor = uint64(taken) * size
		hi, lo := bits.Mul64(uint64(poolMinor), uint64(sum(split[first:min(g.end, places)])))
		var each uint64
		each, g.rest = bits.Div64(hi, lo, g.divisor)
		for i := first; i < g.end; i++ {
			amounts[i] = int64(each)
		}
		left -= int64(each * size)
		groups = append(groups, g)
		first = g.end
	}
	slices.SortStableFunc(groups, func(a, b equals) int { return b.compareRest(a) })
	for _, g := range groups {
		for i := g.first; i < g.end && left > 0; i++ {
			amounts[i]++
			left--
		}
	}
	return amounts
}

// equals are places first to end-1 with one score, each of which is due
// rest/divisor of a minor unit more than it got.
type equals struct {
	first, end    int
	rest, divisor uint64
}

// compareRest compares the fractions exactly: both products stay below 2^127.
func (g equals) compareRest(other equals) int {
	hi, lo := bits.Mul64(g.rest, other.divisor)
	otherHi, otherLo := bits.Mul64(other.rest, g.divisor)
	return cmp.Or(cmp.Compare(hi, otherHi), cmp.Compare(lo, otherLo))
}

func sum(shares []int64) (total int64) {
	for _, share := range shares {
		total += share
	}
	return total
}

// winners divides a pool by the board as it stands. People who would get nothing,
// since there are more equals than minor units, win nothing. Errors: ErrTooManyWinners.
func (c *Competition) winners(poolMinor int64) ([]Winner, error) {
	entries, err := c.prizePlaces()
	if err != nil {
		return nil, err
	}
	scores := make([]int64, len(entries))
	for i, e := range entries {
		scores[i] = e.Score
	}
	winners := make([]Winner, 0, len(entries))
	for i, minor := range SplitPool(poolMinor, c.definition.PrizeSplit, scores) {
		if minor > 0 {
			winners = append(winners, Winner{Number: entries[i].Member, Rank: i + 1, Minor: minor})
		}
	}
	return winners, nil
}

// prizePlaces returns the part of the board that the split's places reach: scores
// above 0, and of those equal with the last one all.
func (c *Competition) prizePlaces() ([]ranking.Entry, error) {
	places := len(c.definition.PrizeSplit)
	entries := c.board.Page(nil, 0, places)
	if n := slices.IndexFunc(entries, func(e ranking.Entry) bool { return e.Score <= 0 }); n >= 0 {
		return entries[:n], nil
	}
	const step = 1024
	for len(entries) >= places {
		more := c.board.Page(nil, len(entries), step)
		last := entries[len(entries)-1].Score
		n := slices.IndexFunc(more, func(e ranking.Entry) bool { return e.Score != last })
		if n < 0 {
			n = len(more)
		}
		entries = append(entries, more[:n]...)
		if len(entries) > MaxWinners {
			return nil, ErrTooManyWinners
		}
		if n < step {
			break
		}
	}
	return entries, nil
}

// Prize returns a participant's prize; ok is false when there is none.
func (c *Competition) Prize(number uint32) (prize ledger.Prize, ok bool) {
	w := c.distribution.find(number)
	if w == nil {
		return ledger.Prize{}, false
	}
	return c.prizeOf(w), true
}

func (c *Competition) prizeOf(w *distributed) ledger.Prize {
	prize := ledger.Prize{
		CompetitionID: c.ID(), Number: w.number, UserID: c.participants.at(w.number).userID, Rank: int(w.rank),
		Minor: w.minor, Currency: c.definition.Currency, Status: w.status, CreatedAt: c.distribution.at, Reason: w.reason,
	}
	if w.status == ledger.DistributedPrize {
		prize.DistributedAt = w.at
	}
	return prize
}

// decidedPrize returns a participant's prize as decided, except for when it got there.
func (c *Competition) decidedPrize(number uint32) (ledger.Prize, bool) {
	prize, ok := c.Prize(number)
	if status := c.decided.of(number).prize; status != 0 {
		prize.Status = status
	}
	return prize, ok
}
