package competition

import "encoding/binary"

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

// DistributePrizes pays the prizes of a completed competition.
type DistributePrizes struct {
	Caller    Caller
	PoolMinor int64 // counts only where the competition's own pool is 0
	Pending   bool  // the prizes wait for a ConfirmPrize or FailPrize each
}

// ConfirmPrize says that a pending prize has reached its winner.
type ConfirmPrize struct {
	Caller Caller
	Number uint32
}

// FailPrize says that a pending prize cannot be paid; the money goes back to
// the pool.
type FailPrize struct {
	Caller Caller
	Number uint32
	Reason string
}

// MaxReasonRunes is how long the reason of a FailPrize may be.
const MaxReasonRunes = 500

// PrizesReply is what there is to say of a competition's prizes.
type PrizesReply struct {
	CompetitionID string
	Final         bool // nobody's rank or score changes any more
	PoolMinor     int64
	Currency      string
	Prizes        []Prize // by rank; their Status is 0 where they are only worked out
}

// Distribute decides the payment of all prizes, once: asked again it says
// nothing new, whatever the pool. Until the standings that it rests on are
// applied the decision is Later. Errors: ErrForbidden, ErrUnknownCompetition,
// ErrNotFinal, ErrClosed, ErrNoPrizePool, ErrTooManyWinners.
func (c *Competition) Distribute(now Millis, cmd *DistributePrizes) (Decision, error) {
	c.advance(now)
	if !cmd.Caller.Operator {
		return Decision{}, ErrForbidden
	}
	if c.head.status == 0 {
		return Decision{}, ErrUnknownCompetition
	}
	pool := c.head.definition.PrizePoolMinor
	if pool == 0 {
		pool = cmd.PoolMinor
	}
	switch {
	case c.head.status == Settled:
		return c.repeat(0), nil
	case c.head.status == Cancelled:
		return Decision{}, ErrClosed
	case c.head.status != Completed:
		return Decision{}, ErrNotFinal
	case pool <= 0 || pool > MaxAmountMinor:
		return Decision{}, ErrNoPrizePool
	case c.status != Completed, c.Seq() != c.HeadSeq(): // syncs, or operators' decisions, may not be applied
		return Decision{Seq: c.head.chain.Seq, Later: true}, nil
	}
	winners, err := c.winners(pool)
	if err != nil {
		return Decision{}, err
	}
	event := &PrizesDistributed{PoolMinor: pool, Pending: cmd.Pending, Prizes: winners}
	event.SponsorMinor = max(0, event.total()-c.head.books.pool())
	c.emitMoney(Event{At: now, Detail: event})
	c.head.status = Settled
	c.summarize()
	return Decision{Seq: c.head.chain.Seq}, nil
}

// Confirm decides that a pending prize has arrived; again is fine. Errors:
// ErrForbidden, ErrUnknownCompetition, ErrUnknownPrize, ErrPrizeDecided.
func (c *Competition) Confirm(now Millis, cmd *ConfirmPrize) (Decision, error) {
	return c.decidePrize(cmd.Caller, cmd.Number, DistributedPrize, Event{At: now, Detail: &PrizeConfirmed{Number: cmd.Number}})
}

// Fail decides that a pending prize cannot be paid; again is fine. Errors:
// ErrForbidden, ErrUnknownCompetition, ErrUnknownPrize, ErrPrizeDecided.
func (c *Competition) Fail(now Millis, cmd *FailPrize) (Decision, error) {
	return c.decidePrize(cmd.Caller, cmd.Number, FailedPrize, Event{At: now, Detail: &PrizeFailed{Number: cmd.Number, Reason: cmd.Reason}})
}

func (c *Competition) decidePrize(caller Caller, number uint32, wanted PrizeStatus, event Event) (Decision, error) {
	c.advance(event.At)
	switch {
	case !caller.Operator:
		return Decision{}, ErrForbidden
	case c.head.status == 0:
		return Decision{}, ErrUnknownCompetition
	case c.head.status == Settled && c.award == nil: // the award itself is under way
		return Decision{Seq: c.head.chain.Seq, Later: true}, nil
	}
	prize, ok := c.headPrize(number)
	switch {
	case !ok:
		return Decision{}, ErrUnknownPrize
	case prize.Status == wanted:
		return c.repeat(number), nil
	case prize.Status != PendingPrize:
		return Decision{}, ErrPrizeDecided
	}
	c.emitMoney(event)
	c.head.prizes[number] = wanted
	return Decision{Seq: c.head.chain.Seq, Number: number}, nil
}

// headPrize is a participant's prize as of the head, but for when it got there.
func (c *Competition) headPrize(number uint32) (Prize, bool) {
	prize, ok := c.Prize(number)
	if status, pending := c.head.prizes[number]; pending {
		prize.Status = status
	}
	return prize, ok
}

