package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

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
