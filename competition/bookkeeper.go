package competition

import "errors"

// Bookkeeper works the ledger of one competition out of its events, as the
// competition did when it decided them. Who has the journal and the identities
// can so write the ledger's rows again, or compare them.
type Bookkeeper struct {
	ledger ledgerOf
	books  books
	prizes map[uint32]Prize
}

// NewBookkeeper begins with the empty ledger of a competition.
func NewBookkeeper(competitionID string) *Bookkeeper {
	k := &Bookkeeper{prizes: map[uint32]Prize{}}
	k.ledger = ledgerOf{competitionID: competitionID, prizeOf: func(number uint32) (Prize, bool) {
		prize, ok := k.prizes[number]
		return prize, ok
	}}
	return k
}

// Enter appends what an event writes into the ledger to rows, nothing for most.
// It is to be given every event of the journal, in order; userOf tells who a
// participant is. The error says which invariant of the books the event breaks;
// the rows are appended all the same. Cost: linear in the event's prizes.
func (k *Bookkeeper) Enter(rows *LedgerRows, e *Event, userOf func(number uint32) string) error {
	if d, ok := e.Detail.(defining); ok {
		k.ledger.currency = d.defined().Currency
	}
	if d, ok := e.Detail.(monetary); ok {
		return k.enterMoney(rows, e, d, userOf)
	}
	return nil
}

func (k *Bookkeeper) enterMoney(rows *LedgerRows, e *Event, d monetary, userOf func(number uint32) string) error {
	transactions, prizes := len(rows.Transactions), len(rows.Prizes)
	k.ledger.userOf = userOf
	prize, wallet := k.ledger.prizeFor(d)
	d.derive(&k.ledger, rows, e)
	before := k.books.pool()
	d.enter(&k.books, prize.Minor)
	for _, prize := range rows.Prizes[prizes:] {
		k.prizes[prize.Number] = prize
	}
	return errors.Join(wallet, k.books.check(before, rows.Transactions[transactions:]))
}
