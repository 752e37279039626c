package competition

import (
	"encoding/binary"
	"errors"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/competition/wire"
)

// collect decides the entry fee of a participant who has just joined. Participants
// who left after the start and return have paid already.
func (c *Competition) collect(now calendar.Millis, number uint32) {
	if minor := c.decided.definition.EntryFeeMinor; minor > 0 && c.paidBy(number) == 0 {
		c.decided.change(number, changes{paid: minor, paidChanged: true})
		c.emitMoney(now, &EntryFeePaid{fee{Number: number, Minor: minor}})
	}
}

// overflows reports whether the pool has no room for one more fee, which no
// currency on earth has brought about.
func (c *Competition) overflows(number uint32) bool {
	return c.paidBy(number) == 0 && c.decided.definition.EntryFeeMinor > ledger.MaxBalance-c.decided.balances.fees
}

// refund decides that a participant gets back what was paid, to the minor unit,
// whatever the fee is by now.
func (c *Competition) refund(now calendar.Millis, number uint32) {
	if paid := c.paidBy(number); paid > 0 {
		c.decided.change(number, changes{paid: 0, paidChanged: true})
		c.emitMoney(now, &EntryFeeRefunded{fee{Number: number, Minor: paid}})
	}
}

// emitMoney decides an event that moves money, and sends what it writes into
// the ledger along. It panics rather than break an invariant of the balances:
// that would be a fault of this program, and nothing of it is written then.
func (c *Competition) emitMoney(now calendar.Millis, d monetary) {
	e := Event{Seq: c.decided.chain.Seq + 1, At: now, Detail: d}
	l := ledgerWriter{
		competitionID: c.ID(), currency: c.decided.definition.Currency, prizeOf: c.decidedPrize,
		userOf: func(number uint32) string { return c.identityOf(number).UserID },
	}
	if err := l.write(&c.outbox.Rows, &e, d, &c.decided.balances); err != nil {
		panic("competition " + c.ID() + ": " + err.Error())
	}
	c.emit(e)
}

// fee is the part of an event that moves an entry fee.
type fee struct {
	Number uint32
	Minor  int64 // above 0, and exactly what was paid
}

func (f *fee) append(dst []byte) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(f.Number)), uint64(f.Minor))
}

func (f *fee) read(r *wire.Reader) { f.Number, f.Minor = r.Number(), r.Amount() }

func (*fee) effect() Effect { return Effect{} }

func (*fee) decides() (number uint32) { return 0 }

// EntryFeePaid follows an enrolment or a return at once: the fee came in.
type EntryFeePaid struct{ fee }

func (*EntryFeePaid) kind() kind { return 9 }

func (d *EntryFeePaid) apply(c *Competition, _ *Event) error {
	if !c.participants.has(d.Number) || d.Minor <= 0 || d.Minor > ledger.MaxBalance-c.balances.fees {
		return errors.New("it is a fee that nobody can have paid")
	}
	p := c.participants.at(d.Number)
	if p.paid != 0 {
		return errors.New("it is a fee of somebody who has paid already")
	}
	p.paid = d.Minor
	d.enter(&c.balances, 0)
	c.markChanged(p)
	return nil
}

var _ monetary = (*EntryFeePaid)(nil)

func (d *EntryFeePaid) enter(b *balances, _ int64) { b.fees += d.Minor }

func (d *EntryFeePaid) derive(l *ledgerWriter, rows *ledger.Rows, e *Event) {
	l.move(rows, e, 0, ledger.EntryFee, ledger.OutsideOf(l.userOf(d.Number)), l.pool(), d.Minor)
}

// EntryFeeRefunded gives back what a participant paid.
type EntryFeeRefunded struct{ fee }

func (*EntryFeeRefunded) kind() kind { return 10 }

func (d *EntryFeeRefunded) apply(c *Competition, _ *Event) error {
	if !c.participants.has(d.Number) || d.Minor <= 0 || c.participants.at(d.Number).paid != d.Minor {
		return errors.New("it refunds what was not paid")
	}
	p := c.participants.at(d.Number)
	p.paid = 0
	d.enter(&c.balances, 0)
	c.markChanged(p)
	return nil
}

var _ monetary = (*EntryFeeRefunded)(nil)

func (d *EntryFeeRefunded) enter(b *balances, _ int64) { b.fees -= d.Minor }

func (d *EntryFeeRefunded) derive(l *ledgerWriter, rows *ledger.Rows, e *Event) {
	l.move(rows, e, 0, ledger.Refund, l.pool(), ledger.OutsideOf(l.userOf(d.Number)), d.Minor)
}
