package competition

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/competition/wire"
)

// DistributePrizes pays the prizes of a completed competition.
type DistributePrizes struct {
	Caller

	PoolMinor int64 // counts only where the competition's own pool is 0
	Pending   bool  // the prizes wait for a ConfirmPrize or FailPrize each
}

// Answer returns a PrizesReply with all of them.
func (*DistributePrizes) Answer(c *Competition, _ Decision) any { return c.Prizes(math.MaxInt) }

// PrizesReply is what there is to say of a competition's prizes.
type PrizesReply struct {
	CompetitionID string
	Final         bool // nobody's rank or score changes any more
	PoolMinor     int64
	Currency      string
	Prizes        []ledger.Prize // by rank; their Status is 0 where they are only worked out
}

// Decide pays all prizes, once: asked again it says nothing new, whatever the pool.
// Until the standings that it rests on are applied the decision is Later. Errors:
// ErrForbidden, ErrUnknownCompetition, ErrNotFinal, ErrClosed, ErrNoPrizePool,
// ErrTooManyWinners.
func (cmd *DistributePrizes) Decide(c *Competition, now calendar.Millis) (Decision, error) {
	c.advance(now)
	if !cmd.Operator {
		return Decision{}, ErrForbidden
	}
	if c.decided.status == 0 {
		return Decision{}, ErrUnknownCompetition
	}
	pool := c.decided.definition.PrizePoolMinor
	if pool == 0 {
		pool = cmd.PoolMinor
	}
	switch {
	case c.decided.status == Settled:
		return c.repeat(0), nil
	case c.decided.status == Cancelled:
		return Decision{}, ErrClosed
	case c.decided.status != Completed:
		return Decision{}, ErrNotFinal
	case pool <= 0 || pool > ledger.MaxAmountMinor:
		return Decision{}, ErrNoPrizePool
	case c.status != Completed, c.Seq() != c.DecidedSeq(): // syncs, or operators' decisions, may not be applied
		return Decision{Seq: c.decided.chain.Seq, Later: true}, nil
	}
	winners, err := c.winners(pool)
	if err != nil {
		return Decision{}, err
	}
	event := &PrizesDistributed{PoolMinor: pool, Pending: cmd.Pending, Prizes: winners}
	event.SponsorMinor = max(0, event.total()-c.decided.balances.pool())
	c.emitMoney(now, event)
	c.decided.status = Settled
	c.summarize()
	c.dropAllKept(now)
	return Decision{Seq: c.decided.chain.Seq}, nil
}

// PrizesDecided returns how many prizes are not pending any more. It grows without a
// new version of the board.
func (c *Competition) PrizesDecided() int {
	if c.distribution == nil {
		return 0
	}
	return c.distribution.decided
}

// Prizes returns what was distributed, the best limit of it; nothing before.
func (c *Competition) Prizes(limit int) PrizesReply {
	reply := PrizesReply{CompetitionID: c.ID(), Final: c.final(), Currency: c.definition.Currency}
	if c.distribution == nil {
		return reply
	}
	reply.PoolMinor = c.distribution.pool
	reply.Prizes = make([]ledger.Prize, min(limit, len(c.distribution.prizes)))
	for i := range reply.Prizes {
		reply.Prizes[i] = c.prizeOf(&c.distribution.prizes[i])
	}
	return reply
}

// PrizesCount returns how many prizes were distributed.
func (c *Competition) PrizesCount() int {
	if c.distribution == nil {
		return 0
	}
	return len(c.distribution.prizes)
}

// Calculate works out what a pool would come to if the standings were final as
// they are; a pool of 0 is the competition's. It changes nothing. Errors:
// ErrNoPrizePool, ErrTooManyWinners.
func (c *Competition) Calculate(poolMinor int64) (PrizesReply, error) {
	if poolMinor == 0 {
		poolMinor = c.definition.PrizePoolMinor
	}
	if poolMinor <= 0 || poolMinor > ledger.MaxAmountMinor {
		return PrizesReply{}, ErrNoPrizePool
	}
	winners, err := c.winners(poolMinor)
	if err != nil {
		return PrizesReply{}, err
	}
	reply := PrizesReply{
		CompetitionID: c.ID(), Final: c.final() && poolMinor == c.payable(poolMinor), PoolMinor: poolMinor,
		Currency: c.definition.Currency, Prizes: make([]ledger.Prize, len(winners)),
	}
	for i, w := range winners {
		reply.Prizes[i] = ledger.Prize{
			CompetitionID: c.ID(), Number: w.Number, UserID: c.participants.at(w.Number).userID,
			Rank: w.Rank, Minor: w.Minor, Currency: reply.Currency,
		}
	}
	return reply, nil
}

