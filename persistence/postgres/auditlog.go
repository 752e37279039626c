package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

const (
	lockAuditHeadSQL = `
SELECT first_seq, anchor_hash, last_seq, last_hash FROM paceboard.audit_head FOR UPDATE`

	readAuditHeadSQL = `
SELECT first_seq, anchor_hash, last_seq, last_hash FROM paceboard.audit_head`

	moveAuditHeadSQL = `
UPDATE paceboard.audit_head SET last_seq = $1, last_hash = $2`

	addAuditEntrySQL = `
INSERT INTO paceboard.audit_entries (seq, entry_id, at, action, route, places, status, request_id, erased, commitments, prev_hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

	addAuditSubjectsSQL = `
INSERT INTO paceboard.audit_subjects (seq, n, kind, id, key)
SELECT $1, u.n - 1, u.kind, u.id, u.key FROM unnest($2::text[], $3::text[], $4::bytea[]) WITH ORDINALITY AS u (kind, id, key, n)`

	// auditColumns are an entry and, in the order of n, its subjects.
	auditColumns = `
e.seq, e.entry_id, e.at, e.action, e.route, e.places, e.status, e.request_id, e.erased, e.commitments, e.prev_hash, s.kinds, s.ids, s.keys`

	auditSubjectsOfEach = `
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(kind ORDER BY n), '{}') AS kinds, coalesce(array_agg(id ORDER BY n), '{}') AS ids,
           coalesce(array_agg(key ORDER BY n), '{}') AS keys
    FROM paceboard.audit_subjects WHERE seq = e.seq) s`

	auditLogSQL = `
SELECT` + auditColumns + `
FROM (SELECT * FROM paceboard.audit_entries WHERE seq < $1 ORDER BY seq DESC LIMIT $2) e` + auditSubjectsOfEach + `
ORDER BY e.seq DESC`

	auditLogOfSQL = `
SELECT` + auditColumns + `
FROM (SELECT DISTINCT seq FROM paceboard.audit_subjects WHERE kind = 'user' AND id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3) named
JOIN paceboard.audit_entries e USING (seq)` + auditSubjectsOfEach + `
ORDER BY e.seq DESC`

	wholeAuditLogSQL = `
SELECT` + auditColumns + `
FROM paceboard.audit_entries e` + auditSubjectsOfEach + `
ORDER BY e.seq`

	removeAuditEntriesSQL = `
WITH first AS (
    SELECT seq, bool_and(at < $1) OVER (ORDER BY seq) AS old
    FROM (SELECT seq, at FROM paceboard.audit_entries ORDER BY seq LIMIT $2) f
), gone AS (
    DELETE FROM paceboard.audit_entries e USING first WHERE e.seq = first.seq AND first.old RETURNING e.seq
)
SELECT count(*), coalesce(max(seq), 0) FROM gone`

	removeAuditSubjectsSQL = `
DELETE FROM paceboard.audit_subjects WHERE seq <= $1`

	moveAuditAnchorSQL = `
