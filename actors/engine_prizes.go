package actors

import (
	"context"
	"errors"

	"github.com/paceboard/paceboard/competition"
)

// CalculatePrizes works out today's prizes, and changes nothing. It is for
// operators.
func (e *Engine) CalculatePrizes(competitionID string, caller competition.Caller, poolMinor int64) (competition.PrizesReply, error) {
	if !caller.Operator {
		return competition.PrizesReply{}, competition.ErrForbidden
	}
	return send[competition.PrizesReply](e, competitionID, &calculatePrizes{poolMinor})
}

// DistributePrizes pays the prizes of a competition, once however often it is
// called, and returns all of them.
func (e *Engine) DistributePrizes(competitionID string, d *competition.DistributePrizes) (competition.PrizesReply, error) {
	command := *d
	command.Pending = e.HandOver != nil
	reply, err := send[competition.PrizesReply](e, competitionID, &command)
	if err == nil && e.HandOver != nil {
		e.HandOver()
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

// TransactionsOf lists what was brought or cost a user, newest first, beginning
// behind a place; next is the zero value at the end.
func (e *Engine) TransactionsOf(userID string, behind competition.LedgerPlace, limit int) (list []competition.UserTransaction, next competition.LedgerPlace, err error) {
	err = e.readLedger(func(ctx context.Context) error {
		return e.Store.TransactionsOf(ctx, userID, behind, func(t competition.UserTransaction) bool {
			if len(list) == limit {
				next = list[limit-1].Place()
				return false
			}
			list = append(list, t)
			return true
		})
	})
	return list, next, err
}

// PrizesOf lists a user's prizes in the same way.
func (e *Engine) PrizesOf(userID string, behind competition.LedgerPlace, limit int) (list []competition.Prize, next competition.LedgerPlace, err error) {
	err = e.readLedger(func(ctx context.Context) error {
		return e.Store.PrizesOf(ctx, userID, behind, func(p competition.Prize) bool {
			if len(list) == limit {
				next = list[limit-1].Place()
				return false
			}
			list = append(list, p)
			return true
		})
	})
	return list, next, err
}

// readLedger is a request to the store alone.
func (e *Engine) readLedger(read func(context.Context) error) error {
	if err := e.admit(); err != nil {
		return err
	}
	defer e.dismiss()
	ctx, cancel := context.WithDeadline(e.life, e.deadline())
	defer cancel()
	return read(ctx)
}

// Payouts lists the prizes that are pending and how far handing them over is, of
// one status or of all (nil), in the order of their ids, beginning behind one;
// next is the zero value at the end.
func (e *Engine) Payouts(status *competition.HandoverStatus, behind competition.PrizeID, limit int) (list []competition.PayoutReply, next competition.PrizeID, err error) {
	err = e.readLedger(func(ctx context.Context) error {
		return e.Store.PendingPrizes(ctx, behind, func(p competition.Prize, h competition.Handover) bool {
			if status != nil && h.Status != *status {
				return true
			}
			if len(list) == limit {
				next = list[limit-1].Prize.ID()
				return false
			}
			list = append(list, competition.PayoutReply{Prize: p, Handover: h})
			return true
		})
	})
	return list, next, err
}

// RetryPayout has a pending prize handed over again, at once and with as many
// attempts as a new one.
func (e *Engine) RetryPayout(id competition.PrizeID) (reply competition.PayoutReply, err error) {
	err = e.readLedger(func(ctx context.Context) error {
		err := e.Store.PendingPrizes(ctx, competition.PrizeID{CompetitionID: id.CompetitionID, Number: id.Number - 1}, func(p competition.Prize, h competition.Handover) bool {
			reply = competition.PayoutReply{Prize: p, Handover: h}
			return false
		})
		if err != nil {
			return err
		}
		if reply.Prize.ID() != id {
			return competition.ErrUnknownPrize
		}
		attempts := reply.Handover.Attempts
		reply.Handover = competition.Handover{Prize: id, NextAt: e.now()}
		return e.Store.SaveHandover(ctx, &reply.Handover, attempts)
	})
	if err != nil {
		return competition.PayoutReply{}, err
	}
	if e.HandOver != nil {
		e.HandOver()
	}
	return reply, nil
}
