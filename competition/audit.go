package competition

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// Audited is what a competition's journal says.
type Audited struct {
	CompetitionID string
	First, Seq    uint64   // of the records that there are
	Findings      []string // what is wrong

	// Whole says that the journal has its beginning. Else retention has removed
	// it, and the ledger cannot be derived: only its balances are known.
	Whole        bool
	Transactions []ledger.Transaction // if Whole: all of them
	Pool         int64                // the pool's balance
	Prizes       []ledger.Prize       // by number, as they are now
}

func (a *Audited) find(format string, args ...any) {
	a.Findings = append(a.Findings, fmt.Sprintf(format, args...))
}

// Audit reads a competition's journal, which begins with the seq first, and takes
// nothing for granted: checksums, the hash chain, the identities, that each event
// fits the state before it, that the prizes are those that the standings come to,
// that the ledger balances, and that the snapshot with the journal after it comes
// to the same state as the journal alone. What is wrong is a finding; an error is
// the source's, or ctx's. progress is told how many records were read. Cost: that
// of recovering the competition twice.
func Audit(ctx context.Context, id string, first uint64, from Source, progress func(records int)) (*Audited, error) {
	a := &Audited{CompetitionID: id, First: first, Whole: first <= 1}
	restored, err := Recover(ctx, id, from, func() Key { return Key{} }, nil)
	if err != nil {
		return a, a.damage(err)
	}
	a.Seq, a.Pool = restored.Seq(), restored.balances.pool()
	if restored.distribution != nil {
		a.Prizes = restored.Prizes(len(restored.distribution.prizes)).Prizes
		slices.SortFunc(a.Prizes, func(p, q ledger.Prize) int { return int(int64(p.Number) - int64(q.Number)) })
	}
	if !a.Whole {
		return a, a.damage(readChain(ctx, id, first, from, progress))
	}
	replayed, err := a.replay(ctx, id, from, progress)
	switch {
	case err != nil:
		return a, a.damage(err)
	case replayed.Seq() == restored.Seq() && !sameCompetition(restored, replayed):
		a.find("the snapshot and the journal after it come to another state than the journal alone")
	}
	// Somebody may have written between the two readings.
	a.Transactions = slices.DeleteFunc(a.Transactions, func(t ledger.Transaction) bool { return t.ID.Seq > a.Seq })
	return a, nil
}

// replay derives everything from the journal alone.
func (a *Audited) replay(ctx context.Context, id string, from Source, progress func(records int)) (*Competition, error) {
	r := newRecovery(New(id, func() Key { return Key{} }), func(_, records int) { progress(records) })
	deriver, wallets := NewLedgerDeriver(id), map[string]int64{}
	userOf := func(number uint32) string { return r.who(number).UserID }
	var rows ledger.Rows
	r.before = func(e *Event) error {
		a.judge(r.c, e)
		if err := deriver.Derive(&rows, e, userOf); err != nil {
			a.find("seq %d: %v", e.Seq, err)
		}
		a.countWallets(wallets, rows.Transactions[len(a.Transactions):])
		a.Transactions, rows.Prizes = rows.Transactions, rows.Prizes[:0]
		return nil
	}
	if err := r.identify(ctx, from, r.identity); err != nil {
		return nil, err
	}
	return r.c, r.replay(ctx, from)
}

