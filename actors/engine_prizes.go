package actors

import (
	"context"
	"errors"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
)

// CalculatePrizes works out the prizes as of now, and changes nothing. It is for
// operators.
func (e *Engine) CalculatePrizes(competitionID string, caller competition.Caller, poolMinor int64) (competition.PrizesReply, error) {
	if !caller.Operator {
		return competition.PrizesReply{}, competition.ErrForbidden
	}
	return send[competition.PrizesReply](e, competitionID, &calculatePrizes{poolMinor})
}

// SettledPrizes returns the prizes of a competition as everybody who sees it is shown
// them.
func (e *Engine) SettledPrizes(competitionID string, caller competition.Caller) (competition.SettledPrizes, error) {
	return send[competition.SettledPrizes](e, competitionID, &getSettledPrizes{caller})
}

// DistributePrizes pays the prizes of a competition, once however often it is called,
// and returns all of them.
func (e *Engine) DistributePrizes(competitionID string, d *competition.DistributePrizes) (competition.PrizesReply, error) {
	command := *d
	command.Pending = e.options.HandOver != nil
	reply, err := send[competition.PrizesReply](e, competitionID, &command)
	if err == nil && e.options.HandOver != nil {
		e.options.HandOver()
	}
	return reply, err
}

// ConfirmPrize notes that a pending prize has reached its winner.
func (e *Engine) ConfirmPrize(id ledger.PrizeID, caller competition.Caller) (ledger.Prize, error) {
	return e.decidePrize(id, &competition.ConfirmPrize{Caller: caller, Number: id.Number})
}

// FailPrize notes that a pending prize cannot be paid.
func (e *Engine) FailPrize(id ledger.PrizeID, caller competition.Caller, reason string) (ledger.Prize, error) {
	return e.decidePrize(id, &competition.FailPrize{Caller: caller, Number: id.Number, Reason: reason})
}

func (e *Engine) decidePrize(id ledger.PrizeID, command competition.Command) (ledger.Prize, error) {
	prize, err := send[ledger.Prize](e, id.CompetitionID, command)
	if errors.Is(err, competition.ErrUnknownCompetition) {
		err = competition.ErrUnknownPrize
	}
	return prize, err
}

// TransactionsOf lists what a user earned or paid, newest first, after a place; next
// is the zero value at the end.
func (e *Engine) TransactionsOf(userID string, after ledger.Place, limit int) (list []ledger.UserTransaction, next ledger.Place, err error) {
	return readPage(e, limit, (*ledger.UserTransaction).Place, func(ctx context.Context, add func(ledger.UserTransaction) bool) error {
		return e.store.TransactionsOf(ctx, userID, after, add)
	})
}

// PrizesOf lists a user's prizes in the same way.
func (e *Engine) PrizesOf(userID string, after ledger.Place, limit int) (list []ledger.Prize, next ledger.Place, err error) {
	return readPage(e, limit, (*ledger.Prize).Place, func(ctx context.Context, add func(ledger.Prize) bool) error {
		return e.store.PrizesOf(ctx, userID, after, add)
	})
}

// Payouts lists the pending prizes and how far handing them over is, of one status or
// of all (nil), in the order of their ids, after one; next is the zero value at the
// end.
func (e *Engine) Payouts(status *ledger.HandoverStatus, after ledger.PrizeID, limit int) (list []ledger.PayoutReply, next ledger.PrizeID, err error) {
	place := func(r *ledger.PayoutReply) ledger.PrizeID { return r.Prize.ID() }
	return readPage(e, limit, place, func(ctx context.Context, add func(ledger.PayoutReply) bool) error {
		return e.store.PendingPrizes(ctx, after, func(p ledger.Prize, h ledger.Handover) bool {
			return status != nil && h.Status != *status || add(ledger.PayoutReply{Prize: p, Handover: h})
		})
	})
}

// RetryPayout has a pending prize handed over again, at once and with as many attempts
// as a new one.
func (e *Engine) RetryPayout(id ledger.PrizeID) (reply ledger.PayoutReply, err error) {
	ctx, end, err := e.begin()
	if err != nil {
		return reply, err
	}
	defer end()
	var found ledger.PayoutReply
	err = e.store.PendingPrizes(ctx, ledger.PrizeID{CompetitionID: id.CompetitionID, Number: id.Number - 1}, func(p ledger.Prize, h ledger.Handover) bool {
		found = ledger.PayoutReply{Prize: p, Handover: h}
		return false
	})
	if err != nil {
		return reply, err
	}
	if found.Prize.ID() != id {
		return reply, competition.ErrUnknownPrize
	}
	attempts := found.Handover.Attempts
	found.Handover = ledger.Handover{Prize: id, NextAt: e.now()}
	if err := e.store.SaveHandover(ctx, &found.Handover, attempts); err != nil {
		return reply, err
	}
	if e.options.HandOver != nil {
		e.options.HandOver()
	}
	return found, nil
}
