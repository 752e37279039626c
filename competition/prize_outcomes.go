package competition

import (
	"encoding/binary"
	"errors"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/competition/wire"
)

// ConfirmPrize says that a pending prize has reached its winner.
type ConfirmPrize struct {
	Caller

	Number uint32
}

// FailPrize says that a pending prize cannot be paid; the money goes back to
// the pool.
type FailPrize struct {
	Caller

	Number uint32
	Reason string
}

// Answer returns the Prize.
func (cmd *ConfirmPrize) Answer(c *Competition, _ Decision) any {
	prize, _ := c.Prize(cmd.Number)
	return prize
}

// Decide confirms a pending prize. Twice is a no-op. Errors:
// ErrForbidden, ErrUnknownCompetition, ErrUnknownPrize, ErrPrizeDecided.
func (cmd *ConfirmPrize) Decide(c *Competition, now calendar.Millis) (Decision, error) {
	return c.decidePrize(now, cmd.Caller, ledger.DistributedPrize, &PrizeConfirmed{Number: cmd.Number}, "")
}

// Answer returns the Prize.
func (cmd *FailPrize) Answer(c *Competition, _ Decision) any {
	prize, _ := c.Prize(cmd.Number)
	return prize
}

// Decide fails a pending prize: it cannot be paid. Twice is a no-op. A reason, if
// there is one, is as CheckReason wants it. Errors: ErrForbidden,
// ErrUnknownCompetition, ErrUnknownPrize, ErrPrizeDecided, *InvalidError.
func (cmd *FailPrize) Decide(c *Competition, now calendar.Millis) (Decision, error) {
	return c.decidePrize(now, cmd.Caller, ledger.FailedPrize, &PrizeFailed{Number: cmd.Number, Reason: cmd.Reason}, cmd.Reason)
}

func (c *Competition) decidePrize(now calendar.Millis, caller Caller, wanted ledger.PrizeStatus, event monetary, reason string) (Decision, error) {
	c.advance(now)
	number := event.decides()
	switch {
	case !caller.Operator:
		return Decision{}, ErrForbidden
	case c.decided.status == 0:
		return Decision{}, ErrUnknownCompetition
	case c.decided.status == Settled && c.distribution == nil: // the distribution itself is under way
		return Decision{Seq: c.decided.chain.Seq, Later: true}, nil
	}
	prize, ok := c.decidedPrize(number)
	switch {
	case !ok:
		return Decision{}, ErrUnknownPrize
	case prize.Status == wanted:
		return c.repeat(number), nil
	case prize.Status != ledger.PendingPrize:
		return Decision{}, ErrPrizeDecided
	}
	if reason != "" {
		if err := CheckReason(reason, prize.UserID); err != nil {
			return Decision{}, err
		}
	}
	c.emitMoney(now, event)
	c.decided.change(number, changes{prize: wanted})
	return Decision{Seq: c.decided.chain.Seq, Number: number}, nil
}

// PrizeConfirmed says that a pending prize has reached its winner.
type PrizeConfirmed struct{ Number uint32 }

func (*PrizeConfirmed) kind() kind { return 12 }

func (d *PrizeConfirmed) append(dst []byte) []byte {
	return binary.AppendUvarint(dst, uint64(d.Number))
}

func (d *PrizeConfirmed) read(r *wire.Reader) { d.Number = r.Number() }

func (d *PrizeConfirmed) apply(c *Competition, e *Event) error {
	return c.applyPrizeDecided(e, d, ledger.DistributedPrize, "")
}

func (*PrizeConfirmed) effect() Effect { return Effect{} }

var _ monetary = (*PrizeConfirmed)(nil)

func (d *PrizeConfirmed) decides() (number uint32) { return d.Number }

func (*PrizeConfirmed) enter(*balances, int64) {}

func (d *PrizeConfirmed) derive(l *ledgerWriter, rows *ledger.Rows, e *Event) {
	if prize, ok := l.prizeOf(d.Number); ok {
		l.move(rows, e, 0, ledger.Payout, ledger.WalletOf(prize.UserID), ledger.OutsideOf(prize.UserID), prize.Minor)
		prize.Status, prize.DistributedAt = ledger.DistributedPrize, e.At
		rows.Prizes = append(rows.Prizes, prize)
	}
}

// PrizeFailed says that a pending prize cannot be paid.
type PrizeFailed struct {
	Number uint32
	Reason string
}

func (*PrizeFailed) kind() kind { return 13 }

func (d *PrizeFailed) append(dst []byte) []byte {
	return wire.AppendString(binary.AppendUvarint(dst, uint64(d.Number)), d.Reason)
}

func (d *PrizeFailed) read(r *wire.Reader) { d.Number, d.Reason = r.Number(), r.String() }

func (d *PrizeFailed) apply(c *Competition, e *Event) error {
	return c.applyPrizeDecided(e, d, ledger.FailedPrize, d.Reason)
}

func (*PrizeFailed) effect() Effect { return Effect{} }

var _ reasoned = (*PrizeFailed)(nil)

func (d *PrizeFailed) reason() string { return d.Reason }

var _ monetary = (*PrizeFailed)(nil)

func (d *PrizeFailed) decides() (number uint32) { return d.Number }

func (*PrizeFailed) enter(b *balances, prize int64) { b.prizes -= prize }

func (d *PrizeFailed) derive(l *ledgerWriter, rows *ledger.Rows, e *Event) {
	if prize, ok := l.prizeOf(d.Number); ok {
		l.move(rows, e, 0, ledger.PrizePayment, ledger.WalletOf(prize.UserID), l.pool(), prize.Minor)
		prize.Status, prize.Reason = ledger.FailedPrize, d.Reason
		rows.Prizes = append(rows.Prizes, prize)
	}
}

// applyPrizeDecided brings a prize out of its pending state.
func (c *Competition) applyPrizeDecided(e *Event, d monetary, status ledger.PrizeStatus, reason string) error {
	w := c.distribution.find(d.decides())
	if w == nil || w.status != ledger.PendingPrize {
		return errors.New("it decides a prize that is not pending")
	}
	w.status, w.at, w.reason = status, e.At, reason
	c.distribution.decided++
	d.enter(&c.balances, w.minor)
	return nil
}
