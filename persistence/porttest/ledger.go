package porttest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
)

var operator = competition.Caller{Operator: true}

// CreateWithPrizes decides the beginning of a competition that starts in an
// hour, takes a fee and has a pool.
func (g *Game) CreateWithPrizes(feeMinor, poolMinor int64) error {
	g.tick("")
	d := Definition(g.C.ID())
	d.Start, d.EntryFeeMinor, d.PrizePoolMinor, d.Currency = Start+msPerDay/24, feeMinor, poolMinor, "EUR"
	d.Complete()
	_, err := (&competition.CreateCompetition{Caller: operator, Definition: d}).Decide(g.C, g.Now)
	return err
}

// Finish lets time pass until the standings are final.
func (g *Game) Finish() {
	g.Now = Start + 7*msPerDay
	g.C.Tick(g.Now)
}

// Distribute decides the payment of the prizes.
func (g *Game) Distribute(pending bool) error {
	g.tick("")
	_, err := (&competition.DistributePrizes{Caller: operator, Pending: pending}).Decide(g.C, g.Now)
	return err
}

// ConfirmPrize and FailPrize decide what became of a pending prize.
func (g *Game) ConfirmPrize(number uint32) error {
	g.tick("")
	_, err := (&competition.ConfirmPrize{Caller: operator, Number: number}).Decide(g.C, g.Now)
	return err
}

// FailPrize is ConfirmPrize for a prize that could not be paid.
func (g *Game) FailPrize(number uint32, reason string) error {
	g.tick("")
	_, err := (&competition.FailPrize{Caller: operator, Number: number, Reason: reason}).Decide(g.C, g.Now)
	return err
}

// settled is a game with a fee of 5.00 and a pool of 100.00 whose prizes of
// 50.00, 30.00 and 20.00 anna, bert and carl have won; all of it is stored.
// Dora was there and left before the start.
func (h *harness) settled(t *testing.T, id string, pending bool) *Game {
	t.Helper()
	g := NewGame(h.store, id)
	require.NoError(t, g.CreateWithPrizes(500, 100_00))
	for _, user := range []string{"anna", "bert", "carl", "dora"} {
		require.NoError(t, g.Join(user, ""))
	}
	commit(t, g)
	require.NoError(t, g.Leave("dora"))
	commit(t, g)
	g.Now = Start + msPerDay
	for i, user := range []string{"carl", "bert", "anna"} {
		require.NoError(t, g.Sync(user, 0, int64(1000*(i+1))))
	}
	commit(t, g)
	g.Finish()
	commit(t, g)
	require.NoError(t, g.Distribute(pending))
	commit(t, g)
	return g
}