// readChain verifies the records of a journal without its beginning.
func readChain(ctx context.Context, id string, first uint64, from Source, progress func(records int)) error {
	var chain Chain
	read := 0
	return from.Read(ctx, id, first-1, func(records []byte) (err error) {
		if read == 0 {
			chain, err = ChainBefore(id, records)
		}
		for ; err == nil && len(records) > 0; read++ {
			_, records, err = chain.Next(records)
		}
		progress(read)
		return err
	})
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
func (a *Audited) countWallets(wallets map[string]int64, transactions []ledger.Transaction) {
	for i := range transactions {
		for _, p := range transactions[i].Postings {
			if p.Account.Kind != ledger.WalletAccount {
				continue
			}
			if wallets[p.Account.Owner] += p.Minor; wallets[p.Account.Owner] < 0 {
				a.find("transaction %v takes from %v what is not there", transactions[i].ID, p.Account)
			}
		}
	}
}

// Compare holds the stored ledger against what the journal says of it. Rows of
// events after a.Seq are left out, so that a server may be at work meanwhile.
func (a *Audited) Compare(ctx context.Context, stored ledger.Store) error {
	var seen []ledger.Transaction
	var prizes []ledger.Prize
	err := stored.ReadLedger(ctx, a.CompetitionID,
		func(t ledger.Transaction) error {
			if t.ID.Seq <= a.Seq {
				seen = append(seen, t)
			}
			return nil
		},
		func(p ledger.Prize) error {
			prizes = append(prizes, p)
			return nil
		})
	if err != nil {
		return a.damage(fmt.Errorf("read the ledger: %w", err))
	}
	if a.Whole {
		a.compareTransactions(seen)
	}
	a.balance(seen)
	a.comparePrizes(prizes)
	return a.compareUsers(ctx, seen, prizes, stored)
}

// compareTransactions walks both lists, which are in the order of ids.
func (a *Audited) compareTransactions(seen []ledger.Transaction) {
	want := a.Transactions
	for len(want) > 0 || len(seen) > 0 {
		switch {
		case len(seen) == 0 || len(want) > 0 && want[0].ID.Before(seen[0].ID):
			a.find("transaction %v is missing from the ledger", want[0].ID)
			want = want[1:]
		case len(want) == 0 || seen[0].ID.Before(want[0].ID):
			a.find("transaction %v of the ledger follows from no event", seen[0].ID)
			seen = seen[1:]
		default:
			if !seen[0].Equal(&want[0]) {
				a.find("transaction %v of the ledger is not what its event says", want[0].ID)
			}
			want, seen = want[1:], seen[1:]
		}
	}
}

// balance checks the stored transactions by themselves.
func (a *Audited) balance(seen []ledger.Transaction) {
	var pool int64
	wallets := map[string]int64{}
	a.countWallets(wallets, seen)
	for i := range seen {
		if err := seen[i].Check(); err != nil {
			a.find("%v", err)
		}
		for _, p := range seen[i].Postings {
			if p.Account.Kind == ledger.PoolAccount {
				if pool += p.Minor; pool < 0 {
					a.find("transaction %v leaves the pool with %d", seen[i].ID, pool)
				}
			}
		}
	}
	if pool != a.Pool {
		a.find("the pool's account has %d minor units, and should have %d", pool, a.Pool)
	}
}

func (a *Audited) comparePrizes(seen []ledger.Prize) {
	if slices.Equal(seen, a.Prizes) {
		return
	}
	stored := map[uint32]ledger.Prize{}
	for _, p := range seen {
		stored[p.Number] = p
	}
	for _, want := range a.Prizes {
		switch got, ok := stored[want.Number]; {
		case !ok:
			a.find("prize %v is missing", want.ID())
		case got != want:
			a.find("prize %v is stored as %v of %d for %q, and is %v of %d for %q", want.ID(), got.Status, got.Minor, got.UserID, want.Status, want.Minor, want.UserID)
		}
		delete(stored, want.Number)
	}
	for _, p := range stored {
		a.find("prize %v was never distributed", p.ID())
	}
}

// compareUsers looks whether everybody finds in the lists what the ledger has.
func (a *Audited) compareUsers(ctx context.Context, seen []ledger.Transaction, prizes []ledger.Prize, stored ledger.Store) error {
	sides := map[string][]ledger.UserTransaction{}
	for i := range seen {
		for userID, side := range seen[i].UserTransactions() {
			sides[userID] = append(sides[userID], side)
		}
	}
	won := map[string][]ledger.Prize{}
	for _, p := range prizes {
		won[p.UserID] = append(won[p.UserID], p)
	}
	for userID, want := range sides {
		var got []ledger.UserTransaction
		from, oldest := span(want)
		err := stored.TransactionsOf(ctx, userID, from, func(t ledger.UserTransaction) bool {
			if t.ID.CompetitionID == a.CompetitionID && t.ID.Seq <= a.Seq {
				got = append(got, t)
			}
			return t.At >= oldest
		})
		if err != nil {
			return a.damage(err)
		}
		slices.SortFunc(got, func(t, u ledger.UserTransaction) int {
			if t.ID.Before(u.ID) {
				return -1
			}
			return 1
		})
		if !slices.Equal(want, got) {
			a.find("the transactions that user %q is shown are not those of the ledger", userID)
		}
	}
	for userID, want := range won {
		var got []ledger.Prize
		err := stored.PrizesOf(ctx, userID, ledger.Place{}, func(p ledger.Prize) bool {
			if p.CompetitionID == a.CompetitionID {
				got = append(got, p)
			}
			return true
		})
		if err != nil {
			return a.damage(err)
		}
		if !slices.Equal(want, got) {
			a.find("the prizes that user %q is shown are not those of the competition", userID)
		}
	}
	return nil
}

// span returns where a reading begins that has all of a user's transactions, and the
// time of the oldest.
func span(of []ledger.UserTransaction) (from ledger.Place, oldest calendar.Millis) {
	oldest = of[0].At
	for i := range of {
		from.At, oldest = max(from.At, of[i].At), min(oldest, of[i].At)
	}
	from.At++ // after all of its own time
	return from, oldest
}

// sameCompetition compares two states to the last row.
func sameCompetition(a, b *Competition) bool {
	if !bytes.Equal(a.header(), b.header()) || a.balances != b.balances || a.onBoard != b.onBoard {
		return false
	}
	for number := uint32(1); number <= a.participants.count; number++ {
		p, q := a.participants.at(number), b.participants.at(number)
		if p.key() != q.key() || p.present != q.present || p.paid != q.paid || p.totals != q.totals ||
			p.userID != q.userID || p.userName != q.userName || !bytes.Equal(p.days, q.days) || !reflect.DeepEqual(p.review, q.review) {
			return false
		}
	}
	return true
}
