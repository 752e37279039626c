package competition

import (
	"encoding/binary"

	"github.com/paceboard/paceboard/competition/wire"
)

// award is how the prizes of a competition were distributed.
type award struct {
	at      Millis
	pool    int64
	sponsor int64
	prizes  []awarded         // by rank
	places  map[uint32]uint32 // of the participants' numbers among them
	decided int               // how many are not pending
}

// awarded is one prize; who it is for stands in the roster.
type awarded struct {
	number uint32
	rank   uint32
	minor  int64
	status PrizeStatus
	at     Millis // when the status came to be
	reason string // why it failed
}

// newAward is an award whose prizes are to be added.
func newAward(at Millis, pool, sponsor int64, n int) *award {
	return &award{at: at, pool: pool, sponsor: sponsor, prizes: make([]awarded, 0, n), places: make(map[uint32]uint32, n)}
}

func (a *award) add(w awarded) {
	if w.status != PendingPrize {
		a.decided++
	}
	a.places[w.number] = uint32(len(a.prizes))
	a.prizes = append(a.prizes, w)
}

// find is a participant's prize, or nil.
func (a *award) find(number uint32) *awarded {
	if a == nil {
		return nil
	}
	if place, ok := a.places[number]; ok {
		return &a.prizes[place]
	}
	return nil
}

func appendAward(dst []byte, a *award) []byte {
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

func readAward(r *wire.Reader) *award {
	at, pool, sponsor, n := Millis(r.Varint()), r.Amount(), r.Amount(), r.Length()
	a := newAward(at, pool, sponsor, n)
	for range n {
		a.add(awarded{number: r.Number(), rank: r.Number(), minor: r.Amount(), status: PrizeStatus(r.Byte()), at: Millis(r.Varint()), reason: r.String()})
	}
	return a
}
