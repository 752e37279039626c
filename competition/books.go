package competition

import (
	"fmt"
	"math"
)

// maxBalance bounds what may be paid into one pool, so that no sum overflows.
const maxBalance = math.MaxInt64 / 4

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

// enter notes an event; minor is the amount of the prize that a PrizeFailed is
// about.
func (b *books) enter(e *Event, minor int64) {
	switch d := e.Detail.(type) {
	case *EntryFeePaid:
		b.fees += d.Minor
	case *EntryFeeRefunded:
		b.fees -= d.Minor
	case *PrizesDistributed:
		b.sponsor += d.SponsorMinor
		b.prizes += d.total()
	case *PrizeFailed:
		b.prizes -= minor
	}
}

// LedgerRows is what one event, or one batch, writes into the ledger.
type LedgerRows struct {
	Transactions []Transaction
	Prizes       []Prize // as they are from now on
}

// ledgerOf is what the ledger needs to know besides an event.
type ledgerOf struct {
	competitionID string
	currency      string
	userOf        func(number uint32) string
	prizeOf       func(number uint32) (Prize, bool) // as it was before the event
}

// derive appends to rows what an event does to the ledger; no event is too odd
// for it. Cost: linear in the event's prizes.
func (l *ledgerOf) derive(rows *LedgerRows, e *Event) {
	id := TransactionID{CompetitionID: l.competitionID, Seq: e.Seq}
	pool := Account{PoolAccount, l.competitionID}
	add := func(t TransactionType, from, to Account, minor int64) {
		rows.Transactions = append(rows.Transactions, transfer(id, t, l.currency, e.At, from, to, minor))
	}
	switch d := e.Detail.(type) {
	case *EntryFeePaid:
		add(EntryFee, Account{OutsideAccount, l.userOf(d.Number)}, pool, d.Minor)
	case *EntryFeeRefunded:
		add(Refund, pool, Account{OutsideAccount, l.userOf(d.Number)}, d.Minor)
	case *PrizesDistributed:
		if d.SponsorMinor != 0 {
			add(Sponsorship, Account{SponsorAccount, l.competitionID}, pool, d.SponsorMinor)
		}
		for _, w := range d.Prizes {
			id.N++
			prize := Prize{
				CompetitionID: l.competitionID, Number: w.Number, UserID: l.userOf(w.Number), Rank: w.Rank,
				Minor: w.Minor, Currency: l.currency, Status: PendingPrize, CreatedAt: e.At,
			}
			if !d.Pending {
				prize.Status, prize.DistributedAt = DistributedPrize, e.At
			}
			add(PrizePayment, pool, Account{WalletAccount, prize.UserID}, w.Minor)
			rows.Prizes = append(rows.Prizes, prize)
		}
	case *PrizeConfirmed:
		if prize, ok := l.prizeOf(d.Number); ok {
			add(Payout, Account{WalletAccount, prize.UserID}, Account{OutsideAccount, prize.UserID}, prize.Minor)
			prize.Status, prize.DistributedAt = DistributedPrize, e.At
			rows.Prizes = append(rows.Prizes, prize)
		}
	case *PrizeFailed:
		if prize, ok := l.prizeOf(d.Number); ok {
			add(PrizePayment, Account{WalletAccount, prize.UserID}, pool, prize.Minor)
			prize.Status, prize.Reason = FailedPrize, d.Reason
			rows.Prizes = append(rows.Prizes, prize)
		}
	}
}

// checkWallet fails if an event breaks B3: a wallet has only prizes that are
// pending, or were paid into it for good.
func (l *ledgerOf) checkWallet(e *Event) error {
	var number uint32
	switch d := e.Detail.(type) {
	case *PrizeConfirmed:
		number = d.Number
	case *PrizeFailed:
		number = d.Number
	default:
		return nil
	}
	if prize, ok := l.prizeOf(number); !ok || prize.Status != PendingPrize {
		return fmt.Errorf("participant %d's wallet has no prize that it could give", number)
	}
	return nil
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
