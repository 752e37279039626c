package actors

import (
	"cmp"
	"context"
	"slices"

	"github.com/paceboard/paceboard/competition"
)

// memoryLedger is the ledger of a memoryStore.
type memoryLedger struct {
	transactions []competition.Transaction
	prizes       map[competition.PrizeID]competition.Prize
	handovers    map[competition.PrizeID]competition.Handover
}

func (l *memoryLedger) append(rows competition.LedgerRows) {
	l.transactions = append(l.transactions, rows.Transactions...)
	for _, p := range rows.Prizes {
		if l.prizes == nil {
			l.prizes = map[competition.PrizeID]competition.Prize{}
		}
		l.prizes[p.ID()] = p
	}
}

func newestFirst(a, b competition.LedgerPlace) int {
	return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.CompetitionID, a.CompetitionID), cmp.Compare(b.Seq, a.Seq), cmp.Compare(b.N, a.N))
}

func (s *memoryStore) TransactionsOf(ctx context.Context, userID string, behind competition.LedgerPlace, visit func(competition.UserTransaction) bool) error {
	if err := s.call(ctx, "TransactionsOf"); err != nil {
		return err
	}
	var all []competition.UserTransaction
	for i := range s.ledger.transactions {
		if side, ok := s.ledger.transactions[i].UserTransactions()[userID]; ok {
			all = append(all, side)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b competition.UserTransaction) int { return newestFirst(a.Place(), b.Place()) })
	for _, t := range all {
		if (behind == competition.LedgerPlace{} || newestFirst(behind, t.Place()) < 0) && !visit(t) {
			return nil
		}
	}
	return nil
}

func (s *memoryStore) PrizesOf(ctx context.Context, userID string, behind competition.LedgerPlace, visit func(competition.Prize) bool) error {
	if err := s.call(ctx, "PrizesOf"); err != nil {
		return err
	}
	var all []competition.Prize
	for _, p := range s.ledger.prizes {
		if p.UserID == userID {
			all = append(all, p)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b competition.Prize) int { return newestFirst(a.Place(), b.Place()) })
	for _, p := range all {
		if (behind == competition.LedgerPlace{} || newestFirst(behind, p.Place()) < 0) && !visit(p) {
			return nil
		}
	}
	return nil
}

func (s *memoryStore) PendingPrizes(ctx context.Context, behind competition.PrizeID, visit func(competition.Prize, competition.Handover) bool) error {
	if err := s.call(ctx, "PendingPrizes"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	byID := func(a, b competition.PrizeID) int {
		return cmp.Or(cmp.Compare(a.CompetitionID, b.CompetitionID), cmp.Compare(a.Number, b.Number))
	}
	var all []competition.Prize
	for id, p := range s.ledger.prizes {
		if p.Status == competition.PendingPrize && byID(id, behind) > 0 {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b competition.Prize) int { return byID(a.ID(), b.ID()) })
	for _, p := range all {
		h := s.ledger.handovers[p.ID()]
		h.Prize = p.ID()
		if !visit(p, h) {
			return nil
		}
	}
	return nil
}

func (s *memoryStore) SaveHandover(ctx context.Context, h *competition.Handover, attempts int) error {
	if err := s.call(ctx, "SaveHandover"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if s.ledger.handovers == nil {
		s.ledger.handovers = map[competition.PrizeID]competition.Handover{}
	}
	if s.ledger.handovers[h.Prize].Attempts != attempts {
		return competition.ErrConflict
	}
	s.ledger.handovers[h.Prize] = *h
	return nil
}

func (s *memoryStore) ReadLedger(ctx context.Context, id string, transaction func(competition.Transaction) error, prize func(competition.Prize) error) error {
	if err := s.call(ctx, "ReadLedger"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for _, t := range s.ledger.transactions {
		if t.ID.CompetitionID == id {
			if err := transaction(t); err != nil {
				return err
			}
		}
	}
	for key, p := range s.ledger.prizes {
		if key.CompetitionID == id {
			if err := prize(p); err != nil {
				return err
			}
		}
	}
	return nil
}
