package embedded

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
)

// API keys and audit entries are few and small: their fields are JSON, sealed
// like every row.

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

// Note appends to the audit log, and waits for the disk; see
// competition.AdministrationStore.
func (s *Store) Note(ctx context.Context, e competition.AuditEntry) error {
	return s.putJSON(ctx, appendKey(nil, auditKeys, e.ID), e)
}

// AuditLog reads the audit log backwards; see competition.AdministrationStore.
func (s *Store) AuditLog(ctx context.Context, before string, limit int) (entries []competition.AuditEntry, err error) {
	if ctx.Err() != nil {
		return nil, outOfTime(ctx, "nothing was begun")
	}
	lower, upper := allOf(auditKeys)
	if before != "" {
		upper = appendKey(nil, auditKeys, before)
	}
	iterator, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, unread(err)
	}
	defer closeAfter(iterator, &err)
	for ok := iterator.Last(); ok && len(entries) < limit; ok = iterator.Prev() {
		var e competition.AuditEntry
		if err := parseJSON(iterator.Key(), iterator.Value(), &e); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, unread(iterator.Error())
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
