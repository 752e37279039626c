package competition

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// AuditedLog is what the audit log says of itself.
type AuditedLog struct {
	Head     AuditHead
	Entries  int
	Erased   int      // subjects that name a pseudonym
	Findings []string // what is wrong
}

func (a *AuditedLog) find(format string, args ...any) {
	a.Findings = append(a.Findings, fmt.Sprintf(format, args...))
}

// AuditTheLog reads the audit log from where it begins, and takes nothing for
// granted: that each record follows from the one before, up to the head, that each
// subject is whom the record commits to or was replaced by an erasure that a later
// record tells of, and that everybody finds in the index what the log has. What is
// wrong is a finding; an error is the store's, or ctx's. progress is told how many
// records were read. Beside a server at work, an erasure between the two readings
// may look wrong: ask again if the head has moved.
func AuditTheLog(ctx context.Context, store AuditLogStore, progress func(records int)) (*AuditedLog, error) {
	v := logVerifier{replaced: map[AuditPlace]string{}, named: map[string]*seqDigest{}}
	err := store.ReadAuditLog(ctx, v.begin, func(r *AuditRecord) error {
		v.record(r)
		progress(v.Entries)
		return nil
	})
	if err == nil {
		v.end()
		err = v.compareIndex(ctx, store)
	}
	a := Audited{}
	if err := a.damage(err); err != nil {
		return nil, err
	}
	v.Findings = append(v.Findings, a.Findings...)
	return &v.AuditedLog, nil
}

// logVerifier verifies a log.
type logVerifier struct {
	AuditedLog

	next     uint64
	hash     Hash                  // of the record before next
	replaced map[AuditPlace]string // pseudonyms that no record has told of yet
	named    map[string]*seqDigest // by user
}

func (v *logVerifier) begin(head AuditHead) error {
	v.Head, v.next, v.hash = head, head.First, head.Anchor
	if head.First <= 1 && head.Anchor != auditAnchor {
		v.find("the audit log does not begin as every log does")
	}
	return nil
}

func (v *logVerifier) record(r *AuditRecord) {
	v.Entries++
	if seq := r.Entry.Seq; seq != v.next {
		v.find("entries %d to %d of the audit log are missing", v.next, seq-1)
	} else if r.Prev != v.hash {
		v.find("entry %d of the audit log does not follow from the one before: one of them was changed", seq)
	}
	v.next, v.hash = r.Entry.Seq+1, r.Hash()
	if _, err := r.Whole(); err != nil || len(r.Commitments) != len(r.Subjects) {
		v.find("entry %d of the audit log has %d subjects, and %d rows of them", r.Entry.Seq, len(r.Commitments), len(r.Subjects))
		return
	}
	for n := range r.Subjects {
		v.subject(AuditPlace{r.Entry.Seq, n}, &r.Subjects[n], r.Commitments[n])
	}
	if r.Entry.Erased != nil {
		v.erasure(r.Entry.Seq, r.Entry.Erased)
	}
}

// subject holds the row of a subject against what the record says of it.
func (v *logVerifier) subject(at AuditPlace, s *AuditSubject, committed Commitment) {
	if s.Kind == UserSubject {
		digest := v.named[s.ID]
		if digest == nil {
			digest = &seqDigest{}
			v.named[s.ID] = digest
		}
		digest.add(at.Seq)
	}
	if s.commitment(&s.Key) != committed {
		v.replaced[at] = s.ID
		if s.Kind != UserSubject {
			v.replaced[at] = "" // no erasure does that
		}
	}
}

// erasure takes what a record tells of places before it.
func (v *logVerifier) erasure(seq uint64, e *AuditErasure) {
	if !IsPseudonym(e.Pseudonym) {
		v.find("entry %d of the audit log replaces users by %q, which is no pseudonym", seq, e.Pseudonym)
		return
	}
	for _, at := range e.Places {
		if at.Seq < v.Head.First {
			continue // retention has removed it since
		}
		if id, ok := v.replaced[at]; ok && id == e.Pseudonym {
			delete(v.replaced, at)
			v.Erased++
			continue
		}
		v.find("subject %d of entry %d of the audit log was erased by entry %d, and does not name its pseudonym", at.N, at.Seq, seq)
	}
}

// end looks at what is left once all was read.
func (v *logVerifier) end() {
	if v.next != v.Head.Last+1 {
		v.find("the audit log ends before entry %d, and should go on to entry %d", v.next, v.Head.Last)
	} else if v.hash != v.Head.Hash {
		v.find("entry %d of the audit log was changed", v.Head.Last)
	}
	inOrder := func(a, b AuditPlace) int { return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.N, b.N)) }
	for _, at := range slices.SortedFunc(maps.Keys(v.replaced), inOrder) {
		v.find("subject %d of entry %d of the audit log was changed", at.N, at.Seq)
	}
}

// compareIndex looks whether the entries that users are named in are those that
// are found by their ids.
func (v *logVerifier) compareIndex(ctx context.Context, store AuditLogStore) error {
	for userID, want := range v.named {
		const page = 1_000
		var got seqDigest
		for before := v.Head.Last + 1; ; {
			entries, err := store.AuditLogOf(ctx, userID, before, page)
			if err != nil {
				return err
			}
			for i := range entries {
				if before = entries[i].Seq; before >= v.Head.First {
					got.add(before)
				}
			}
			if len(entries) < page {
				break
			}
		}
		if got.n != want.n || got.sum != want.sum {
			v.find("user %q is named in %d entries of the audit log, and found in %d", userID, want.n, got.n)
		}
	}
	return nil
}

// seqDigest stands for a set of seqs, in whatever order they come: how many, and
// the sum of their hashes, so that memory does not grow with the log. A seq that
// comes twice in a row, as of an entry that names somebody twice, counts once.
type seqDigest struct {
	n, sum uint64
	last   uint64
}

func (d *seqDigest) add(seq uint64) {
	if d.n > 0 && d.last == seq {
		return
	}
	hash := sha256.Sum256(binary.BigEndian.AppendUint64(nil, seq))
	d.n, d.sum, d.last = d.n+1, d.sum+binary.BigEndian.Uint64(hash[:]), seq
}
