package embedded

import (
	"context"
	"encoding/binary"
	"encoding/hex"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// eraseSubjects has the subjects that are a user name a pseudonym, some of them in
// a commit, with the entries that tell of it. Cost: that of the entries that name
// the user.
func (s *Store) eraseSubjects(ctx context.Context, e competition.Erasure, at calendar.Millis, newID func() string) error {
	for marked := false; ; marked = true {
		done := false
		err := s.changeLog(ctx, func(l *logChange) error {
			places, err := l.eraseSome(ctx, e)
			done = err == nil && len(places) < competition.MaxErasedPlaces
			if err == nil && len(places) > 0 {
				err = l.append(competition.NewAuditErasure(newID(), at, e.Pseudonym, places))
			}
			if err == nil && !marked && (len(places) > 0 || l.head.First > 1) {
				err = l.markNamed(e.UserID)
			}
			return err
		})
		if err != nil || done {
			return err
		}
	}
}

// eraseSome replaces the user in up to MaxErasedPlaces subjects, or somewhat more
// if the last entry has several.
func (l *logChange) eraseSome(ctx context.Context, e competition.Erasure) (places []competition.AuditPlace, err error) {
	user := competition.Subject{Kind: competition.UserSubject, ID: e.UserID}
	lower, upper := under(namedKeys, e.UserID)
	marked := ^uint64(0)
	err = each(ctx, l.store.db, lower, upper, func(key, _ []byte) error {
		if len(places) >= competition.MaxErasedPlaces {
			return errEnough
		}
		seq := seqIn(key)
		subjects, err := auditSubjects(ctx, l.store.db, seq)
		if err != nil {
			return err
		}
		for n := range subjects {
			if subjects[n].Subject != user {
				continue
			}
			subjects[n] = competition.AuditSubject{Subject: competition.Subject{Kind: competition.UserSubject, ID: e.Pseudonym}}
			if err := l.setSubject(seq, n, &subjects[n]); err != nil {
				return err
			}
			places = append(places, competition.AuditPlace{Seq: seq, N: n})
		}
		if block := seq / auditBlock; block != marked {
			marked = block
			if err := setMark(l.batch, subjectMark+blockName(seq)); err != nil {
				return err
			}
		}
		return l.batch.Delete(key, nil)
	})
	return places, auditUnread(err)
}

// markNamed marks where the user's rows were: those that say in which records, and
// those of records that retention has removed.
func (l *logChange) markNamed(userID string) error {
	if err := setMark(l.batch, namedMark+bracketOf(userID)); err != nil || l.head.First <= 1 {
		return err
	}
	return setMark(l.batch, removedMark+blockName(l.head.First))
}

// blockName is how marks name the block of a record.
func blockName(seq uint64) string {
	return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, seq)[:seqSize-1])
}