UPDATE paceboard.audit_head
SET first_seq = $1 + 1, anchor_hash = coalesce((SELECT prev_hash FROM paceboard.audit_entries WHERE seq = $1 + 1), last_hash)`
)

// Note appends to the audit log; see competition.AuditLogStore.
func (s *Store) Note(ctx context.Context, e competition.AuditEntry) error {
	err := pgx.BeginFunc(ctx, s.write, func(tx pgx.Tx) error {
		head, err := auditHead(ctx, tx, lockAuditHeadSQL)
		if err != nil {
			return err
		}
		return appendEntry(ctx, tx, &head, e)
	})
	return unavailable("append to the audit log", err)
}

// appendEntry appends while the head's row is locked.
func appendEntry(ctx context.Context, tx pgx.Tx, head *competition.AuditHead, e competition.AuditEntry) error {
	r := head.Append(e, newKey)
	row := auditRowOf(r)
	batch := &pgx.Batch{}
	batch.Queue(addAuditEntrySQL, row.entry()...)
	batch.Queue(addAuditSubjectsSQL, r.Entry.Seq, row.kinds, row.ids, row.keys)
	batch.Queue(moveAuditHeadSQL, head.Last, head.Hash[:])
	return tx.SendBatch(ctx, batch).Close()
}

func newKey() (k competition.Key) {
	rand.Read(k[:]) // never fails, see crypto/rand
	return k
}

// auditHead is the row of the head; without one nobody may go on.
func auditHead(ctx context.Context, from querier, sql string) (h competition.AuditHead, err error) {
	rows, _ := from.Query(ctx, sql) // ForEachRow tells its error
	var anchor, last []byte
	n := 0
	_, err = pgx.ForEachRow(rows, []any{&h.First, &anchor, &h.Last, &last}, func() error {
		n++
		copy(h.Anchor[:], anchor)
		copy(h.Hash[:], last)
		return nil
	})
	if err == nil && n != 1 {
		err = fmt.Errorf("%w: the row of paceboard.audit_head is missing", competition.ErrCorrupt)
	}
	return h, err
}

// auditRow is a record as the tables have it.
type auditRow struct {
	seq                          uint64
	id, action, route, requestID string
	at                           time.Time
	places                       []string
	status                       int32
	erased, commitments, prev    []byte
	kinds, ids                   []string
	keys                         [][]byte
}

func auditRowOf(r *competition.AuditRecord) *auditRow {
	e := &r.Entry
	row := &auditRow{
		seq: e.Seq, id: e.ID, at: e.At.Time(), action: e.Action, route: e.Route, places: []string{},
		status: int32(e.Status), requestID: e.RequestID, prev: r.Prev[:],
	}
	for _, t := range e.Targets {
		row.places = append(row.places, t.Place)
	}
	if e.Erased != nil {
		row.erased = competition.AppendAuditErasure(nil, e.Erased)
	}
	for i := range r.Commitments {
		row.commitments = append(row.commitments, r.Commitments[i][:]...)
	}
	for i := range r.Subjects {
		subject := &r.Subjects[i]
		row.kinds, row.ids, row.keys = append(row.kinds, subject.Kind.String()), append(row.ids, subject.ID), append(row.keys, subject.Key[:])
	}
	return row
}

// entry is the arguments of addAuditEntrySQL.
func (r *auditRow) entry() []any {
	return []any{r.seq, r.id, r.at, r.action, r.route, r.places, r.status, r.requestID, r.erased, r.commitments, r.prev}
}

// scanned is where the columns auditColumns go.
func (r *auditRow) scanned() []any {
	return []any{
		&r.seq, &r.id, &r.at, &r.action, &r.route, &r.places, &r.status, &r.requestID, &r.erased, &r.commitments, &r.prev,
		&r.kinds, &r.ids, &r.keys,
	}
}

// record is what the row stands for.
func (r *auditRow) record() (*competition.AuditRecord, error) {
	damaged := func(why error) (*competition.AuditRecord, error) {
		return nil, fmt.Errorf("%w: entry %d of the audit log cannot be read: %w", competition.ErrCorrupt, r.seq, why)
	}
	out := &competition.AuditRecord{Entry: competition.AuditEntry{
		Seq: r.seq, ID: r.id, At: calendar.MillisOf(r.at), Action: r.action, Route: r.route, Status: int(r.status), RequestID: r.requestID,
	}}
	copy(out.Prev[:], r.prev)
	for _, place := range r.places {
		out.Entry.Targets = append(out.Entry.Targets, competition.AuditTarget{Place: place})
	}
	if r.erased != nil {
		erased, err := competition.ParseAuditErasure(r.erased)
		if err != nil {
			return damaged(err)
		}
		out.Entry.Erased = erased
	}
	for rest := r.commitments; len(rest) > 0; {
		var c competition.Commitment
		rest = rest[copy(c[:], rest):]
		out.Commitments = append(out.Commitments, c)
	}
	for i, word := range r.kinds {
		kind, err := competition.ParseSubjectKind(word)
		if err != nil {
			return damaged(err)
		}
		subject := competition.AuditSubject{Subject: competition.Subject{Kind: kind, ID: r.ids[i]}}
		copy(subject.Key[:], r.keys[i])
		out.Subjects = append(out.Subjects, subject)
	}
	return out, nil
}

// AuditLog reads the audit log backwards; see competition.AuditLogStore.
func (s *Store) AuditLog(ctx context.Context, before uint64, limit int) ([]competition.AuditEntry, error) {
	return s.auditEntries(ctx, auditLogSQL, seqBefore(before), limit)
}

// AuditLogOf reads what names a user backwards; see competition.AuditLogStore.
func (s *Store) AuditLogOf(ctx context.Context, userID string, before uint64, limit int) ([]competition.AuditEntry, error) {
	return s.auditEntries(ctx, auditLogOfSQL, userID, seqBefore(before), limit)
}

// seqBefore is a seq that all others are lower than, if it is 0.
func seqBefore(before uint64) int64 {
	if before == 0 || before > 1<<63-1 {
		return 1<<63 - 1
	}
	return int64(before)
}

func (s *Store) auditEntries(ctx context.Context, sql string, args ...any) (entries []competition.AuditEntry, err error) {
	err = eachRecord(ctx, s.read, sql, func(r *competition.AuditRecord) error {
		e, err := r.Whole()
		entries = append(entries, e)
		return err
	}, args...)
	if err != nil {
		return nil, auditUnread(err)
	}
	return entries, nil
}

// eachRecord visits the rows of a query that has auditColumns.
func eachRecord(ctx context.Context, from querier, sql string, visit func(*competition.AuditRecord) error, args ...any) error {
	rows, err := from.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row auditRow
		if err := rows.Scan(row.scanned()...); err != nil {
			return err
		}
		r, err := row.record()
		if err == nil {
			err = visit(r)
		}
		if err != nil {
			return err
		}
	}
	return rows.Err()
}

// auditUnread is an error of a reading as the core's.
func auditUnread(err error) error {
	if errors.Is(err, competition.ErrCorrupt) {
		return err
	}
	return unavailable("read the audit log", err)
}

// ReadAuditLog visits the whole audit log; see competition.AuditLogStore.
func (s *Store) ReadAuditLog(ctx context.Context, head func(competition.AuditHead) error, record func(*competition.AuditRecord) error) error {
	var visitors error // what a visitor says is returned as it is
	told := func(err error) error {
		visitors = err
		return err
	}
	err := pgx.BeginTxFunc(ctx, s.read, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		h, err := auditHead(ctx, tx, readAuditHeadSQL)
		if err != nil {
			return err
		}
		if err := told(head(h)); err != nil {
			return err
		}
		return eachRecord(ctx, tx, wholeAuditLogSQL, func(r *competition.AuditRecord) error { return told(record(r)) })
	})
	if visitors != nil || err == nil {
		return visitors
	}
	return auditUnread(err)
}

// RetainAuditLog removes old entries; see competition.AuditLogStore.
func (s *Store) RetainAuditLog(ctx context.Context, olderThan calendar.Millis, step int) (removed int64, err error) {
	if step <= 0 {
		step = 1000
	}
	for {
		var n, last int64
		err := pgx.BeginFunc(ctx, s.write, func(tx pgx.Tx) error {
			if _, err := auditHead(ctx, tx, lockAuditHeadSQL); err != nil {
				return err
			}
			if err := tx.QueryRow(ctx, removeAuditEntriesSQL, olderThan.Time(), step).Scan(&n, &last); err != nil || n == 0 {
				return err
			}
			if _, err := tx.Exec(ctx, removeAuditSubjectsSQL, last); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, moveAuditAnchorSQL, last)
			return err
		})
		if err != nil {
			return removed, unavailable("remove old entries of the audit log", err)
		}
		if removed += n; n < int64(step) {
			return removed, nil
		}
	}
}

const (
	putKeySQL = `
