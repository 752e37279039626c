package embedded

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// Note appends to the audit log, and waits for the disk; see
// competition.AuditLogStore. Concurrent calls take turns.
func (s *Store) Note(ctx context.Context, e competition.AuditEntry) error {
	return s.changeLog(ctx, func(l *logChange) error { return l.append(e) })
}

// logChange is a change of the audit log on its way into one commit.
type logChange struct {
	store *Store
	batch *pebble.Batch
	head  competition.AuditHead
}

// changeLog makes a change while nobody else does, and waits for the disk.
func (s *Store) changeLog(ctx context.Context, change func(*logChange) error) error {
	return s.write(ctx, s.auditing, func(batch *pebble.Batch) error {
		head, err := auditHead(ctx, s.db)
		if err != nil {
			return err
		}
		l := &logChange{store: s, batch: batch, head: head}
		if err := change(l); err != nil || batch.Empty() {
			return err
		}
		return unread(l.set(auditHeadKey, appendAuditHead([]byte{rowVersion}, l.head)))
	})
}

func (s *Store) beginLogChange(ctx context.Context) (*logChange, error) {
	head, err := auditHead(ctx, s.db)
	return &logChange{store: s, batch: s.db.NewBatch(), head: head}, err
}

// append puts an entry into the commit.
func (l *logChange) append(e competition.AuditEntry) error {
	r := l.head.Append(e, newKey)
	key := recordKey(r.Entry.Seq)
	if err := l.set(key, competition.AppendAuditRecord([]byte{rowVersion}, r)); err != nil {
		return err
	}
	for n := range r.Subjects {
		if err := l.setSubject(r.Entry.Seq, n, &r.Subjects[n]); err != nil {
			return err
		}
	}
	return nil
}

// setSubject puts the row of a subject into the commit, and where a user finds it.
func (l *logChange) setSubject(seq uint64, n int, subject *competition.AuditSubject) error {
	row := append(append([]byte{rowVersion, byte(subject.Kind)}, subject.Key[:]...), subject.ID...)
	if err := l.set(subjectKey(seq, n), row); err != nil || subject.Kind != competition.UserSubject {
		return err
	}
	return l.set(appendNamedKey(nil, subject.ID, seq), []byte{rowVersion})
}

// set seals a row of which the version and the fields are given.
func (l *logChange) set(key, row []byte) error { return l.batch.Set(key, seal(key, row), nil) }

func newKey() (k competition.Key) {
	rand.Read(k[:]) // never fails, see crypto/rand
	return k
}

var auditHeadKey = appendKey(nil, auditHeadKeys, "audit")

func appendAuditHead(dst []byte, h competition.AuditHead) []byte {
	dst = append(binary.BigEndian.AppendUint64(dst, h.First), h.Anchor[:]...)
	return append(binary.BigEndian.AppendUint64(dst, h.Last), h.Hash[:]...)
}

// auditHead is where the audit log begins and ends.
func auditHead(ctx context.Context, from pebble.Reader) (h competition.AuditHead, err error) {
	value, err := get(from, auditHeadKey)
	switch {
	case err != nil:
		return h, auditUnread(err)
	case value == nil:
		lower, upper := allOf(recordKeys)
		err = each(ctx, from, lower, upper, func(_, _ []byte) error {
			return fmt.Errorf("%w: the head of the audit log is missing", competition.ErrCorrupt)
		})
		return competition.NewAuditHead(), auditUnread(err)
	}
	r := fieldsOf(auditHeadKey, value)
	h = competition.AuditHead{First: r.Uint64(), Anchor: r.Hash(), Last: r.Uint64(), Hash: r.Hash()}
	if err := r.End(); err != nil {
		return h, fmt.Errorf("%w: the head of the audit log cannot be read: %w", competition.ErrCorrupt, err)
	}
	return h, nil
}

// auditUnread is an error of Pebble's as the core's.
func auditUnread(err error) error {
	if pebble.IsCorruptionError(err) {
		return fmt.Errorf("%w: the audit log cannot be read: %w", competition.ErrCorrupt, err)
	}
	return unread(err)
}

// AuditLog reads the audit log backwards; see competition.AuditLogStore.
func (s *Store) AuditLog(ctx context.Context, before uint64, limit int) ([]competition.AuditEntry, error) {
	lower, upper := allOf(recordKeys)
	if before != 0 {
		upper = recordKey(before)
	}
	return s.entriesBefore(ctx, lower, upper, limit)
}

// AuditLogOf reads what names a user backwards; see competition.AuditLogStore.
func (s *Store) AuditLogOf(ctx context.Context, userID string, before uint64, limit int) ([]competition.AuditEntry, error) {
	lower, upper := under(namedKeys, userID)
	if before != 0 {
		upper = appendNamedKey(nil, userID, before)
	}
	return s.entriesBefore(ctx, lower, upper, limit)
}