var ledgerRules = []rule{
	{"who never had to do with money has none", func(t *testing.T, h *harness) {
		h.begin(t, "board")
		require.Empty(t, transactionsOf(t, h.store, "anna", ledger.Place{}, 10))
		require.Empty(t, prizesOf(t, h.store, "anna", ledger.Place{}, 10))
		require.Empty(t, pendingPrizes(t, h.store, ledger.PrizeID{}, 10))
		rows := ledgerOf(t, h.store, "board")
		require.Empty(t, rows.Transactions)
		require.Empty(t, rows.Prizes)
	}},

	{"the ledger is what the journal comes to, also after the store was reopened", func(t *testing.T, h *harness) {
		g := h.settled(t, "board", true)
		require.NoError(t, g.ConfirmPrize(1))
		require.NoError(t, g.FailPrize(2, "no account"))
		commit(t, g)
		h.settled(t, "board-2", false)
		for range 2 {
			for _, id := range []string{"board", "board-2"} {
				audited, rows := audited(t, h, id), ledgerOf(t, h.store, id)
				require.Equal(t, audited.Transactions, rows.Transactions)
				require.Len(t, rows.Prizes, 3)
				require.Equal(t, audited.Prizes, rows.Prizes)
			}
			h.reopen(t)
		}
	}},

	{"accounts balance", func(t *testing.T, h *harness) {
		g := h.settled(t, "board", true)
		require.NoError(t, g.ConfirmPrize(1))
		require.NoError(t, g.FailPrize(2, "no account"))
		commit(t, g)
		balances := map[string]int64{}
		for _, transaction := range ledgerOf(t, h.store, "board").Transactions {
			require.NoError(t, transaction.Check())
			for _, p := range transaction.Postings {
				balances[p.Account.String()] += p.Minor
			}
		}
		require.Equal(t, map[string]int64{
			"outside/anna": -500 + 50_00, "outside/bert": -500, "outside/carl": -500, "outside/dora": 0,
			"wallet/anna": 0, "wallet/bert": 0, "wallet/carl": 20_00,
			"pool/board": 30_00, "sponsor/board": -85_00,
		}, balances)
	}},

	{"a user's transactions are newest first, those of all competitions, from after any of them", func(t *testing.T, h *harness) {
		h.settled(t, "b", false)
		h.settled(t, "a", false)
		g := h.settled(t, "c", true)
		require.NoError(t, g.ConfirmPrize(1)) // from her wallet outside: nothing came or went
		commit(t, g)
		all := transactionsOf(t, h.store, "anna", ledger.Place{}, 100)
		var told []string
		for _, tx := range all {
			require.Equal(t, "EUR", tx.Currency)
			told = append(told, fmt.Sprintf("%s %v %d", tx.ID.CompetitionID, tx.Type, tx.Minor))
		}
		require.Equal(t, []string{ // at equal times by id
			"c prize 5000", "b prize 5000", "a prize 5000", "c entry_fee -500", "b entry_fee -500", "a entry_fee -500",
		}, told)
		for i := range all {
			require.Equal(t, all[i+1:], append([]ledger.UserTransaction{}, transactionsOf(t, h.store, "anna", all[i].Place(), 100)...))
		}
		require.Equal(t, all[:2], transactionsOf(t, h.store, "anna", ledger.Place{}, 2))
		dora := transactionsOf(t, h.store, "dora", ledger.Place{}, 100)
		require.Len(t, dora, 6)
		require.Equal(t, ledger.Refund, dora[0].Type)
		require.Equal(t, int64(500), dora[0].Minor)
		require.Empty(t, transactionsOf(t, h.store, "ann", ledger.Place{}, 100), "a user whose id begins another's")
	}},

	{"a user's prizes are newest first, each as it was decided last", func(t *testing.T, h *harness) {
		h.settled(t, "b", false)
		g := h.settled(t, "a", true)
		require.NoError(t, g.FailPrize(1, "no account"))
		commit(t, g)
		prizes := prizesOf(t, h.store, "anna", ledger.Place{}, 100)
		at := Start + 7*msPerDay + 1000
		require.Equal(t, []ledger.Prize{
			{CompetitionID: "b", Number: 1, UserID: "anna", Rank: 1, Minor: 50_00, Currency: "EUR", Status: ledger.DistributedPrize, CreatedAt: at, DistributedAt: at},
			{CompetitionID: "a", Number: 1, UserID: "anna", Rank: 1, Minor: 50_00, Currency: "EUR", Status: ledger.FailedPrize, CreatedAt: at, Reason: "no account"},
		}, prizes)
		require.Equal(t, prizes[1:], prizesOf(t, h.store, "anna", prizes[0].Place(), 100))
		require.Equal(t, prizes[:1], prizesOf(t, h.store, "anna", ledger.Place{}, 1))
		require.Empty(t, prizesOf(t, h.store, "dora", ledger.Place{}, 100))
	}},

	{"pending prizes are in the order of their ids, until they are decided", func(t *testing.T, h *harness) {
		h.settled(t, "b", true)
		g := h.settled(t, "a", true)
		h.settled(t, "c", false)
		require.NoError(t, g.ConfirmPrize(2))
		commit(t, g)
		pending := pendingPrizes(t, h.store, ledger.PrizeID{}, 100)
		require.Equal(t, []string{"a.1", "a.3", "b.1", "b.2", "b.3"}, idsOf(pending))
		for i := range pending {
			require.Equal(t, idsOf(pending[i+1:]), idsOf(pendingPrizes(t, h.store, pending[i].ID(), 100)))
		}
		require.Equal(t, []string{"a.1", "a.3"}, idsOf(pendingPrizes(t, h.store, ledger.PrizeID{}, 2)))
		require.Equal(t, ledger.PendingPrize, pending[0].Status)
		require.Equal(t, "anna", pending[0].UserID)
		require.NoError(t, g.FailPrize(3, ""))
		commit(t, g)
		require.Equal(t, []string{"a.1", "b.1", "b.2", "b.3"}, idsOf(pendingPrizes(t, h.store, ledger.PrizeID{}, 100)))
	}},

	{"a hand-over is as it was saved last, by whoever knew what it was", func(t *testing.T, h *harness) {
		h.settled(t, "board", true)
		id := ledger.PrizeID{CompetitionID: "board", Number: 2}
		require.Equal(t, ledger.Handover{Prize: id}, handover(t, h.store, id))
		first := ledger.Handover{Prize: id, Attempts: 1, NextAt: Start + 5000, Error: "the provider answered 500"}
		require.NoError(t, h.store.SaveHandover(t.Context(), &first, 0))
		require.ErrorIs(t, h.store.SaveHandover(t.Context(), &first, 0), competition.ErrConflict, "somebody else has tried")
		second := ledger.Handover{Prize: id, Attempts: 2, NextAt: Start + 9000, Status: ledger.HandoverDead, Error: "the provider is gone"}
		require.ErrorIs(t, h.store.SaveHandover(t.Context(), &second, 2), competition.ErrConflict)
		h.reopen(t)
		require.Equal(t, first, handover(t, h.store, id))
		require.NoError(t, h.store.SaveHandover(t.Context(), &second, 1))
		require.Equal(t, second, handover(t, h.store, id))
	}},

	{"batches of several competitions that move money go together", func(t *testing.T, h *harness) {
		var batches []*competition.Batch
		for _, id := range []string{"a", "b", "c"} {
			g := NewGame(h.store, id)
			require.NoError(t, g.CreateWithPrizes(500, 0))
			require.NoError(t, g.Join("anna", ""))
			batches = append(batches, g.Take())
		}
		require.Nil(t, h.store.Append(t.Context(), batches))
		require.Len(t, transactionsOf(t, h.store, "anna", ledger.Place{}, 10), 3)
		for _, id := range []string{"a", "b", "c"} {
			require.Len(t, ledgerOf(t, h.store, id).Transactions, 1)
		}
	}},

	{"a refused batch leaves no money behind", func(t *testing.T, h *harness) {
		g := NewGame(h.store, "board")
		require.NoError(t, g.CreateWithPrizes(500, 0))
		commit(t, g)
		zombie := h.twin(t, g)
		require.NoError(t, g.Join("anna", ""))
		commit(t, g)
		require.NoError(t, zombie.Join("bert", ""))
		require.ErrorIs(t, zombie.Commit(t.Context()), competition.ErrConflict)
		require.Empty(t, transactionsOf(t, h.store, "bert", ledger.Place{}, 10))
		require.Len(t, ledgerOf(t, h.store, "board").Transactions, 1)
	}},

	{"who paid is known after recovery, and gets it back to the minor unit", func(t *testing.T, h *harness) {
		g := NewGame(h.store, "board")
		require.NoError(t, g.CreateWithPrizes(501, 0))
		for i := range 30 {
			require.NoError(t, g.Join(userOf(i), ""))
		}
		commit(t, g)
		require.NoError(t, g.Save(t.Context()))
		h.reopen(t)
		g.Store = h.store
		RequireRecovers(t, h.store, g)
		g = h.resume(t, "board")
		must((&competition.CancelCompetition{Caller: operator}).Decide(g.C, Start+60_000))(t)
		commit(t, g)
		for i := range 30 {
			side := transactionsOf(t, h.store, userOf(i), ledger.Place{}, 10)
			require.Equal(t, []int64{501, -501}, []int64{side[0].Minor, side[1].Minor})
		}
		RequireRecovers(t, h.store, g)
	}},

	{"prizes are known after recovery from a snapshot", func(t *testing.T, h *harness) {
		g := h.settled(t, "board", true)
		require.NoError(t, g.FailPrize(3, "no account"))
		commit(t, g)
		require.NoError(t, g.Save(t.Context()))
		require.NoError(t, g.ConfirmPrize(1))
		commit(t, g)
		RequireRecovers(t, h.store, g)
		require.Equal(t, g.C.Prizes(10), h.resume(t, "board").C.Prizes(10))
	}},
}

