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
		var kind string
		var scopes int16
		var created time.Time
		var expires, revoked *time.Time
		_, err = pgx.ForEachRow(rows, []any{&k.ID, &k.Name, &hash, &scopes, &kind, &k.CreatedBy.ID, &created, &expires, &revoked}, func() error {
			if k.CreatedBy.Kind, err = competition.ParseSubjectKind(kind); err != nil {
				return err
			}
			copy(k.Hash[:], hash)
			k.Scopes, k.CreatedAt = competition.Scopes(scopes), calendar.MillisOf(created)
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
