package embedded

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// erased is what a batch's erasures come to: everything is read before anything
// is put into the commit, so that a row that cannot be read fails this batch alone.
type erased struct {
	competitionID string
	lastSeq       uint64 // of the batch
	users         []string
	gone          [][]byte    // keys
	money         ledger.Rows // under the pseudonym
}

// erasing works a batch's erasures out. The slot is held, so that nothing is
// under way.
func (s *Store) erasing(ctx context.Context, b *competition.Batch) (*erased, error) {
	if len(b.Erasures) == 0 {
		return nil, nil
	}
	out := &erased{competitionID: b.CompetitionID, lastSeq: b.LastSeq}
	for _, e := range b.Erasures {
		out.users = append(out.users, e.UserID)
		out.gone = append(out.gone, appendMembershipKey(nil, e.UserID, b.CompetitionID))
		if err := s.eraseTransactions(ctx, out, e); err != nil {
			return nil, err
		}
		if err := s.erasePrizes(ctx, out, e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// eraseTransactions finds the user's transactions: those in the user's list, and
// from the first that may be paid out on all that name the user.
func (s *Store) eraseTransactions(ctx context.Context, out *erased, e competition.Erasure) error {
	id := out.competitionID
	paidOut := ledger.TransactionID{}
	take := func(key, value []byte) error {
		t, err := parseTransaction(key, value, id)
		if err == nil && t.Rename(e.UserID, e.Pseudonym) {
			out.money.Transactions = append(out.money.Transactions, t)
		}
		return err
	}
	err := s.newestFirst(ctx, sideKeys, e.UserID, ledger.Place{}, func(place ledger.Place, fields []byte) (bool, error) {
		if place.CompetitionID != id {
			return true, nil
		}
		out.gone = append(out.gone, appendPlaceKey(nil, sideKeys, e.UserID, place))
		transaction := ledger.TransactionID{CompetitionID: id, Seq: place.Seq, N: place.N}
		side, err := ledger.ParseUserTransaction(transaction, place.At, fields)
		if err != nil {
			return false, corrupt(id, place.Seq, "a transaction of the ledger cannot be read: %v", err)
		}
		if side.MayBePaidOut() {
			paidOut = transaction // the last one that is seen is the first there was
			return true, nil
		}
		key := appendTransactionKey(nil, transaction)
		value, err := get(s.db, key)
		if err != nil {
			return false, translate(err, id, place.Seq)
		}
		return true, take(key, value)
	})
	if err != nil || paidOut.Seq == 0 {
		return err
	}
	_, upper := under(transactionKeys, id)
	err = each(ctx, s.db, appendTransactionKey(nil, paidOut), upper, take)
	return eachError(err, id, paidOut.Seq)
}

func (s *Store) erasePrizes(ctx context.Context, out *erased, e competition.Erasure) error {
	return s.newestFirst(ctx, winningKeys, e.UserID, ledger.Place{}, func(place ledger.Place, _ []byte) (bool, error) {
		if place.CompetitionID != out.competitionID {
			return true, nil
		}
		prize, err := prizeOf(s.db, ledger.PrizeID{CompetitionID: place.CompetitionID, Number: place.N})
		if err != nil {
			return false, err
		}
		prize.UserID = e.Pseudonym
		out.money.Prizes = append(out.money.Prizes, prize)
		out.gone = append(out.gone, appendPlaceKey(nil, winningKeys, e.UserID, place),
			appendNumberKey(nil, handoverKeys, place.CompetitionID, place.N))
		return true, nil
	})
}

// erase puts erasures into the commit, before the batch's own rows; before is the
// competition's summary.
func (c *commit) erase(e *erased, before *competition.Summary) error {
	if e == nil {
		return nil
	}
	if err := deleteAll(c.batch, e.gone...); err != nil {
		return err
	}
	if err := c.addLedger(&e.money); err != nil {
		return err
	}
	for n, user := range e.users {
		if err := errors.Join(c.untie(user, e.competitionID, before), c.noteStale(e.competitionID, e.lastSeq, n, user), markUser(c.batch, user)); err != nil {
			return err
		}
	}
	return markCompetition(c.batch, e.competitionID, len(e.money.Transactions)+len(e.money.Prizes) > 0)
}

// Pseudonymise has the API keys and the audit log name a pseudonym, and waits for
// the disk; see competition.ErasureStore.
func (s *Store) Pseudonymise(ctx context.Context, e competition.Erasure, at calendar.Millis, newID func() string) error {
	if refusal := s.refusal.Load(); refusal != nil {
		return *refusal
	}
	if err := s.eraseCreator(ctx, e); err != nil {
		return err
	}
	return s.eraseSubjects(ctx, e, at, newID)
}

// eraseCreator rewrites the API keys that the user made.
func (s *Store) eraseCreator(ctx context.Context, e competition.Erasure) error {
	creator := competition.Subject{Kind: competition.UserSubject, ID: e.UserID}
	return s.write(ctx, s.administering, func(batch *pebble.Batch) error {
		lower, upper := allOf(apiKeyKeys)
		err := each(ctx, s.db, lower, upper, func(key, value []byte) error {
			var k competition.APIKey
			if err := parseJSON(key, value, &k); err != nil || k.CreatedBy != creator {
				return err
			}
			k.CreatedBy.ID = e.Pseudonym
			return setJSON(batch, key, k)
		})
		if err != nil || batch.Empty() {
			return err
		}
		return unread(setMark(batch, keysMark))
	})
}

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

// StaleSnapshots returns the competitions whose snapshot is from before the user's
// erasure; see competition.ErasureStore. A row that cannot be read may be about anybody,
// and so is about this user: the next snapshot of its competition ends it.
func (s *Store) StaleSnapshots(ctx context.Context, userID string) (ids []string, err error) {
	lower, upper := allOf(staleKeys)
	err = each(ctx, s.db, lower, upper, func(key, value []byte) error {
		id, seq, ok := staleIn(key)
		if !ok || len(ids) > 0 && ids[len(ids)-1] == id {
			return nil
		}
		if who, err := parseConcealed(key, value); err == nil && !who.Is(userID) {
			return nil
		}
		snapshot, _, err := snapshotHeader(s.db, id)
		if err == nil && 0 < snapshot && snapshot < seq {
			ids = append(ids, id)
		}
		return err
	})
	return ids, eachError(err, "", 0)
}