INSERT INTO paceboard.api_keys (key_id, name, hash, scopes, created_by_kind, created_by, created_at, expires_at, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (key_id) DO UPDATE
    SET name = excluded.name, hash = excluded.hash, scopes = excluded.scopes, expires_at = excluded.expires_at, revoked_at = excluded.revoked_at`

	listKeysSQL = `
SELECT key_id, name, hash, scopes, created_by_kind, created_by, created_at, expires_at, revoked_at FROM paceboard.api_keys ORDER BY key_id`
)

// PutAPIKey writes a key; see competition.AdministrationStore.
func (s *Store) PutAPIKey(ctx context.Context, k competition.APIKey) error {
	_, err := s.write.Exec(ctx, putKeySQL, k.ID, k.Name, k.Hash[:], int16(k.Scopes), k.CreatedBy.Kind.String(), k.CreatedBy.ID,
		k.CreatedAt.Time(), instantOrNull(k.ExpiresAt), instantOrNull(k.RevokedAt))
	return unavailable("write an API key", err)
}

// APIKeys is all keys; see competition.AdministrationStore.
func (s *Store) APIKeys(ctx context.Context) ([]competition.APIKey, error) {
	rows, _ := s.read.Query(ctx, listKeysSQL) // CollectRows tells its error
	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k competition.APIKey, err error) {
		var hash []byte
		var kind string
		var scopes int16
		var created time.Time
		var expires, revoked *time.Time
		if err := row.Scan(&k.ID, &k.Name, &hash, &scopes, &kind, &k.CreatedBy.ID, &created, &expires, &revoked); err != nil {
			return k, err
		}
		copy(k.Hash[:], hash)
		k.Scopes, k.CreatedAt = competition.Scopes(scopes), calendar.MillisOf(created)
		k.ExpiresAt, k.RevokedAt = millisOrZero(expires), millisOrZero(revoked)
		k.CreatedBy.Kind, err = competition.ParseSubjectKind(kind)
		return k, err
	})
	return keys, unavailable("read the API keys", err)
}