func transactionsOf(t *testing.T, s competition.Store, userID string, after ledger.Place, limit int) []ledger.UserTransaction {
	t.Helper()
	return gather(t, limit, func(visit func(ledger.UserTransaction) bool) error {
		return s.TransactionsOf(t.Context(), userID, after, visit)
	})
}

func prizesOf(t *testing.T, s competition.Store, userID string, after ledger.Place, limit int) []ledger.Prize {
	t.Helper()
	return gather(t, limit, func(visit func(ledger.Prize) bool) error { return s.PrizesOf(t.Context(), userID, after, visit) })
}

func pendingPrizes(t *testing.T, s competition.Store, after ledger.PrizeID, limit int) (all []ledger.Prize) {
	t.Helper()
	require.NoError(t, s.PendingPrizes(t.Context(), after, func(p ledger.Prize, _ ledger.Handover) bool {
		all = append(all, p)
		return len(all) < limit
	}))
	return all
}

func handover(t *testing.T, s competition.Store, id ledger.PrizeID) (found ledger.Handover) {
	t.Helper()
	require.NoError(t, s.PendingPrizes(t.Context(), ledger.PrizeID{}, func(p ledger.Prize, h ledger.Handover) bool {
		if p.ID() == id {
			found = h
		}
		return true
	}))
	return found
}

func ledgerOf(t *testing.T, s competition.Store, id string) (rows ledger.Rows) {
	t.Helper()
	require.NoError(t, s.ReadLedger(t.Context(), id,
		func(tx ledger.Transaction) error {
			slices.SortStableFunc(tx.Postings, func(a, b ledger.Posting) int { return int(min(max(a.Minor-b.Minor, -1), 1)) })
			rows.Transactions = append(rows.Transactions, tx)
			return nil
		},
		func(p ledger.Prize) error {
			rows.Prizes = append(rows.Prizes, p)
			return nil
		}))
	return rows
}

func idsOf(prizes []ledger.Prize) []string {
	ids := make([]string, len(prizes))
	for i := range prizes {
		ids[i] = prizes[i].ID().String()
	}
	return ids
}
