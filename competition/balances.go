package competition

import (
	"fmt"

	"github.com/paceboard/paceboard/competition/ledger"
)

// balances are what the events of a competition have done with money.
//
// Invariants, checked whenever a transaction is decided:
//
//	B1  the postings of a transaction add up to 0
//	B2  the pool's balance is fees + sponsor - prizes, and not below 0
//	B3  a wallet gets a prize once, and gives at most that: what it has from
//	    this competition is never below 0
type balances struct {
	fees    int64 // paid in, without those refunded
	sponsor int64 // added by the sponsor
	prizes  int64 // paid to wallets, without those that failed
}

func (b *balances) pool() int64 { return b.fees + b.sponsor - b.prizes }

// check fails if the transactions break B1 or, with the pool at a balance before
// them, B2.
func (b *balances) check(before int64, transactions []ledger.Transaction) error {
	pool := before
	for i := range transactions {
		t := &transactions[i]
		if err := t.Check(); err != nil {
			return err
		}
		for _, p := range t.Postings {
			if p.Account.Kind == ledger.PoolAccount {
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

// enterDistribution notes a distribution that a snapshot tells of.
func (b *balances) enterDistribution(a *distribution) {
	b.sponsor += a.sponsor
	for i := range a.prizes {
		if a.prizes[i].status != ledger.FailedPrize {
			b.prizes += a.prizes[i].minor
		}
	}
}
