package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
)

// erasure is one of a batch.
type erasure struct {
	competitionID string
	competition.Erasure
}

// erasureSQL are the statements of one erasure, all with the same arguments:
// competition, user and pseudonym. Transactions themselves name nobody, and the
// trigger of the postings lets a user's account be renamed in this way alone.
var erasureSQL = []string{
	`DELETE FROM paceboard.memberships WHERE competition_id = $1 AND user_id = $2 AND $3 <> ''`,
	`UPDATE paceboard.postings SET account = split_part(account, '/', 1) || '/' || $3 WHERE competition_id = $1 AND user_id = $2`,
	`DELETE FROM paceboard.handovers h USING paceboard.prizes p
WHERE p.competition_id = $1 AND p.user_id = $2 AND $3 <> '' AND h.competition_id = p.competition_id AND h.number = p.number`,
	`UPDATE paceboard.prizes SET user_id = $3 WHERE competition_id = $1 AND user_id = $2`,
}

// erase carries out a batch's erasures and then stores it, in one transaction. If
// the batch does not come next, nothing of it happens. The row in heads is locked
// first, so that whoever comes second finds that it has moved on.
func erase(ctx context.Context, conn *pgx.Conn, rows *appendRows) (stored []int32, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback(ctx) }() // It does nothing after a commit.
	for _, e := range rows.erasures {
		if _, err := tx.Exec(ctx, `SELECT FROM paceboard.heads WHERE competition_id = $1 FOR UPDATE`, e.competitionID); err != nil {
			return nil, err
		}
		for _, sql := range erasureSQL {
			if _, err := tx.Exec(ctx, sql, e.competitionID, e.UserID, e.Pseudonym); err != nil {
				return nil, err
			}
		}
	}
	if stored, err = appendAll(ctx, tx, rows); err != nil || len(stored) == 0 {
		return nil, err
	}
	return stored, tx.Commit(ctx)
}

// Pseudonymise rewrites the rows of the audit log and the API keys that name a
// user; see competition.ErasureStore. Cost: the whole audit log is looked through.
func (s *Store) Pseudonymise(ctx context.Context, e competition.Erasure) error {
	err := pgx.BeginFunc(ctx, s.write, func(tx pgx.Tx) error {
		// More than will be changed: how an id is written in a path is the core's to know.
		rows, err := tx.Query(ctx, `
SELECT entry_id, actor, target FROM paceboard.audit WHERE actor = $1 OR strpos(target, $1) > 0 OR strpos(target, '%') > 0 FOR UPDATE`, e.UserID)
		if err != nil {
			return err
		}
		entries, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (entry competition.AuditEntry, err error) {
			return entry, row.Scan(&entry.ID, &entry.Actor, &entry.Target)
		})
		if err != nil {
			return err
		}
		for i := range entries {
			if entry := &entries[i]; entry.Rename(e) {
				_, err := tx.Exec(ctx, `UPDATE paceboard.audit SET actor = $2, target = $3 WHERE entry_id = $1`, entry.ID, entry.Actor, entry.Target)
				if err != nil {
					return err
				}
			}
		}
		_, err = tx.Exec(ctx, `UPDATE paceboard.api_keys SET created_by = $2 WHERE created_by = $1`, e.UserID, e.Pseudonym)
		return err
	})
	if err != nil {
		return unavailable("pseudonymise the audit log", err)
	}
	return nil
}

// Scrub does nothing: no statement finds any more what was deleted. Vacuum gives
// the space of the old rows back in its time; see competition.ErasureStore.
func (s *Store) Scrub(context.Context) error { return nil }
