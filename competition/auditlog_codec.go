package competition

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// AuditRecord is an entry of the audit log as it is stored: what never changes,
// and beside it the rows of its subjects, which the record only commits to.
//
// Invariants:
//
//	L1  Seq is one more than that of the record before, and Prev is its hash
//	L2  Commitments[n] is that of Subjects[n] under its key, unless a later
//	    record's Erased names (Seq, n); then the subject is that record's pseudonym
//	L3  once written a record is never changed; the first ones may be removed
type AuditRecord struct {
	Prev        Hash
	Entry       AuditEntry // without subjects: Actor and the targets' ids are empty
	Commitments []Commitment
	Subjects    []AuditSubject // as many
}

// AuditSubject is the row of a subject: 0 is the actor.
type AuditSubject struct {
	Subject
	Key Key // zero once the subject was erased
}

// AuditHead is where the audit log begins and ends.
type AuditHead struct {
	First  uint64 // seq of the first record that there is, or would be; 0 is 1
	Anchor Hash   // of the record before First, which retention removed
	Last   uint64 // seq of the last record that there ever was; 0 for none
	Hash   Hash   // of it
}

// auditAnchor is what the first record of all follows.
var auditAnchor = Hash(sha256.Sum256([]byte("paceboard audit log 1")))

// NewAuditHead returns the head of a log without records.
func NewAuditHead() AuditHead { return AuditHead{First: 1, Anchor: auditAnchor, Hash: auditAnchor} }

// Append makes the entry the log's next record, its subjects under new keys, and
// moves the head on to it.
func (h *AuditHead) Append(e AuditEntry, newKey func() Key) *AuditRecord {
	r := &AuditRecord{Prev: h.Hash, Entry: e}
	r.Entry.Seq = h.Last + 1
	for _, s := range e.Subjects() {
		row := AuditSubject{Subject: s, Key: newKey()}
		r.Subjects = append(r.Subjects, row)
		r.Commitments = append(r.Commitments, s.commitment(&row.Key))
	}
	r.Entry.Actor, r.Entry.Targets = Subject{}, nil
	for _, t := range e.Targets {
		r.Entry.Targets = append(r.Entry.Targets, AuditTarget{Place: t.Place})
	}
	h.Last, h.Hash = r.Entry.Seq, r.Hash()
	return r
}

// Whole returns the entry with its subjects. It fails if there are too few or too many
// of them.
func (r *AuditRecord) Whole() (AuditEntry, error) {
	e := r.Entry
	if len(r.Subjects) != 1+len(e.Targets) {
		return e, fmt.Errorf("%w: entry %d of the audit log has %d subjects, and %d rows of them", ErrCorrupt, e.Seq, 1+len(e.Targets), len(r.Subjects))
	}
	e.Actor, e.Targets = r.Subjects[0].Subject, nil
	for i, t := range r.Entry.Targets {
		e.Targets = append(e.Targets, AuditTarget{t.Place, r.Subjects[1+i].Subject})
	}
	return e, nil
}

// Hash returns what the next record follows.
func (r *AuditRecord) Hash() Hash { return sha256.Sum256(AppendAuditRecord(nil, r)) }

// auditVersion begins every record.
const auditVersion = 1

// AppendAuditRecord appends what never changes of a record. It is what the hash is
// of, so that it is the same forever.
func AppendAuditRecord(dst []byte, r *AuditRecord) []byte {
	e := &r.Entry
	dst = append(append(dst, auditVersion), r.Prev[:]...)
	dst = binary.AppendUvarint(dst, e.Seq)
	dst = binary.AppendVarint(dst, int64(e.At))
	for _, text := range []string{e.ID, e.Action, e.Route, e.RequestID} {
		dst = wire.AppendString(dst, text)
	}
	dst = binary.AppendUvarint(dst, uint64(e.Status))
	dst = binary.AppendUvarint(dst, uint64(len(e.Targets)))
	for _, t := range e.Targets {
		dst = wire.AppendString(dst, t.Place)
	}
	for i := range r.Commitments {
		dst = append(dst, r.Commitments[i][:]...)
	}
	if dst = wire.AppendFlag(dst, e.Erased != nil); e.Erased == nil {
		return dst
	}
	return AppendAuditErasure(dst, e.Erased)
}

// AppendAuditErasure appends an erasure.
func AppendAuditErasure(dst []byte, e *AuditErasure) []byte {
	dst = wire.AppendString(dst, e.Pseudonym)
	dst = binary.AppendUvarint(dst, uint64(len(e.Places)))
	for _, p := range e.Places {
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, p.Seq), uint64(p.N))
	}
	return dst
}

// ParseAuditRecord reads what AppendAuditRecord wrote; the rows of the subjects are
// the caller's to add.
func ParseAuditRecord(b []byte) (*AuditRecord, error) {
	in := wire.NewReader(b)
	if version := in.Byte(); version != auditVersion {
		return nil, fmt.Errorf("it has version %d, made by a newer version of paceboard", version)
	}
	r := &AuditRecord{Prev: in.Hash()}
	e := &r.Entry
	e.Seq, e.At = in.Uvarint(), calendar.Millis(in.Varint())
	for _, text := range []*string{&e.ID, &e.Action, &e.Route, &e.RequestID} {
		*text = in.String()
	}
	e.Status = int(in.Uvarint())
	for range in.Length() {
		e.Targets = append(e.Targets, AuditTarget{Place: in.String()})
	}
	for range 1 + len(e.Targets) {
		r.Commitments = append(r.Commitments, in.Hash())
	}
	if in.Flag() {
		e.Erased = readAuditErasure(&in)
	}
	if err := in.End(); err != nil {
		return nil, err
	}
	return r, nil
}

// ParseAuditErasure reads what AppendAuditErasure wrote.
func ParseAuditErasure(b []byte) (*AuditErasure, error) {
	in := wire.NewReader(b)
	e := readAuditErasure(&in)
	if err := in.End(); err != nil {
		return nil, err
	}
	if len(e.Places) == 0 {
		return nil, errors.New("it erases nothing")
	}
	return e, nil
}

func readAuditErasure(r *wire.Reader) *AuditErasure {
	e := &AuditErasure{Pseudonym: r.String()}
	for range r.Length() {
		e.Places = append(e.Places, AuditPlace{Seq: r.Uvarint(), N: int(r.Number())})
	}
	return e
}
