package competition

import (
	"fmt"

	"github.com/paceboard/paceboard/competition/ledger"
)

// books are what the events of a competition have done with money.
//
// Invariants, checked whenever a transaction is decided:
//
//	B1  the postings of a transaction add up to 0
//	B2  the pool's balance is fees + sponsor - prizes, and not below 0
//	B3  a wallet gets a prize once, and gives at most that: what it has from
//	    this competition is never below 0
type books struct {
	fees    int64 // paid in, without those refunded
	sponsor int64 // added by the sponsor
	prizes  int64 // paid to wallets, without those that failed
}

func (b *books) pool() int64 { return b.fees + b.sponsor - b.prizes }

// ledgerOf is what the ledger needs to know besides an event.
type ledgerOf struct {
	competitionID string
	currency      string
	userOf        func(number uint32) string
	prizeOf       func(number uint32) (Prize, bool) // as it was before the event
}

// move appends the transaction that takes an amount above 0 from one account to
// another: the nth of the event's, or its only one (0).
func (l *ledgerOf) move(rows *LedgerRows, e *Event, n uint32, t TransactionType, from, to Account, minor int64) {
	id := TransactionID{CompetitionID: l.competitionID, Seq: e.Seq, N: n}
	rows.Transactions = append(rows.Transactions, ledger.Transfer(id, t, l.currency, e.At, from, to, minor))
}

// pool is the account of the competition's prize pool.
func (l *ledgerOf) pool() Account { return ledger.PoolOf(l.competitionID) }

// prizeFor is the prize that an event decides, as it was before, or the zero
// value if it decides none. The error says that the event breaks B3: a wallet has
// only prizes that are pending, or were paid into it for good.
func (l *ledgerOf) prizeFor(d monetary) (Prize, error) {
	number := d.decides()
	if number == 0 {
		return Prize{}, nil
	}
	prize, ok := l.prizeOf(number)
	if !ok || prize.Status != PendingPrize {
		return prize, fmt.Errorf("participant %d's wallet has no prize that it could give", number)
	}
	return prize, nil
}

// check fails if the transactions break B1 or, taking the pool from one balance
// to that of the books, B2.
func (b *books) check(before int64, transactions []Transaction) error {
	pool := before
	for i := range transactions {
		t := &transactions[i]
		if err := t.Check(); err != nil {
			return err
		}
		for _, p := range t.Postings {
			if p.Account.Kind == PoolAccount {
				pool += p.Minor
			}
		}
		if pool < 0 {
			return fmt.Errorf("transaction %v leaves the pool with %d", t.ID, pool)
		}
	}
	if pool != b.pool() {
		return fmt.Errorf("the pool has %d, and fees of %d, %d from the sponsor and prizes of %d leave %d", pool, b.fees, b.sponsor, b.prizes, b.pool())
	}
	return nil
}

// enterAward notes a distribution that a snapshot tells of.
func (b *books) enterAward(a *award) {
	b.sponsor += a.sponsor
	for i := range a.prizes {
		if a.prizes[i].status != FailedPrize {
			b.prizes += a.prizes[i].minor
		}
	}
}

// monetary is a Detail that moves money: it writes into the ledger. Nothing else
// does.
type monetary interface {
	Detail

	// decides is the participant whose pending prize the event decides, or 0.
	decides() (number uint32)

	// derive appends to rows what the event e, whose detail it is, does to the
	// ledger; no event is too odd for it.
	derive(l *ledgerOf, rows *LedgerRows, e *Event)

	// enter notes the event in the books. prize is the amount of the prize that it
	// decides.
	enter(b *books, prize int64)
}
