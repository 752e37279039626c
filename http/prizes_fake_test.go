package http

import (
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
)

// The money of the fake engine: u1 has won 600.00 EUR, and 400.00 are pending.
var (
	wonPrize = ledger.Prize{
		CompetitionID: "spring", Number: 7, UserID: "u1", Rank: 1, Minor: 60_000, Currency: "EUR",
		Status: ledger.DistributedPrize, CreatedAt: atStart, DistributedAt: atStart,
	}
	pendingPrize = ledger.Prize{
		CompetitionID: "spring", Number: 8, UserID: "u2", Rank: 2, Minor: 40_000, Currency: "EUR",
		Status: ledger.PendingPrize, CreatedAt: atStart,
	}
	failedPrize = ledger.Prize{
		CompetitionID: "spring", Number: 9, UserID: `u"3`, Rank: 3, Minor: 5, Currency: "EUR",
		Status: ledger.FailedPrize, CreatedAt: atStart, Reason: "no\taccount",
	}
	entryFee = ledger.UserTransaction{
		ID: ledger.TransactionID{CompetitionID: "spring", Seq: 14}, Type: ledger.EntryFee, Minor: -500, Currency: "EUR", At: atStart,
	}
)

func (e *fakeEngine) CalculatePrizes(id string, caller competition.Caller, poolMinor int64) (competition.PrizesReply, error) {
	worked := wonPrize
	worked.Status, worked.CreatedAt, worked.DistributedAt = 0, 0, 0
	return competition.PrizesReply{CompetitionID: id, PoolMinor: poolMinor, Currency: "EUR", Prizes: []ledger.Prize{worked}},
		e.note("CalculatePrizes", id, caller, poolMinor)
}

func (e *fakeEngine) DistributePrizes(id string, d *competition.DistributePrizes) (competition.PrizesReply, error) {
	return competition.PrizesReply{
		CompetitionID: id, Final: true, PoolMinor: 100_000, Currency: "EUR", Prizes: []ledger.Prize{wonPrize, pendingPrize, failedPrize},
	}, e.note("DistributePrizes", id, d.Caller, d.PoolMinor)
}

func (e *fakeEngine) SettledPrizes(id string, caller competition.Caller) (competition.SettledPrizes, error) {
	return competition.SettledPrizes{
		Best:  []competition.SettledPrize{{Rank: 1, UserID: "u1", UserName: `An"na`, Minor: 60_000, Currency: "EUR"}, {Rank: 2, UserID: "u2", Minor: 40_000, Currency: "EUR"}},
		Count: 120,
	}, e.note("SettledPrizes", id, caller)
}

func (e *fakeEngine) ConfirmPrize(id ledger.PrizeID, caller competition.Caller) (ledger.Prize, error) {
	return wonPrize, e.note("ConfirmPrize", id.CompetitionID, caller, id)
}

func (e *fakeEngine) FailPrize(id ledger.PrizeID, caller competition.Caller, reason string) (ledger.Prize, error) {
	return failedPrize, e.note("FailPrize", id.CompetitionID, caller, id, reason)
}

func (e *fakeEngine) PrizesOf(userID string, after ledger.Place, limit int) ([]ledger.Prize, ledger.Place, error) {
	return []ledger.Prize{wonPrize}, e.nextPlace, e.note("PrizesOf", "", competition.Caller{}, userID, after, limit)
}

func (e *fakeEngine) TransactionsOf(userID string, after ledger.Place, limit int) ([]ledger.UserTransaction, ledger.Place, error) {
	return []ledger.UserTransaction{entryFee}, e.nextPlace, e.note("TransactionsOf", "", competition.Caller{}, userID, after, limit)
}

func (e *fakeEngine) Payouts(status *ledger.HandoverStatus, after ledger.PrizeID, limit int) ([]ledger.PayoutReply, ledger.PrizeID, error) {
	return []ledger.PayoutReply{
		{Prize: pendingPrize, Handover: ledger.Handover{Prize: pendingPrize.ID(), Status: ledger.HandoverDead, Attempts: 12, Error: "the provider answered 500"}},
	}, e.nextPrize, e.note("Payouts", "", competition.Caller{}, status, after, limit)
}

func (e *fakeEngine) RetryPayout(id ledger.PrizeID) (ledger.PayoutReply, error) {
	return ledger.PayoutReply{Prize: pendingPrize, Handover: ledger.Handover{Prize: id, NextAt: atStart}}, e.note("RetryPayout", id.CompetitionID, competition.Caller{}, id)
}
