package actors

import (
	"errors"

	"github.com/paceboard/paceboard/competition"
)

// CalculatePrizes works out the prizes as of now, and changes nothing. It is for
// operators.
func (e *Engine) CalculatePrizes(competitionID string, caller competition.Caller, poolMinor int64) (competition.PrizesReply, error) {
	if !caller.Operator {
		return competition.PrizesReply{}, competition.ErrForbidden
	}
	return send[competition.PrizesReply](e, competitionID, &calculatePrizes{poolMinor})
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
func (e *Engine) ConfirmPrize(id competition.PrizeID, caller competition.Caller) (competition.Prize, error) {
	return e.decidePrize(id, &competition.ConfirmPrize{Caller: caller, Number: id.Number})
}

// FailPrize notes that a pending prize cannot be paid.
func (e *Engine) FailPrize(id competition.PrizeID, caller competition.Caller, reason string) (competition.Prize, error) {
	return e.decidePrize(id, &competition.FailPrize{Caller: caller, Number: id.Number, Reason: reason})
}

func (e *Engine) decidePrize(id competition.PrizeID, command competition.Command) (competition.Prize, error) {
	prize, err := send[competition.Prize](e, id.CompetitionID, command)
	if errors.Is(err, competition.ErrUnknownCompetition) {
		err = competition.ErrUnknownPrize
	}
	return prize, err
}

// TransactionsOf lists what a user earned or paid, newest first, after a place; next
// is the zero value at the end.
func (e *Engine) TransactionsOf(userID string, after competition.LedgerPlace, limit int) (list []competition.UserTransaction, next competition.LedgerPlace, err error) {
	ctx, end, err := e.begin()
	if err != nil {
		return nil, next, err
	}
	defer end()
	p := page[competition.UserTransaction, competition.LedgerPlace]{limit: limit, place: (*competition.UserTransaction).Place}
	err = e.store.TransactionsOf(ctx, userID, after, p.add)
	return p.rows, p.next, err
}

// PrizesOf lists a user's prizes in the same way.
func (e *Engine) PrizesOf(userID string, after competition.LedgerPlace, limit int) (list []competition.Prize, next competition.LedgerPlace, err error) {
	ctx, end, err := e.begin()
	if err != nil {
		return nil, next, err
	}
	defer end()
	p := page[competition.Prize, competition.LedgerPlace]{limit: limit, place: (*competition.Prize).Place}
	err = e.store.PrizesOf(ctx, userID, after, p.add)
	return p.rows, p.next, err
}

// Payouts lists the pending prizes and how far handing them over is, of one status or
// of all (nil), in the order of their ids, after one; next is the zero value at the
// end.
func (e *Engine) Payouts(status *competition.HandoverStatus, after competition.PrizeID, limit int) (list []competition.PayoutReply, next competition.PrizeID, err error) {
	ctx, end, err := e.begin()
	if err != nil {
		return nil, next, err
	}
	defer end()
	page := page[competition.PayoutReply, competition.PrizeID]{limit: limit, place: func(r *competition.PayoutReply) competition.PrizeID { return r.Prize.ID() }}
	err = e.store.PendingPrizes(ctx, after, func(p competition.Prize, h competition.Handover) bool {
		return status != nil && h.Status != *status || page.add(competition.PayoutReply{Prize: p, Handover: h})
	})
	return page.rows, page.next, err
}

// RetryPayout has a pending prize handed over again, at once and with as many attempts
// as a new one.
func (e *Engine) RetryPayout(id competition.PrizeID) (reply competition.PayoutReply, err error) {
	ctx, end, err := e.begin()
	if err != nil {
		return reply, err
	}
	defer end()
	var found competition.PayoutReply
	err = e.store.PendingPrizes(ctx, competition.PrizeID{CompetitionID: id.CompetitionID, Number: id.Number - 1}, func(p competition.Prize, h competition.Handover) bool {
		found = competition.PayoutReply{Prize: p, Handover: h}
		return false
	})
	if err != nil {
		return reply, err
	}
	if found.Prize.ID() != id {
		return reply, competition.ErrUnknownPrize
	}
	attempts := found.Handover.Attempts
	found.Handover = competition.Handover{Prize: id, NextAt: e.now()}
	if err := e.store.SaveHandover(ctx, &found.Handover, attempts); err != nil {
		return reply, err
	}
	if e.options.HandOver != nil {
		e.options.HandOver()
	}
	return found, nil
}
