package competition

import (
	"context"
	"math/big"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/ledger"
)

// The money of the model: balances by the names of accounts, moved by the rules
// of openapi.yaml, and prizes worked out with fractions.

func (m *model) move(from, to string, minor int64) {
	m.balances[from] -= minor
	m.balances[to] += minor
}

// pay: joining costs the fee, but for who has paid and not got it back.
func (m *model) pay(p *modelPerson, id string) {
	if p.paid == 0 {
		p.paid = m.def.EntryFeeMinor
		m.move("outside/"+id, "pool/spring", p.paid)
	}
}

func (m *model) refund(p *modelPerson, id string) {
	m.move("pool/spring", "outside/"+id, p.paid)
	p.paid = 0
}

func (m *model) distribute(cmd *DistributePrizes) error {
	pool := m.def.PrizePoolMinor
	if pool == 0 {
		pool = cmd.PoolMinor
	}
	switch {
	case !cmd.Operator:
		return ErrForbidden
	case !m.created:
		return ErrUnknownCompetition
	case m.cancelled:
		return ErrClosed
	case m.settled:
		return nil
	case m.status() != Completed:
		return ErrNotFinal
	case pool == 0:
		return ErrNoPrizePool
	}
	entries := m.board().entries
	var scores []int64
	for _, e := range entries {
		if e.Score > 0 {
			scores = append(scores, e.Score)
		}
	}
	var total int64
	for i, minor := range naiveSplit(pool, m.def.PrizeSplit, scores) {
		if minor == 0 {
			continue
		}
		prize := modelPrize{user: entries[i].UserID, rank: i + 1, minor: minor, status: "pending", created: m.now}
		if !cmd.Pending {
			prize.status, prize.distributed = "distributed", m.now
		}
		m.prizes = append(m.prizes, prize)
		total += minor
	}
	if lacking := total - m.balances["pool/spring"]; lacking > 0 {
		m.move("sponsor/spring", "pool/spring", lacking)
	}
	for _, p := range m.prizes {
		m.move("pool/spring", "wallet/"+p.user, p.minor)
	}
	m.settled, m.settledAt = true, m.now
	clear(m.kept)
	return nil
}

func (m *model) decidePrize(caller Caller, number uint32, status, reason string) error {
	i := slices.IndexFunc(m.prizes, func(p modelPrize) bool { return uint32(m.people[p.user].number) == number })
	switch {
	case !caller.Operator:
		return ErrForbidden
	case !m.created:
		return ErrUnknownCompetition
	case i < 0:
		return ErrUnknownPrize
	case m.prizes[i].status == status:
		return nil
	case m.prizes[i].status != "pending":
		return ErrPrizeDecided
	}
	p := &m.prizes[i]
	p.status, p.reason = status, reason
	if status == "failed" {
		m.move("wallet/"+p.user, "pool/spring", p.minor)
		return nil
	}
	p.distributed = m.now
	m.move("wallet/"+p.user, "outside/"+p.user, p.minor)
	return nil
}

// naiveSplit is SplitPool as the contract words it: fractions, a place at a time.
func naiveSplit(pool int64, split, scores []int64) []int64 {
	places := min(len(split), len(scores))
	taken := new(big.Rat)
	for _, share := range split[:places] {
		taken.Add(taken, big.NewRat(share, 1))
	}
	amounts, rests, left := make([]int64, len(scores)), make([]*big.Rat, len(scores)), pool
	for i := range scores {
		shares, size := new(big.Rat), int64(0)
		for j := range scores { // the places that the equals cover
			if scores[j] == scores[i] {
				size++
				if j < places {
					shares.Add(shares, big.NewRat(split[j], 1))
				}
			}
		}
		due := new(big.Rat).Mul(big.NewRat(pool, size), shares)
		due.Quo(due, taken)
		whole := new(big.Int).Div(due.Num(), due.Denom())
		amounts[i] = whole.Int64()
		rests[i] = due.Sub(due, new(big.Rat).SetInt(whole))
		left -= amounts[i]
	}
	for ; left > 0 && len(scores) > 0; left-- {
		best := 0
		for i := range rests {
			if rests[i].Cmp(rests[best]) > 0 {
				best = i
			}
		}
		amounts[best]++
		rests[best] = big.NewRat(-1, 1)
	}
	return amounts
}

// agreeOnMoney holds the ledger's rows, and what can be asked of the prizes,
// against the visible model.
func (r *harness) agreeOnMoney() {
	t := r.t
	balances := map[string]int64{}
	ids := map[ledger.TransactionID]bool{}
	for i := range r.store.ledger.Transactions {
		transaction := &r.store.ledger.Transactions[i]
		require.NoError(t, transaction.Check())
		require.False(t, ids[transaction.ID], "B1: a transaction twice")
		ids[transaction.ID] = true
		for _, p := range transaction.Postings {
			balances[p.Account.String()] += p.Minor
			if k := p.Account.Kind; k == ledger.PoolAccount || k == ledger.WalletAccount {
				require.GreaterOrEqual(t, balances[p.Account.String()], int64(0), "B2, B3")
			}
		}
	}
	for account, balance := range r.shown.balances {
		require.Equal(t, balance, balances[account], account)
	}
	require.Equal(t, r.shown.balances["pool/spring"], r.c.balances.pool(), "B2")

	rows := map[uint32]ledger.Prize{}
	for _, p := range r.store.ledger.Prizes {
		rows[p.Number] = p
	}
	require.Len(t, rows, len(r.shown.prizes))
	reply := r.c.Prizes(1000)
	require.Len(t, reply.Prizes, len(r.shown.prizes))
	for i, p := range r.shown.prizes {
		want := ledger.Prize{
			CompetitionID: "spring", Number: uint32(r.shown.people[p.user].number), UserID: p.user, Rank: p.rank, Minor: p.minor,
			Currency: r.shown.def.Currency, CreatedAt: p.created, DistributedAt: p.distributed, Reason: p.reason,
		}
		want.Status, _ = ledger.ParsePrizeStatus(p.status)
		require.Equal(t, want, reply.Prizes[i])
		require.Equal(t, want, rows[want.Number], "the prize's row")
	}
	for _, p := range r.shown.people {
		require.Equal(t, p.paid, r.c.participants.at(uint32(p.number)).paid)
	}
}

// auditSays audits the store, which has nothing wrong in it, and compares the
// ledger that the journal comes to with the one that was written.
func (r *harness) auditSays() {
	audited, err := Audit(context.Background(), "spring", 1, r.store, func(int) {})
	require.NoError(r.t, err)
	require.Empty(r.t, audited.Findings)
	require.Equal(r.t, r.c.Seq(), audited.Seq)
	require.Equal(r.t, r.store.ledger.Transactions, audited.Transactions)
	require.Equal(r.t, r.c.balances.pool(), audited.Pool)
}
