package embedded

import (
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
)

// typeOldEntries makes records of the entries that an older version wrote, in
// their order, before the store is used. After a crash the next opening goes on
// where this one was.
func (s *Store) typeOldEntries(ctx context.Context) (n int, err error) {
	keys, err := s.APIKeys(ctx)
	if err != nil {
		return 0, err
	}
	isKey := make(map[string]bool, len(keys))
	for i := range keys {
		isKey[keys[i].ID] = true
	}
	for {
		some, err := s.typeSome(ctx, isKey)
		if n += some; err != nil || some == 0 {
			return n, err
		}
	}
}

// typeSome moves the oldest of such entries over, in one commit. Their old bytes
// are marked, so that the next scrub, of somebody who is named in them, leaves
// none.
func (s *Store) typeSome(ctx context.Context, isKey map[string]bool) (n int, err error) {
	var l *logChange // nil while there is nothing to do
	lower, upper := allOf(untypedKeys)
	err = each(ctx, s.db, lower, upper, func(key, value []byte) (err error) {
		if l == nil {
			if l, err = s.beginLogChange(ctx); err != nil {
				return err
			}
		}
		if n == defaultStep {
			return errEnough
		}
		n++
		var old competition.UntypedEntry
		if err := parseJSON(key, value, &old); err != nil {
			return err
		}
		return errors.Join(l.append(old.Type(func(id string) bool { return isKey[id] })), l.batch.Delete(key, nil))
	})
	if err != nil || n == 0 {
		if l != nil {
			closeAfter(l.batch, &err)
		}
		return 0, auditUnread(err)
	}
	err = errors.Join(setMark(l.batch, untypedMark), l.set(auditHeadKey, appendAuditHead([]byte{rowVersion}, l.head)))
	if err != nil {
		return 0, unread(err)
	}
	return n, s.db.Apply(l.batch, pebble.Sync)
}
