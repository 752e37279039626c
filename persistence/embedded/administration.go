package embedded

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/paceboard/paceboard/competition"
)

// API keys are few and small: their fields are JSON, sealed like every row.

// PutAPIKey writes a key, and waits for the disk; see
// competition.AdministrationStore.
func (s *Store) PutAPIKey(ctx context.Context, k competition.APIKey) error {
	s.administering.Lock()
	defer s.administering.Unlock()
	return s.putJSON(ctx, appendKey(nil, apiKeyKeys, k.ID), k)
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

// putJSON writes one row durably.
func (s *Store) putJSON(ctx context.Context, key []byte, row any) error {
	if ctx.Err() != nil {
		return outOfTime(ctx, "nothing was begun")
	}
	if refusal := s.refusal.Load(); refusal != nil {
		return *refusal
	}
	fields, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("write row %q: %w", key, err)
	}
	batch := s.db.NewBatch()
	if err := batch.Set(key, seal(key, append([]byte{rowVersion}, fields...)), nil); err != nil {
		return unread(err)
	}
	return s.apply(batch)
}

// parseJSON reads a row that putJSON wrote.
func parseJSON(key, value []byte, row any) error {
	fields, err := unseal(key, value)
	if err == nil {
		err = json.Unmarshal(fields, row)
	}
	if err != nil {
		return fmt.Errorf("%w: row %q cannot be read: %w", competition.ErrCorrupt, key, err)
	}
	return nil
}