// entriesBefore is the last entries, latest first, whose seqs end the keys of a
// range, as of one moment.
func (s *Store) entriesBefore(ctx context.Context, lower, upper []byte, limit int) (entries []competition.AuditEntry, err error) {
	view := s.db.NewSnapshot()
	defer closeAfter(view, &err)
	err = backwards(ctx, view, lower, upper, func(key, _ []byte) error {
		if len(entries) == limit {
			return errEnough
		}
		r, err := auditRecord(ctx, view, seqIn(key))
		if err != nil {
			return err
		}
		e, err := r.Whole()
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, auditUnread(err)
	}
	return entries, nil
}

// seqIn is the seq at the end of a key; 0 if there is none.
func seqIn(key []byte) uint64 {
	if len(key) < kindSize+seqSize {
		return 0
	}
	return binary.BigEndian.Uint64(key[len(key)-seqSize:])
}

func auditRecord(ctx context.Context, from pebble.Reader, seq uint64) (*competition.AuditRecord, error) {
	key := recordKey(seq)
	value, err := get(from, key)
	if err != nil {
		return nil, auditUnread(err)
	}
	return parseAuditRecord(ctx, from, key, value)
}

// parseAuditRecord is the record of a row, and its subjects.
func parseAuditRecord(ctx context.Context, from pebble.Reader, key, value []byte) (*competition.AuditRecord, error) {
	seq := seqIn(key)
	var r *competition.AuditRecord
	fields, err := unseal(key, value)
	if err == nil {
		r, err = competition.ParseAuditRecord(fields)
	}
	if err == nil && r.Entry.Seq != seq {
		err = errFields
	}
	if err != nil {
		return nil, fmt.Errorf("%w: entry %d of the audit log cannot be read: %w", competition.ErrCorrupt, seq, err)
	}
	r.Subjects, err = auditSubjects(ctx, from, seq)
	return r, err
}

func auditSubjects(ctx context.Context, from pebble.Reader, seq uint64) (subjects []competition.AuditSubject, err error) {
	lower, upper := subjectKey(seq, 0), subjectKey(seq+1, 0)
	err = each(ctx, from, lower, upper, func(key, value []byte) error {
		r := fieldsOf(key, value)
		s := competition.AuditSubject{Subject: competition.Subject{Kind: competition.SubjectKind(r.Byte())}, Key: r.Hash()}
		s.ID = string(r.Rest())
		if !bytes.Equal(key, subjectKey(seq, len(subjects))) {
			r.Fail(errFields)
		}
		if err := r.Err(); err != nil {
			return fmt.Errorf("%w: subject %d of entry %d of the audit log cannot be read: %w", competition.ErrCorrupt, len(subjects), seq, err)
		}
		subjects = append(subjects, s)
		return nil
	})
	return subjects, auditUnread(err)
}

// ReadAuditLog visits the whole audit log; see competition.AuditLogStore. What
// cannot be read ends it.
func (s *Store) ReadAuditLog(ctx context.Context, head func(competition.AuditHead) error, record func(*competition.AuditRecord) error) (err error) {
	view := s.db.NewSnapshot()
	defer closeAfter(view, &err)
	h, err := auditHead(ctx, view)
	if err == nil {
		err = head(h)
	}
	if err != nil {
		return err
	}
	lower, upper := allOf(recordKeys)
	err = each(ctx, view, lower, upper, func(key, value []byte) error {
		r, err := parseAuditRecord(ctx, view, key, value)
		if err != nil {
			return err
		}
		return record(r)
	})
	return auditUnread(err)
}

// RetainAuditLog removes old entries; see competition.AuditLogStore. Their bytes
// stay in old files until those are rewritten, as they are by a Scrub that
// follows a Pseudonymise.
func (s *Store) RetainAuditLog(ctx context.Context, olderThan calendar.Millis, step int) (removed int64, err error) {
	if step <= 0 {
		step = defaultStep
	}
	for {
		n := 0
		err := s.changeLog(ctx, func(l *logChange) (err error) {
			n, err = l.removeOld(ctx, olderThan, step)
			return err
		})
		if err != nil {
			return removed, err
		}
		if removed += int64(n); n < step {
			return removed, nil
		}
	}
}

// defaultStep is how much is changed in one write unless somebody says otherwise.
const defaultStep = 1_000

// removeOld takes up to step old entries out.
func (l *logChange) removeOld(ctx context.Context, olderThan calendar.Millis, step int) (n int, err error) {
	lower, upper := allOf(recordKeys)
	err = each(ctx, l.store.db, lower, upper, func(key, value []byte) error {
		r, err := parseAuditRecord(ctx, l.store.db, key, value)
		if err != nil {
			return err
		}
		if r.Entry.At >= olderThan || n == step {
			return errEnough
		}
		seq := r.Entry.Seq
		l.head.First, l.head.Anchor = seq+1, r.Hash()
		if err := l.batch.Delete(key, nil); err != nil {
			return err
		}
		for i, subject := range r.Subjects {
			err := l.batch.Delete(subjectKey(seq, i), nil)
			if err == nil && subject.Kind == competition.UserSubject {
				err = l.batch.Delete(appendNamedKey(nil, subject.ID, seq), nil)
			}
			if err != nil {
				return err
			}
		}
		n++
		return nil
	})
	return n, auditUnread(err)
}

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
		some, err := s.typeSome(ctx, isKey, defaultStep)
		if n += some; err != nil || some == 0 {
			return n, err
		}
	}
}

// typeSome moves the oldest of such entries over, a number of them at most, in one
// commit. Their old bytes are marked, so that the next scrub, of somebody who is named
// in them, leaves none.
func (s *Store) typeSome(ctx context.Context, isKey map[string]bool, most int) (n int, err error) {
	var l *logChange // nil while there is nothing to do
	lower, upper := allOf(untypedKeys)
	err = each(ctx, s.db, lower, upper, func(key, value []byte) (err error) {
		if l == nil {
			if l, err = s.beginLogChange(ctx); err != nil {
				return err
			}
		}
		if n == most {
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