// Prize is a participant's prize; ok is false when there is none.
func (c *Competition) Prize(number uint32) (prize Prize, ok bool) {
	w := c.award.find(number)
	if w == nil {
		return Prize{}, false
	}
	return c.prizeOf(w), true
}

func (c *Competition) prizeOf(w *awarded) Prize {
	prize := Prize{
		CompetitionID: c.ID(), Number: w.number, UserID: c.participants.at(w.number).userID, Rank: int(w.rank),
		Minor: w.minor, Currency: c.definition.Currency, Status: w.status, CreatedAt: c.award.at, Reason: w.reason,
	}
	if w.status == DistributedPrize {
		prize.DistributedAt = w.at
	}
	return prize
}

// PrizesDecided is how many prizes are not pending any more. It grows without a
// new version of the board.
func (c *Competition) PrizesDecided() int {
	if c.award == nil {
		return 0
	}
	return c.award.decided
}

// Prizes is what was distributed, the best limit of it; nothing before.
func (c *Competition) Prizes(limit int) PrizesReply {
	reply := PrizesReply{CompetitionID: c.ID(), Final: c.final(), Currency: c.definition.Currency}
	if c.award == nil {
		return reply
	}
	reply.PoolMinor = c.award.pool
	reply.Prizes = make([]Prize, min(limit, len(c.award.prizes)))
	for i := range reply.Prizes {
		reply.Prizes[i] = c.prizeOf(&c.award.prizes[i])
	}
	return reply
}

// Calculate works out what a pool would come to if the standings were final as
// they are; a pool of 0 is the competition's. It changes nothing. Errors:
// ErrNoPrizePool, ErrTooManyWinners.
func (c *Competition) Calculate(poolMinor int64) (PrizesReply, error) {
	if poolMinor == 0 {
		poolMinor = c.definition.PrizePoolMinor
	}
	if poolMinor <= 0 || poolMinor > MaxAmountMinor {
		return PrizesReply{}, ErrNoPrizePool
	}
	winners, err := c.winners(poolMinor)
	if err != nil {
		return PrizesReply{}, err
	}
	reply := PrizesReply{
		CompetitionID: c.ID(), Final: c.final(), PoolMinor: poolMinor,
		Currency: c.definition.Currency, Prizes: make([]Prize, len(winners)),
	}
	for i, w := range winners {
		reply.Prizes[i] = Prize{
			CompetitionID: c.ID(), Number: w.Number, UserID: c.participants.at(w.Number).userID,
			Rank: w.Rank, Minor: w.Minor, Currency: reply.Currency,
		}
	}
	return reply, nil
}

// final reports whether the standings are frozen for good.
func (c *Competition) final() bool { return c.status == Completed || c.status == Settled }

func (c *Competition) applyDistributed(e *Event, d *PrizesDistributed) (problem string) {
	if c.status != Completed || len(d.Prizes) > MaxWinners {
		return "it distributes prizes at the wrong time"
	}
	if !d.sound(c.books.pool()) {
		return "it distributes prizes that do not add up"
	}
	a := newAward(e.At, d.PoolMinor, d.SponsorMinor, len(d.Prizes))
	status := DistributedPrize
	if d.Pending {
		status = PendingPrize
	}
	for _, w := range d.Prizes {
		if !c.participants.has(w.Number) || a.find(w.Number) != nil {
			return "it gives a prize to nobody, or two"
		}
		a.add(awarded{number: w.Number, rank: uint32(w.Rank), minor: w.Minor, status: status, at: e.At})
	}
	c.award = a
	c.books.enter(e, 0)
	c.status = Settled
	c.touch(e)
	return ""
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
	return d.PoolMinor > 0 && d.PoolMinor <= MaxAmountMinor &&
		(left == 0 || len(d.Prizes) == 0) && d.SponsorMinor == max(0, d.total()-pool)
}

// total is what all prizes come to.
func (d *PrizesDistributed) total() (minor int64) {
	for _, w := range d.Prizes {
		minor += w.Minor
	}
	return minor
}

func (c *Competition) applyPrizeDecided(e *Event, number uint32, status PrizeStatus, reason string) (problem string) {
	w := c.award.find(number)
	if w == nil || w.status != PendingPrize {
		return "it decides a prize that is not pending"
	}
	w.status, w.at, w.reason = status, e.At, reason
	c.award.decided++
	c.books.enter(e, w.minor)
	return ""
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
		dst = appendString(dst, w.reason)
	}
	return dst
}

func (r *reader) award() *award {
	at, pool, sponsor, n := Millis(r.varint()), r.amount(), r.amount(), r.length()
	a := newAward(at, pool, sponsor, n)
	for range n {
		a.add(awarded{number: r.number(), rank: r.number(), minor: r.amount(), status: PrizeStatus(r.byte()), at: Millis(r.varint()), reason: r.string()})
	}
	return a
}
