package postgres

import (
	"context"
	"database/sql"
	_ "embed" // what the migration does with the tables
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/pressly/goose/v3"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

//go:embed migrations/audit/up.sql
var auditUpSQL string

//go:embed migrations/audit/down.sql
var auditDownSQL string

const (
	auditVersion = 10
	auditSource  = "00010_audit.go"
	auditStep    = 1_000 // entries
)

// auditMigration makes the audit log a chain of entries with typed subjects. It is
// no file of SQL, because the types and the commitments are the core's to know.
func auditMigration() *goose.Migration {
	m := goose.NewGoMigration(auditVersion, &goose.GoFunc{RunTx: typeAuditLog}, &goose.GoFunc{RunTx: untypeAuditLog})
	m.Source = auditSource
	return m
}

// untypedAuditSQL locks nothing: the table was renamed in this transaction.
const untypedAuditSQL = `
SELECT entry_id, at, actor, action, target, status, request_id FROM paceboard.audit_untyped WHERE entry_id > $1 ORDER BY entry_id LIMIT $2`

func typeAuditLog(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, auditUpSQL); err != nil {
		return err
	}
	isKey, err := keyIDs(ctx, tx)
	if err != nil {
		return err
	}
	head := competition.NewAuditHead()
	for after := ""; ; {
		old, err := untypedEntries(ctx, tx, after)
		if err != nil {
			return err
		}
		if len(old) == 0 {
			break
		}
		after = old[len(old)-1].ID
		if err := storeTyped(ctx, tx, &head, old, isKey); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO paceboard.audit_head (first_seq, anchor_hash, last_seq, last_hash) VALUES ($1, $2, $3, $4)`,
		int64(head.First), head.Anchor[:], int64(head.Last), head.Hash[:])
	if err == nil {
		_, err = tx.ExecContext(ctx, `DROP TABLE paceboard.audit_untyped`)
	}
	return err
}

func keyIDs(ctx context.Context, tx *sql.Tx) (isKey map[string]bool, err error) {
	isKey = map[string]bool{}
	err = eachSQLRow(ctx, tx, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		isKey[id] = true
		return err
	}, `SELECT key_id FROM paceboard.api_keys`)
	return isKey, err
}

func untypedEntries(ctx context.Context, tx *sql.Tx, after string) (entries []competition.UntypedEntry, err error) {
	err = eachSQLRow(ctx, tx, func(scan func(...any) error) error {
		var e competition.UntypedEntry
		var at time.Time
		err := scan(&e.ID, &at, &e.Actor, &e.Action, &e.Target, &e.Status, &e.RequestID)
		e.At = calendar.MillisOf(at)
		entries = append(entries, e)
		return err
	}, untypedAuditSQL, after, auditStep)
	return entries, err
}

// storeTyped appends entries to the chain, many in a statement.
func storeTyped(ctx context.Context, tx *sql.Tx, head *competition.AuditHead, old []competition.UntypedEntry, isKey map[string]bool) error {
	var subjects struct {
		seqs, n    []int64
		kinds, ids []string
		keys       [][]byte
	}
	add, err := tx.PrepareContext(ctx, addAuditEntrySQL)
	if err != nil {
		return err
	}
	for i := range old {
		r := head.Append(old[i].Type(func(id string) bool { return isKey[id] }), newKey)
		row := auditRowOf(r)
		if _, err := add.ExecContext(ctx, row.entry()...); err != nil {
			return errors.Join(err, add.Close())
		}
		for n := range r.Subjects {
			subjects.seqs, subjects.n = append(subjects.seqs, int64(row.seq)), append(subjects.n, int64(n))
		}
		subjects.kinds, subjects.ids = append(subjects.kinds, row.kinds...), append(subjects.ids, row.ids...)
		subjects.keys = append(subjects.keys, row.keys...)
	}
	_, err = tx.ExecContext(ctx, `
INSERT INTO paceboard.audit_subjects (seq, n, kind, id, key)
SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::bytea[])`,
		subjects.seqs, subjects.n, subjects.kinds, subjects.ids, subjects.keys)
	return errors.Join(err, add.Close())
}

// untypeAuditLog is the way back.
func untypeAuditLog(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, auditDownSQL); err != nil {
		return err
	}
	for after := int64(0); ; {
		entries, err := typedEntries(ctx, tx, after)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			break
		}
		for i := range entries {
			e := &entries[i]
			after = int64(e.Seq)
			if e.Erased != nil {
				continue // older versions know nothing of it
			}
			_, err := tx.ExecContext(ctx, `
INSERT INTO paceboard.audit (entry_id, at, actor, action, target, status, request_id) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				e.ID, e.At.Time(), e.Actor.String(), e.Action, e.Path(), e.Status, e.RequestID)
			if err != nil {
				return err
			}
		}
	}
	_, err := tx.ExecContext(ctx, `
DROP TABLE paceboard.audit_head, paceboard.audit_subjects, paceboard.audit_entries;
DROP FUNCTION paceboard.only_erased_subjects`)
	return err
}

// typedEntries are the next entries, with all that their old rows need.
func typedEntries(ctx context.Context, tx *sql.Tx, after int64) (entries []competition.AuditEntry, err error) {
	types := pgtype.NewMap()
	err = eachSQLRow(ctx, tx, func(scan func(...any) error) error {
		var row auditRow
		into := row.scanned()
		for i := range into {
			switch into[i].(type) {
			case *[]string, *[][]byte: // database/sql knows no arrays
				into[i] = types.SQLScanner(into[i])
			}
		}
		if err := scan(into...); err != nil {
			return err
		}
		r, err := row.record()
		if err != nil {
			return err
		}
		e, err := r.Whole()
		entries = append(entries, e)
		return err
	}, `
SELECT`+auditColumns+`
FROM (SELECT * FROM paceboard.audit_entries WHERE seq > $1 ORDER BY seq LIMIT $2) e`+auditSubjectsOfEach+`
ORDER BY e.seq`, after, auditStep)
	return entries, err
}

// eachSQLRow visits the rows of a query.
func eachSQLRow(ctx context.Context, tx *sql.Tx, visit func(scan func(...any) error) error, query string, args ...any) (err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := visit(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
