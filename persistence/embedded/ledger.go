package embedded

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// addLedger puts rows about money into the commit.
func (c *commit) addLedger(rows *ledger.Rows) error {
	for i := range rows.Transactions {
		if err := c.addTransaction(&rows.Transactions[i]); err != nil {
			return err
		}
	}
	for i := range rows.Prizes {
		if err := c.addPrize(&rows.Prizes[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *commit) addTransaction(t *ledger.Transaction) error {
	c.key = appendTransactionKey(c.key[:0], t.ID)
	c.value = seal(c.key, ledger.AppendTransaction(append(c.value[:0], rowVersion), t))
	if err := c.set(c.value); err != nil {
		return err
	}
	for userID, side := range t.UserTransactions() {
		c.key = appendPlaceKey(c.key[:0], sideKeys, userID, side.Place())
		c.value = seal(c.key, ledger.AppendUserTransaction(append(c.value[:0], rowVersion), &side))
		if err := c.set(c.value); err != nil {
			return err
		}
	}
	return nil
}

func (c *commit) addPrize(p *ledger.Prize) error {
	c.key = appendNumberKey(c.key[:0], prizeKeys, p.CompetitionID, p.Number)
	c.value = seal(c.key, ledger.AppendPrize(append(c.value[:0], rowVersion), p))
	if err := c.set(c.value); err != nil {
		return err
	}
	c.key = appendPlaceKey(c.key[:0], winningKeys, p.UserID, p.Place())
	c.value = seal(c.key, append(c.value[:0], rowVersion))
	if err := c.set(c.value); err != nil {
		return err
	}
	c.key = appendNumberKey(c.key[:0], pendingKeys, p.CompetitionID, p.Number)
	if p.Status == ledger.PendingPrize {
		c.value = seal(c.key, append(c.value[:0], rowVersion))
		return c.set(c.value)
	}
	return c.batch.Delete(c.key, nil)
}

// TransactionsOf visits a user's transactions, newest first; see
// ledger.Store. Like the catalog it does not wait for a commit.
func (s *Store) TransactionsOf(ctx context.Context, userID string, after ledger.Place, visit func(ledger.UserTransaction) bool) error {
	return s.newestFirst(ctx, sideKeys, userID, after, func(place ledger.Place, fields []byte) (bool, error) {
		id := ledger.TransactionID{CompetitionID: place.CompetitionID, Seq: place.Seq, N: place.N}
		t, err := ledger.ParseUserTransaction(id, place.At, fields)
		if err != nil {
			return false, corrupt(id.CompetitionID, id.Seq, "a transaction of the ledger cannot be read: %v", err)
		}
		return visit(t), nil
	})
}

// PrizesOf visits a user's prizes, newest first; see ledger.Store.
func (s *Store) PrizesOf(ctx context.Context, userID string, after ledger.Place, visit func(ledger.Prize) bool) error {
	return s.newestFirst(ctx, winningKeys, userID, after, func(place ledger.Place, _ []byte) (bool, error) {
		prize, err := prizeOf(s.db, ledger.PrizeID{CompetitionID: place.CompetitionID, Number: place.N})
		if err != nil {
			return false, err
		}
		return visit(prize), nil
	})
}

// newestFirst visits the rows of a user from after a place on, until visit
// returns false.
func (s *Store) newestFirst(ctx context.Context, kind byte, userID string, after ledger.Place, visit func(place ledger.Place, fields []byte) (bool, error)) error {
	lower, upper := under(kind, userID)
	if after != (ledger.Place{}) {
		upper = appendPlaceKey(nil, kind, userID, after)
	}
	err := backwards(ctx, s.db, lower, upper, func(key, value []byte) error {
		place, ok := placeIn(key, userID)
		fields, err := unseal(key, value)
		if err != nil || !ok {
			return fmt.Errorf("%w: a row of the ledger cannot be read: %w", competition.ErrCorrupt, err)
		}
		more, err := visit(place, fields)
		if err == nil && !more {
			err = errEnough
		}
		return err
	})
	return eachError(err, "", 0)
}

// prizeOf is a prize that some other row says is there.
func prizeOf(from pebble.Reader, id ledger.PrizeID) (ledger.Prize, error) {
	what := fmt.Sprintf("the prize of participant %d", id.Number)
	prize, there, err := rowOf(from, appendNumberKey(nil, prizeKeys, id.CompetitionID, id.Number), id.CompetitionID, what, func(key, value []byte) (p ledger.Prize, err error) {
		fields, err := unseal(key, value)
		if err == nil {
			p, err = ledger.ParsePrize(id, fields)
		}
		return p, err
	})
	if err == nil && !there {
		err = corrupt(id.CompetitionID, 1, "%s cannot be read: %v", what, errSealed)
	}
	return prize, err
}

// PendingPrizes visits what is pending; see ledger.Store.
func (s *Store) PendingPrizes(ctx context.Context, after ledger.PrizeID, visit func(ledger.Prize, ledger.Handover) bool) (err error) {
	view := s.db.NewSnapshot()
	defer closeAfter(view, &err)
	lower, upper := allOf(pendingKeys)
	if after != (ledger.PrizeID{}) {
		lower = append(appendNumberKey(nil, pendingKeys, after.CompetitionID, after.Number), 0)
	}
	err = each(ctx, view, lower, upper, func(key, _ []byte) error {
		id, ok := numbered(key)
		if !ok {
			return fmt.Errorf("%w: a pending prize stands under a key that is none", competition.ErrCorrupt)
		}
		prize, err := prizeOf(view, id)
		if err != nil {
			return err
		}
		handover, err := handoverOf(view, id)
		if err != nil {
			return err
		}
		if !visit(prize, handover) {
			return errEnough
		}
		return nil
	})
	return eachError(err, "", 0)
}

func handoverOf(from pebble.Reader, id ledger.PrizeID) (ledger.Handover, error) {
	key := appendNumberKey(nil, handoverKeys, id.CompetitionID, id.Number)
	h, there, err := rowOf(from, key, id.CompetitionID, fmt.Sprintf("the hand-over of prize %v", id), func(key, value []byte) (h ledger.Handover, err error) {
		fields, err := unseal(key, value)
		if err == nil {
			h, err = ledger.ParseHandover(id, fields)
		}
		return h, err
	})
	if !there {
		h.Prize = id
	}
	return h, err
}

// SaveHandover stores a hand-over, and waits for the disk; see
// ledger.Store.
func (s *Store) SaveHandover(ctx context.Context, h *ledger.Handover, attempts int) error {
	return s.write(ctx, s.handing, func(batch *pebble.Batch) error {
		stored, err := handoverOf(s.db, h.Prize)
		if err != nil {
			return err
		}
		if stored.Attempts != attempts {
			return fmt.Errorf("attempt %d at prize %v after %d: %w", h.Attempts, h.Prize, stored.Attempts, competition.ErrConflict)
		}
		key := appendNumberKey(nil, handoverKeys, h.Prize.CompetitionID, h.Prize.Number)
		value := seal(key, ledger.AppendHandover([]byte{rowVersion}, h))
		return unread(batch.Set(key, value, nil))
	})
}

// ReadLedger visits a competition's ledger, as of the last commit that is over;
// see ledger.Store.
func (s *Store) ReadLedger(ctx context.Context, competitionID string, transaction func(ledger.Transaction) error, prize func(ledger.Prize) error) (err error) {
	view, err := s.view(ctx)
	if err != nil {
		return err
	}
	defer closeAfter(view, &err)
	lower, upper := under(transactionKeys, competitionID)
	err = each(ctx, view, lower, upper, func(key, value []byte) error {
		t, err := parseTransaction(key, value, competitionID)
		if err != nil {
			return err
		}
		return transaction(t)
	})
	if err == nil {
		lower, upper = under(prizeKeys, competitionID)
		err = each(ctx, view, lower, upper, func(key, _ []byte) error {
			id, _ := numbered(key)
			p, err := prizeOf(view, id)
			if err != nil {
				return err
			}
			return prize(p)
		})
	}
	return eachError(err, competitionID, 1)
}

func parseTransaction(key, value []byte, competitionID string) (ledger.Transaction, error) {
	id, ok := transactionIn(key, competitionID)
	fields, err := unseal(key, value)
	if err == nil && ok {
		var t ledger.Transaction
		if t, err = ledger.ParseTransaction(id, fields); err == nil {
			return t, nil
		}
	}
	return ledger.Transaction{}, corrupt(competitionID, max(id.Seq, 1), "transaction %v of the ledger cannot be read: %v", id, err)
}

func appendTransactionKey(dst []byte, id ledger.TransactionID) []byte {
	dst = binary.BigEndian.AppendUint64(append(appendKey(dst, transactionKeys, id.CompetitionID), separator), id.Seq)
	return binary.BigEndian.AppendUint32(dst, id.N)
}

// transactionIn is the transaction of a key; ok is false for a key of none.
func transactionIn(key []byte, competitionID string) (id ledger.TransactionID, ok bool) {
	at := kindSize + len(competitionID) + 1
	if len(key) != at+seqSize+numberSize {
		return id, false
	}
	return ledger.TransactionID{
		CompetitionID: competitionID, Seq: binary.BigEndian.Uint64(key[at:]), N: binary.BigEndian.Uint32(key[at+seqSize:]),
	}, true
}

// appendPlaceKey appends the key of a place in a list of a user's. Times after
// 1970 order as their bits do.
func appendPlaceKey(dst []byte, kind byte, userID string, p ledger.Place) []byte {
	dst = binary.BigEndian.AppendUint64(append(appendKey(dst, kind, userID), separator), uint64(p.At))
	dst = append(append(dst, p.CompetitionID...), separator)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(dst, p.Seq), p.N)
}

// placeIn is the place of a key; ok is false for a key of none.
func placeIn(key []byte, userID string) (p ledger.Place, ok bool) {
	rest := key[min(kindSize+len(userID)+1, len(key)):]
	end := len(rest) - 1 - seqSize - numberSize
	if end < seqSize {
		return p, false
	}
	return ledger.Place{
		At: calendar.Millis(binary.BigEndian.Uint64(rest)), CompetitionID: string(rest[seqSize:end]),
		Seq: binary.BigEndian.Uint64(rest[end+1:]), N: binary.BigEndian.Uint32(rest[end+1+seqSize:]),
	}, true
}

// numbered is the competition and the number of a key; ok is false for a key
// without.
func numbered(key []byte) (id ledger.PrizeID, ok bool) {
	end := len(key) - 1 - numberSize
	if end < kindSize || key[end] != separator {
		return id, false
	}
	return ledger.PrizeID{CompetitionID: string(key[kindSize:end]), Number: binary.BigEndian.Uint32(key[end+1:])}, true
}
