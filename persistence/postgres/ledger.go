package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
)

const (
	transactionsOfSQL = `
SELECT t.at, t.competition_id, t.seq, t.n, t.type, t.currency, sum(p.amount_minor)::bigint
FROM paceboard.postings p
JOIN paceboard.transactions t USING (competition_id, seq, n)
WHERE p.user_id = $1 AND ($2 OR (t.at, t.competition_id, t.seq, t.n) < ($3, $4 COLLATE "C", $5, $6))
GROUP BY t.at, t.competition_id, t.seq, t.n, t.type, t.currency
HAVING sum(p.amount_minor) <> 0
ORDER BY t.at DESC, t.competition_id DESC, t.seq DESC, t.n DESC LIMIT $7`

	prizeColumns = `p.competition_id, p.number, p.user_id, p.rank, p.amount_minor, p.currency, p.status, p.created_at, p.distributed_at, p.reason`

	prizesOfSQL = `
SELECT ` + prizeColumns + `
FROM paceboard.prizes p
WHERE p.user_id = $1 AND ($2 OR (p.created_at, p.competition_id, p.number) < ($3, $4 COLLATE "C", $5))
ORDER BY p.created_at DESC, p.competition_id DESC, p.number DESC LIMIT $6`

	pendingPrizesSQL = `
SELECT ` + prizeColumns + `, coalesce(h.status, 'waiting'), coalesce(h.attempts, 0), h.next_at, coalesce(h.error, '')
FROM paceboard.prizes p
LEFT JOIN paceboard.handovers h USING (competition_id, number)
WHERE p.status = 'pending' AND (p.competition_id, p.number) > ($1 COLLATE "C", $2)
ORDER BY p.competition_id, p.number LIMIT $3`

	saveHandoverSQL = `
INSERT INTO paceboard.handovers AS h (competition_id, number, status, attempts, next_at, error)
SELECT $1, $2, $3, $4, timestamptz 'epoch' + $5 * interval '1 millisecond', $6
WHERE $7 = 0 OR EXISTS (SELECT FROM paceboard.handovers WHERE competition_id = $1 AND number = $2)
ON CONFLICT (competition_id, number) DO UPDATE
    SET status = excluded.status, attempts = excluded.attempts, next_at = excluded.next_at, error = excluded.error
    WHERE h.attempts = $7`

	ledgerOfSQL = `
SELECT t.seq, t.n, t.type, t.currency, t.at, p.account, p.amount_minor
FROM paceboard.transactions t
LEFT JOIN paceboard.postings p USING (competition_id, seq, n)
WHERE t.competition_id = $1
ORDER BY t.seq, t.n, p.amount_minor, p.account`

	allPrizesSQL = `SELECT ` + prizeColumns + ` FROM paceboard.prizes p WHERE p.competition_id = $1 ORDER BY p.number`
)

// TransactionsOf visits a user's transactions, newest first; see
// ledger.Store.
func (s *Store) TransactionsOf(ctx context.Context, userID string, after ledger.Place, visit func(ledger.UserTransaction) bool) error {
	return pages(func() (page []ledger.UserTransaction, err error) {
		err = s.each(ctx, transactionsOfSQL, func(v [][]byte) error {
			t := ledger.UserTransaction{
				At: timestamp(v[0]), Currency: string(v[5]), Minor: bigint(v[6]),
				ID: ledger.TransactionID{CompetitionID: string(v[1]), Seq: uint64(bigint(v[2])), N: uint32(bigint(v[3]))},
			}
			t.Type, _ = ledger.ParseTransactionType(string(v[4]))
			page = append(page, t)
			return nil
		}, userID, after == (ledger.Place{}), after.At.Time(), after.CompetitionID, int64(after.Seq), int64(after.N), pageSize)
		return page, err
	}, func(t ledger.UserTransaction) bool {
		after = t.Place()
		return visit(t)
	})
}

