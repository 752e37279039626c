package postgres

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

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
// the batch does not come next, or is not the owner's, nothing of it happens. The row in
// heads is locked first; if somebody else has it locked, nothing waits for that.
func erase(ctx context.Context, conn *pgx.Conn, rows *appendRows) (verdicts []verdict, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback(ctx) }() // It does nothing after a commit.
	for _, e := range rows.erasures {
		locked, err := tx.Exec(ctx, `SELECT FROM paceboard.heads WHERE competition_id = $1 FOR UPDATE SKIP LOCKED`, e.competitionID)
		if err != nil {
			return nil, err
		}
		if locked.RowsAffected() == 0 {
			return []verdict{{place: rows.place[0], why: busy}}, nil
		}
		for _, sql := range erasureSQL {
			if _, err := tx.Exec(ctx, sql, e.competitionID, e.UserID, e.Pseudonym); err != nil {
				return nil, err
			}
		}
		if err := noteStale(ctx, tx, &e); err != nil {
			return nil, err
		}
	}
	verdicts, err = appendAll(ctx, tx, rows)
	if err != nil || slices.ContainsFunc(verdicts, func(v verdict) bool { return !v.stored() }) {
		return verdicts, err
	}
	return verdicts, tx.Commit(ctx)
}

const (
	isNamedSQL = `
SELECT EXISTS (SELECT FROM paceboard.audit_subjects WHERE kind = 'user' AND id = $1)`

	eraseSubjectsSQL = `
UPDATE paceboard.audit_subjects SET id = $2, key = $3
WHERE (seq, n) IN (SELECT seq, n FROM paceboard.audit_subjects WHERE kind = 'user' AND id = $1 ORDER BY seq, n LIMIT $4)
RETURNING seq, n`

	eraseCreatorSQL = `
UPDATE paceboard.api_keys SET created_by = $2 WHERE created_by_kind = 'user' AND created_by = $1`
)

// Pseudonymise has the API keys and the audit log name a pseudonym; see
// competition.ErasureStore.
func (s *Store) Pseudonymise(ctx context.Context, e competition.Erasure, at calendar.Millis, newID func() string) error {
	if _, err := s.write.Exec(ctx, eraseCreatorSQL, e.UserID, e.Pseudonym); err != nil {
		return unavailable("pseudonymise the API keys", err)
	}
	for {
		more, err := s.eraseSubjects(ctx, e, at, newID)
		if err != nil {
			return unavailable("pseudonymise the audit log", err)
		}
		if !more {
			return nil
		}
	}
}

// eraseSubjects replaces the user in up to MaxErasedPlaces subjects of the audit
// log, and has the log tell of it. Most people are in none, and then nobody waits
// for it.
func (s *Store) eraseSubjects(ctx context.Context, e competition.Erasure, at calendar.Millis, newID func() string) (more bool, err error) {
	err = s.write.QueryRow(ctx, isNamedSQL, e.UserID).Scan(&more)
	if err != nil || !more {
		return false, err
	}
	return true, pgx.BeginFunc(ctx, s.write, func(tx pgx.Tx) error {
		head, err := auditHead(ctx, tx, lockAuditHeadSQL)
		if err != nil {
			return err
		}
		var none competition.Key
		rows, _ := tx.Query(ctx, eraseSubjectsSQL, e.UserID, e.Pseudonym, none[:], competition.MaxErasedPlaces) // CollectRows tells its error
		places, err := pgx.CollectRows(rows, pgx.RowToStructByPos[competition.AuditPlace])
		if err != nil || len(places) == 0 {
			return err
		}
		slices.SortFunc(places, func(a, b competition.AuditPlace) int {
			return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.N, b.N))
		})
		return appendEntry(ctx, tx, &head, competition.NewAuditErasure(newID(), at, e.Pseudonym, places))
	})
}

// Scrub does nothing: no statement finds any more what was deleted. Vacuum gives
// the space of the old rows back in its time; see competition.ErasureStore.
func (s *Store) Scrub(context.Context) error { return nil }
