package competition

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
)

// Audited is what a competition's journal says, read from its first record on.
type Audited struct {
	Events   uint64
	Seq      uint64     // the last record
	Ledger   LedgerRows // in the order of the events; of each prize the last row counts
	Findings []string   // what is wrong
}

func (a *Audited) find(format string, args ...any) {
	a.Findings = append(a.Findings, fmt.Sprintf(format, args...))
}

// Audit reads the whole journal of a competition and takes nothing for granted:
// checksums, the hash chain, the identities, that each event fits the state
// before it, that the prizes are those that the standings come to, that the
// ledger balances, and that the snapshot with the journal behind it comes to the
// same state as the journal alone. What is wrong is a finding; an error is the
// source's, or ctx's. progress is told how many records were read.
func Audit(ctx context.Context, id string, from Source, progress func(records int)) (*Audited, error) {
	a := &Audited{}
	noKey := func() Key { return Key{} }
	r := &recovery{
		c: New(id, noKey), identities: map[uint32]Identity{}, committed: map[uint32]commitment{},
		progress: func(_, records int) { progress(records) },
	}
	books := NewBookkeeper(id)
	wallets := map[string]int64{}
	r.before = func(e *Event) error {
		a.Events++
		a.judge(r.c, e)
		done := len(a.Ledger.Transactions)
		if err := books.Enter(&a.Ledger, e, func(number uint32) string { return r.who(number).UserID }); err != nil {
			a.find("seq %d: %v", e.Seq, err)
		}
		a.countWallets(wallets, a.Ledger.Transactions[done:])
		return nil
	}
	if err := from.ReadIdentities(ctx, id, r.identity); err != nil {
		return nil, fmt.Errorf("read identities: %w", err)
	}
	if err := r.replay(ctx, from); err != nil {
		return a, a.damage(err)
	}
	a.Seq = r.c.Seq()
	restored, err := Recover(ctx, id, from, noKey, nil)
	if err != nil {
		return a, a.damage(err)
	}
	if restored.Seq() == r.c.Seq() && !sameCompetition(restored, r.c) {
		a.find("the snapshot and the journal behind it come to another state than the journal alone")
	}
	return a, nil
}

// damage makes a finding of what is wrong with the records; the rest is an error.
func (a *Audited) damage(err error) error {
	if errors.Is(err, ErrCorrupt) {
		a.find("%v", err)
		return nil
	}
	return err
}

// judge compares prizes with what the state that they rest on comes to.
func (a *Audited) judge(c *Competition, e *Event) {
	d, ok := e.Detail.(*PrizesDistributed)
	if !ok {
		return
	}
	want, err := c.winners(d.PoolMinor)
	if err != nil || !slices.Equal(want, d.Prizes) {
		a.find("seq %d: the prizes are not those that the standings come to", e.Seq)
	}
}

// countWallets notes what users have from this competition, which is never less
// than nothing.
func (a *Audited) countWallets(wallets map[string]int64, transactions []Transaction) {
	for i := range transactions {
		for _, p := range transactions[i].Postings {
			if p.Account.Kind != WalletAccount {
				continue
			}
			if wallets[p.Account.Owner] += p.Minor; wallets[p.Account.Owner] < 0 {
				a.find("transaction %v takes from %v what is not there", transactions[i].ID, p.Account)
			}
		}
	}
}

// sameCompetition compares two states to the last row.
func sameCompetition(a, b *Competition) bool {
	if !bytes.Equal(a.appendHeader(nil), b.appendHeader(nil)) || a.books != b.books || a.onBoard != b.onBoard {
		return false
	}
	for number := uint32(1); number <= a.participants.count; number++ {
		p, q := a.participants.at(number), b.participants.at(number)
		if p.key() != q.key() || p.present != q.present || p.paid != q.paid || p.totals != q.totals ||
			p.userID != q.userID || p.userName != q.userName || !bytes.Equal(p.days, q.days) {
			return false
		}
	}
	return true
}
