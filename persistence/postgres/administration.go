package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
)

const (
	putKeySQL = `
INSERT INTO paceboard.api_keys (key_id, name, hash, scopes, created_by, created_at, expires_at, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (key_id) DO UPDATE
    SET name = excluded.name, hash = excluded.hash, scopes = excluded.scopes, expires_at = excluded.expires_at, revoked_at = excluded.revoked_at`

	listKeysSQL = `
SELECT key_id, name, hash, scopes, created_by, created_at, expires_at, revoked_at FROM paceboard.api_keys ORDER BY key_id`

	noteSQL = `
INSERT INTO paceboard.audit (entry_id, at, actor, action, target, status, request_id) VALUES ($1, $2, $3, $4, $5, $6, $7)`

	auditLogSQL = `
SELECT entry_id, at, actor, action, target, status, request_id FROM paceboard.audit
WHERE $1 = '' OR entry_id < $1
ORDER BY entry_id DESC
LIMIT $2`
)

// PutAPIKey writes a key; see competition.AdministrationStore.
func (s *Store) PutAPIKey(ctx context.Context, k competition.APIKey) error {
	_, err := s.write.Exec(ctx, putKeySQL, k.ID, k.Name, k.Hash[:], int16(k.Scopes), k.CreatedBy,
		k.CreatedAt.Time(), instantOrNull(k.ExpiresAt), instantOrNull(k.RevokedAt))
	if err != nil {
		return unavailable("write an API key", err)
	}
	return nil
}

// APIKeys is all keys; see competition.AdministrationStore.
func (s *Store) APIKeys(ctx context.Context) (keys []competition.APIKey, err error) {
	rows, err := s.read.Query(ctx, listKeysSQL)
	if err == nil {
		var k competition.APIKey
		var hash []byte
		var scopes int16
		var created time.Time
		var expires, revoked *time.Time
		_, err = pgx.ForEachRow(rows, []any{&k.ID, &k.Name, &hash, &scopes, &k.CreatedBy, &created, &expires, &revoked}, func() error {
			copy(k.Hash[:], hash)
			k.Scopes, k.CreatedAt = competition.Scopes(scopes), competition.MillisOf(created)
			k.ExpiresAt, k.RevokedAt = millisOrZero(expires), millisOrZero(revoked)
			keys = append(keys, k)
			return nil
		})
	}
	if err != nil {
		return nil, unavailable("read the API keys", err)
	}
	return keys, nil
}

// Note appends to the audit log; see competition.AdministrationStore.
func (s *Store) Note(ctx context.Context, e competition.AuditEntry) error {
	if _, err := s.write.Exec(ctx, noteSQL, e.ID, e.At.Time(), e.Actor, e.Action, e.Target, int16(e.Status), e.RequestID); err != nil {
		return unavailable("append to the audit log", err)
	}
	return nil
}

// AuditLog reads the audit log backwards; see competition.AdministrationStore.
func (s *Store) AuditLog(ctx context.Context, before string, limit int) (entries []competition.AuditEntry, err error) {
	rows, err := s.read.Query(ctx, auditLogSQL, before, limit)
	if err == nil {
		var e competition.AuditEntry
		var at time.Time
		_, err = pgx.ForEachRow(rows, []any{&e.ID, &at, &e.Actor, &e.Action, &e.Target, &e.Status, &e.RequestID}, func() error {
			e.At = competition.MillisOf(at)
			entries = append(entries, e)
			return nil
		})
	}
	if err != nil {
		return nil, unavailable("read the audit log", err)
	}
	return entries, nil
}

func instantOrNull(at competition.Millis) *time.Time {
	if at == 0 {
		return nil
	}
	t := at.Time()
	return &t
}

func millisOrZero(t *time.Time) competition.Millis {
	if t == nil {
		return 0
	}
	return competition.MillisOf(*t)
}