// PrizesOf visits a user's prizes, newest first; see ledger.Store.
func (s *Store) PrizesOf(ctx context.Context, userID string, after ledger.Place, visit func(ledger.Prize) bool) error {
	return pages(func() (page []ledger.Prize, err error) {
		err = s.each(ctx, prizesOfSQL, func(v [][]byte) error {
			page = append(page, prizeOf(v))
			return nil
		}, userID, after == (ledger.Place{}), after.At.Time(), after.CompetitionID, int64(after.N), pageSize)
		return page, err
	}, func(p ledger.Prize) bool {
		after = p.Place()
		return visit(p)
	})
}

// PendingPrizes visits what is pending; see ledger.Store.
func (s *Store) PendingPrizes(ctx context.Context, after ledger.PrizeID, visit func(ledger.Prize, ledger.Handover) bool) error {
	type pending struct {
		prize    ledger.Prize
		handover ledger.Handover
	}
	return pages(func() (page []pending, err error) {
		err = s.each(ctx, pendingPrizesSQL, func(v [][]byte) error {
			prize := prizeOf(v)
			h := ledger.Handover{Prize: prize.ID(), Attempts: int(integer(v[11])), NextAt: timestamp(v[12]), Error: string(v[13])}
			h.Status, _ = ledger.ParseHandoverStatus(string(v[10]))
			page = append(page, pending{prize, h})
			return nil
		}, after.CompetitionID, int64(after.Number), pageSize)
		return page, err
	}, func(p pending) bool {
		after = p.prize.ID()
		return visit(p.prize, p.handover)
	})
}

// prizeOf is a row of prizeColumns.
func prizeOf(v [][]byte) ledger.Prize {
	p := ledger.Prize{
		CompetitionID: string(v[0]), Number: uint32(bigint(v[1])), UserID: string(v[2]), Rank: int(bigint(v[3])), Minor: bigint(v[4]),
		Currency: string(v[5]), CreatedAt: timestamp(v[7]), DistributedAt: timestamp(v[8]), Reason: string(v[9]),
	}
	p.Status, _ = ledger.ParsePrizeStatus(string(v[6]))
	return p
}

// SaveHandover stores a hand-over; see ledger.Store.
func (s *Store) SaveHandover(ctx context.Context, h *ledger.Handover, attempts int) error {
	done, err := s.write.Exec(ctx, saveHandoverSQL, h.Prize.CompetitionID, int64(h.Prize.Number), h.Status.String(), h.Attempts, int64(h.NextAt), h.Error, attempts)
	if err != nil {
		return unavailable("save a hand-over", err)
	}
	if done.RowsAffected() == 0 {
		return fmt.Errorf("attempt %d at prize %v: %w", h.Attempts, h.Prize, competition.ErrConflict)
	}
	return nil
}

// ReadLedger visits a competition's ledger, as of one moment; see
// ledger.Store.
func (s *Store) ReadLedger(ctx context.Context, competitionID string, transaction func(ledger.Transaction) error, prize func(ledger.Prize) error) error {
	tx, err := s.read.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return unavailable("read the ledger", err)
	}
	defer func() { _ = tx.Rollback(ctx) }() // There is nothing to lose.
	var t ledger.Transaction
	finish := func() error {
		if t.ID.Seq == 0 {
			return nil
		}
		return transaction(t)
	}
	err = eachOf(ctx, tx, ledgerOfSQL, func(v [][]byte) error {
		id := ledger.TransactionID{CompetitionID: competitionID, Seq: uint64(bigint(v[0])), N: uint32(bigint(v[1]))}
		if id != t.ID {
			if err := finish(); err != nil {
				return err
			}
			t = ledger.Transaction{ID: id, Currency: string(v[3]), At: timestamp(v[4])}
			t.Type, _ = ledger.ParseTransactionType(string(v[2]))
		}
		if v[5] != nil {
			account, _ := ledger.ParseAccount(string(v[5]))
			t.Postings = append(t.Postings, ledger.Posting{Account: account, Minor: bigint(v[6])})
		}
		return nil
	}, competitionID)
	if err == nil {
		err = finish()
	}
	if err != nil {
		return err
	}
	return eachOf(ctx, tx, allPrizesSQL, func(v [][]byte) error { return prize(prizeOf(v)) }, competitionID)
}
