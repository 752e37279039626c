package http

import "github.com/paceboard/paceboard/competition"

// The money of the fake engine: u1 has won 600.00 EUR, and 400.00 are pending.
var (
	wonPrize = competition.Prize{
		CompetitionID: "spring", Number: 7, UserID: "u1", Rank: 1, Minor: 60_000, Currency: "EUR",
		Status: competition.DistributedPrize, CreatedAt: atStart, DistributedAt: atStart,
	}
	pendingPrize = competition.Prize{
		CompetitionID: "spring", Number: 8, UserID: "u2", Rank: 2, Minor: 40_000, Currency: "EUR",
		Status: competition.PendingPrize, CreatedAt: atStart,
	}
	failedPrize = competition.Prize{
		CompetitionID: "spring", Number: 9, UserID: `u"3`, Rank: 3, Minor: 5, Currency: "EUR",
		Status: competition.FailedPrize, CreatedAt: atStart, Reason: "no\taccount",
	}
	entryFee = competition.UserTransaction{
		ID: competition.TransactionID{CompetitionID: "spring", Seq: 14}, Type: competition.EntryFee, Minor: -500, Currency: "EUR", At: atStart,
	}
)

func (e *fakeEngine) CalculatePrizes(id string, caller competition.Caller, poolMinor int64) (competition.PrizesReply, error) {
	worked := wonPrize
	worked.Status, worked.CreatedAt, worked.DistributedAt = 0, 0, 0
	return competition.PrizesReply{CompetitionID: id, PoolMinor: poolMinor, Currency: "EUR", Prizes: []competition.Prize{worked}},
		e.note("CalculatePrizes", id, caller, poolMinor)
}

func (e *fakeEngine) DistributePrizes(id string, d *competition.DistributePrizes) (competition.PrizesReply, error) {
	return competition.PrizesReply{
		CompetitionID: id, Final: true, PoolMinor: 100_000, Currency: "EUR", Prizes: []competition.Prize{wonPrize, pendingPrize, failedPrize},
	}, e.note("DistributePrizes", id, d.Caller, d.PoolMinor)
}

func (e *fakeEngine) ConfirmPrize(id competition.PrizeID, caller competition.Caller) (competition.Prize, error) {
	return wonPrize, e.note("ConfirmPrize", id.CompetitionID, caller, id)
}

func (e *fakeEngine) FailPrize(id competition.PrizeID, caller competition.Caller, reason string) (competition.Prize, error) {
	return failedPrize, e.note("FailPrize", id.CompetitionID, caller, id, reason)
}

func (e *fakeEngine) PrizesOf(userID string, after competition.LedgerPlace, limit int) ([]competition.Prize, competition.LedgerPlace, error) {
	return []competition.Prize{wonPrize}, e.nextPlace, e.note("PrizesOf", "", competition.Caller{}, userID, after, limit)
}

func (e *fakeEngine) TransactionsOf(userID string, after competition.LedgerPlace, limit int) ([]competition.UserTransaction, competition.LedgerPlace, error) {
	return []competition.UserTransaction{entryFee}, e.nextPlace, e.note("TransactionsOf", "", competition.Caller{}, userID, after, limit)
}

func (e *fakeEngine) Payouts(status *competition.HandoverStatus, after competition.PrizeID, limit int) ([]competition.PayoutReply, competition.PrizeID, error) {
	return []competition.PayoutReply{
		{Prize: pendingPrize, Handover: competition.Handover{Prize: pendingPrize.ID(), Status: competition.HandoverDead, Attempts: 12, Error: "the provider answered 500"}},
	}, e.nextPrize, e.note("Payouts", "", competition.Caller{}, status, after, limit)
}

func (e *fakeEngine) RetryPayout(id competition.PrizeID) (competition.PayoutReply, error) {
	return competition.PayoutReply{Prize: pendingPrize, Handover: competition.Handover{Prize: id, NextAt: atStart}}, e.note("RetryPayout", id.CompetitionID, competition.Caller{}, id)
}
