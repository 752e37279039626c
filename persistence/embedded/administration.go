package embedded

import (
	"context"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
)

// API keys are few and small: their fields are JSON, sealed like every row.

// PutAPIKey writes a key, and waits for the disk; see
// competition.AdministrationStore.
func (s *Store) PutAPIKey(ctx context.Context, k competition.APIKey) error {
	return s.write(ctx, s.administering, func(batch *pebble.Batch) error {
		return setJSON(batch, appendKey(nil, apiKeyKeys, k.ID), k)
	})
}

// APIKeys is all keys; see competition.AdministrationStore.
func (s *Store) APIKeys(ctx context.Context) (keys []competition.APIKey, err error) {
	lower, upper := allOf(apiKeyKeys)
	err = each(ctx, s.db, lower, upper, func(key, value []byte) error {
		var k competition.APIKey
		if err := parseJSON(key, value, &k); err != nil {
			return err
		}
		keys = append(keys, k)
		return nil
	})
	return keys, err
}
