package competition

import (
	"encoding/binary"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/competition/wire"
)

// distribution is how the prizes of a competition were distributed.
type distribution struct {
	at      calendar.Millis
	pool    int64
	sponsor int64
	prizes  []distributed     // by rank
	places  map[uint32]uint32 // of the participants' numbers among them
	decided int               // how many are not pending
}

// distributed is one prize; who it is for stands in the roster.
type distributed struct {
	number uint32
	rank   uint32
	minor  int64
	status ledger.PrizeStatus
	at     calendar.Millis // when the status came to be
	reason string          // why it failed
}

// newDistribution returns a distribution whose prizes are to be added.
func newDistribution(at calendar.Millis, pool, sponsor int64, n int) *distribution {
	return &distribution{at: at, pool: pool, sponsor: sponsor, prizes: make([]distributed, 0, n), places: make(map[uint32]uint32, n)}
}

func (a *distribution) add(w distributed) {
	if w.status != ledger.PendingPrize {
		a.decided++
	}
	a.places[w.number] = uint32(len(a.prizes))
	a.prizes = append(a.prizes, w)
}

// find returns a participant's prize, or nil.
func (a *distribution) find(number uint32) *distributed {
	if a == nil {
		return nil
	}
	if place, ok := a.places[number]; ok {
		return &a.prizes[place]
	}
	return nil
}

func appendDistribution(dst []byte, a *distribution) []byte {
	dst = binary.AppendVarint(dst, int64(a.at))
	dst = binary.AppendUvarint(dst, uint64(a.pool))
	dst = binary.AppendUvarint(dst, uint64(a.sponsor))
	dst = binary.AppendUvarint(dst, uint64(len(a.prizes)))
	for i := range a.prizes {
		w := &a.prizes[i]
		dst = binary.AppendUvarint(dst, uint64(w.number))
		dst = binary.AppendUvarint(dst, uint64(w.rank))
		dst = binary.AppendUvarint(dst, uint64(w.minor))
		dst = append(dst, byte(w.status))
		dst = binary.AppendVarint(dst, int64(w.at))
		dst = wire.AppendString(dst, w.reason)
	}
	return dst
}

func readDistribution(r *wire.Reader) *distribution {
	at, pool, sponsor, n := calendar.Millis(r.Varint()), r.Amount(), r.Amount(), r.Length()
	a := newDistribution(at, pool, sponsor, n)
	for range n {
		a.add(distributed{number: r.Number(), rank: r.Number(), minor: r.Amount(), status: ledger.PrizeStatus(r.Byte()), at: calendar.Millis(r.Varint()), reason: r.String()})
	}
	return a
}
