package competition

import (
	"errors"
	"fmt"

	"github.com/paceboard/paceboard/competition/ledger"
)

// LedgerDeriver works the ledger of one competition out of its events, as the
// competition did when it decided them. With the journal and the identities, the
// ledger's rows can so be written again, or compared.
type LedgerDeriver struct {
	ledger   ledgerWriter
	balances balances
	prizes   map[uint32]ledger.Prize
}

// NewLedgerDeriver begins with the empty ledger of a competition.
func NewLedgerDeriver(competitionID string) *LedgerDeriver {
	l := &LedgerDeriver{prizes: map[uint32]ledger.Prize{}}
	l.ledger = ledgerWriter{competitionID: competitionID, prizeOf: func(number uint32) (ledger.Prize, bool) {
		prize, ok := l.prizes[number]
		return prize, ok
	}}
	return l
}

// Derive appends what an event writes into the ledger to rows, nothing for most.
// It is to be given every event of the journal, in order; userOf tells who a
// participant is. The error says which invariant of the balances the event breaks;
// the rows are appended all the same. Cost: linear in the event's prizes.
func (l *LedgerDeriver) Derive(rows *ledger.Rows, e *Event, userOf func(number uint32) string) error {
	if d, ok := e.Detail.(defining); ok {
		l.ledger.currency = d.defined().Currency
	}
	d, ok := e.Detail.(monetary)
	if !ok {
		return nil
	}
	prizes := len(rows.Prizes)
	l.ledger.userOf = userOf
	err := l.ledger.write(rows, e, d, &l.balances)
	for _, prize := range rows.Prizes[prizes:] {
		l.prizes[prize.Number] = prize
	}
	return err
}

// ledgerWriter writes what events do with money into the ledger, with what there is to
// know besides an event.
type ledgerWriter struct {
	competitionID string
	currency      string
	userOf        func(number uint32) string
	prizeOf       func(number uint32) (ledger.Prize, bool) // as it was before the event
}

// write appends to rows what the event e, whose detail is d, does to the ledger, and
// enters it in the balances. The error says which invariant it breaks.
func (l *ledgerWriter) write(rows *ledger.Rows, e *Event, d monetary, b *balances) error {
	done, before := len(rows.Transactions), b.pool()
	prize, err := l.prizeFor(d)
	d.derive(l, rows, e)
	d.enter(b, prize.Minor)
	return errors.Join(err, b.check(before, rows.Transactions[done:]))
}

// move appends the transaction that takes an amount above 0 from one account to
// another: the nth of the event's, or its only one (0).
func (l *ledgerWriter) move(rows *ledger.Rows, e *Event, n uint32, t ledger.TransactionType, from, to ledger.Account, minor int64) {
	id := ledger.TransactionID{CompetitionID: l.competitionID, Seq: e.Seq, N: n}
	rows.Transactions = append(rows.Transactions, ledger.Transfer(id, t, l.currency, e.At, from, to, minor))
}

func (l *ledgerWriter) pool() ledger.Account { return ledger.PoolOf(l.competitionID) }

// prizeFor returns the prize that an event decides, as it was before, or the zero
// value if it decides none. The error says that the event breaks B3: a wallet has
// only prizes that are pending, or were paid into it for good.
func (l *ledgerWriter) prizeFor(d monetary) (ledger.Prize, error) {
	number := d.decides()
	if number == 0 {
		return ledger.Prize{}, nil
	}
	prize, ok := l.prizeOf(number)
	if !ok || prize.Status != ledger.PendingPrize {
		return prize, fmt.Errorf("participant %d's wallet has no prize that it could give", number)
	}
	return prize, nil
}

// monetary is a Detail that moves money: it writes into the ledger. Nothing else
// does.
type monetary interface {
	Detail

	// decides returns the participant whose pending prize the event decides, or 0.
	decides() (number uint32)

	// derive appends to rows what the event e, whose detail it is, does to the
	// ledger; no event is too odd for it.
	derive(l *ledgerWriter, rows *ledger.Rows, e *Event)

	// enter notes the event in the balances. prize is the amount of the prize that it
	// decides.
	enter(b *balances, prize int64)
}