// payable returns the pool that is distributed, or was, where the caller names one.
func (c *Competition) payable(poolMinor int64) int64 {
	switch {
	case c.distribution != nil:
		return c.distribution.pool
	case c.definition.PrizePoolMinor > 0:
		return c.definition.PrizePoolMinor
	default:
		return poolMinor
	}
}

// final reports whether the standings are frozen for good.
func (c *Competition) final() bool { return c.status == Completed || c.status == Settled }

// PrizesDistributed pays all prizes and settles the competition: one event, so
// that it happens whole and once. The amounts add up to the pool, unless nobody
// won.
type PrizesDistributed struct {
	PoolMinor    int64
	SponsorMinor int64    // the part of the prizes that the fees in the pool do not cover
	Pending      bool     // each prize waits for a PrizeConfirmed or PrizeFailed
	Prizes       []Winner // by rank
}

func (*PrizesDistributed) kind() kind { return 11 }

func (d *PrizesDistributed) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(d.PoolMinor))
	dst = binary.AppendUvarint(dst, uint64(d.SponsorMinor))
	dst = wire.AppendFlag(dst, d.Pending)
	dst = binary.AppendUvarint(dst, uint64(len(d.Prizes)))
	for _, w := range d.Prizes {
		dst = binary.AppendUvarint(dst, uint64(w.Number))
		dst = binary.AppendUvarint(dst, uint64(w.Rank))
		dst = binary.AppendUvarint(dst, uint64(w.Minor))
	}
	return dst
}

func (d *PrizesDistributed) read(r *wire.Reader) {
	d.PoolMinor, d.SponsorMinor, d.Pending = r.Amount(), r.Amount(), r.Flag()
	if n := r.Length(); n > 0 {
		d.Prizes = make([]Winner, n)
	}
	for i := range d.Prizes {
		d.Prizes[i] = Winner{Number: r.Number(), Rank: int(r.Number()), Minor: r.Amount()}
	}
}

func (d *PrizesDistributed) apply(c *Competition, e *Event) error {
	if c.status != Completed || len(d.Prizes) > MaxWinners {
		return errors.New("it distributes prizes at the wrong time")
	}
	if !d.sound(c.balances.pool()) {
		return errors.New("it distributes prizes that do not add up")
	}
	a := newDistribution(e.At, d.PoolMinor, d.SponsorMinor, len(d.Prizes))
	status := ledger.DistributedPrize
	if d.Pending {
		status = ledger.PendingPrize
	}
	for _, w := range d.Prizes {
		if !c.participants.has(w.Number) || a.find(w.Number) != nil {
			return errors.New("it gives a prize to nobody, or two")
		}
		a.add(distributed{number: w.Number, rank: uint32(w.Rank), minor: w.Minor, status: status, at: e.At})
	}
	c.distribution = a
	d.enter(&c.balances, 0)
	c.status = Settled
	c.touch(e)
	return nil
}

func (*PrizesDistributed) effect() Effect { return Effect{Status: true} }

var _ monetary = (*PrizesDistributed)(nil)

func (*PrizesDistributed) decides() (number uint32) { return 0 }

func (d *PrizesDistributed) enter(b *balances, _ int64) {
	b.sponsor += d.SponsorMinor
	b.prizes += d.total()
}

func (d *PrizesDistributed) derive(l *ledgerWriter, rows *ledger.Rows, e *Event) {
	if d.SponsorMinor != 0 {
		l.move(rows, e, 0, ledger.Sponsorship, ledger.SponsorOf(l.competitionID), l.pool(), d.SponsorMinor)
	}
	for i, w := range d.Prizes {
		prize := ledger.Prize{
			CompetitionID: l.competitionID, Number: w.Number, UserID: l.userOf(w.Number), Rank: w.Rank,
			Minor: w.Minor, Currency: l.currency, Status: ledger.PendingPrize, CreatedAt: e.At,
		}
		if !d.Pending {
			prize.Status, prize.DistributedAt = ledger.DistributedPrize, e.At
		}
		l.move(rows, e, uint32(i)+1, ledger.PrizePayment, l.pool(), ledger.WalletOf(prize.UserID), w.Minor)
		rows.Prizes = append(rows.Prizes, prize)
	}
}

// sound reports whether the amounts fit each other and what the pool has.
func (d *PrizesDistributed) sound(pool int64) bool {
	rank, left := 0, d.PoolMinor
	for _, w := range d.Prizes {
		if w.Rank <= rank || w.Rank > 1<<32-1 || w.Minor <= 0 || w.Minor > left {
			return false
		}
		rank, left = w.Rank, left-w.Minor
	}
	return d.PoolMinor > 0 && d.PoolMinor <= ledger.MaxAmountMinor &&
		(left == 0 || len(d.Prizes) == 0) && d.SponsorMinor == max(0, d.total()-pool)
}

// total returns what all prizes come to.
func (d *PrizesDistributed) total() (minor int64) {
	for _, w := range d.Prizes {
		minor += w.Minor
	}
	return minor
}
