package embedded

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// Rows that lead to summaries: what is listed, what is due, and which ties are
// open. They are written in the commit of what they follow from, except that a tie
// to a competition which ended is only moved when somebody comes across it: an end
// costs nothing for each member.

// The visibilities in a key, in the order of visibilityKeys.
const (
	listedPublic  byte = 'p'
	listedPrivate byte = 'q'
)

func visibilityByte(v competition.Visibility) byte {
	if v == competition.Private { // and everything else is treated as public
		return listedPrivate
	}
	return listedPublic
}

// appendTime appends a time, which is not before 1970.
func appendTime(dst []byte, at calendar.Millis) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(at))
}

func parseTime(key []byte) calendar.Millis {
	return calendar.Millis(binary.BigEndian.Uint64(key))
}

func appendListedKey(dst []byte, s *competition.Summary) []byte {
	dst = append(dst, listedKeys, '/', visibilityByte(s.Definition.Visibility), byte(s.Status))
	return append(appendTime(dst, s.Definition.Start), s.Definition.ID...)
}

func appendDueKey(dst []byte, at calendar.Millis, id string) []byte {
	return append(appendTime(append(dst, dueKeys, '/'), at), id...)
}

// appendOpenTieKey appends the key of a user's tie to a competition that is not
// known to be over.
func appendOpenTieKey(dst []byte, userID, id string) []byte {
	return append(append(appendKey(dst, openTieKeys, userID), separator), id...)
}

// appendOverKey appends the key of a user's tie to a private competition that is
// over.
func appendOverKey(dst []byte, userID string, at competition.ListPlace) []byte {
	return append(appendTime(append(appendKey(dst, overKeys, userID), separator), at.Start), at.ID...)
}

// emptyRow is the value of a row whose key says it all.
func emptyRow(dst, key []byte) []byte { return seal(key, append(dst, rowVersion)) }

// list has the rows that lead to a summary follow it, from what it was; nil if it
// was not there.
func (c *commit) list(before, after *competition.Summary) error {
	var keys [2][]byte // of before
	if before != nil {
		keys[0] = appendListedKey(nil, before)
		if at, ok := before.DueAt(); ok {
			keys[1] = appendDueKey(nil, at, before.Definition.ID)
		}
	}
	for i, appendTo := range []func(dst []byte, s *competition.Summary) []byte{
		appendListedKey,
		func(dst []byte, s *competition.Summary) []byte {
			if at, ok := s.DueAt(); ok {
				dst = appendDueKey(dst, at, s.Definition.ID)
			}
			return dst
		},
	} {
		c.key = appendTo(c.key[:0], after)
		if bytes.Equal(c.key, keys[i]) {
			continue
		}
		if len(keys[i]) > 0 {
			if err := c.batch.Delete(keys[i], nil); err != nil {
				return err
			}
		}
		if len(c.key) > 0 {
			c.value = emptyRow(c.value[:0], c.key)
			if err := c.set(c.value); err != nil {
				return err
			}
		}
	}
	return nil
}

// tie has the row of a user's open ties follow a membership. The summary is what
// it was before the batch, or nil.
func (c *commit) tie(m *competition.Membership, before *competition.Summary) error {
	c.key = appendOpenTieKey(c.key[:0], m.UserID, m.CompetitionID)
	if m.Present || m.Creator {
		c.value = appendMembership(c.value[:0], c.key, m)
		return c.set(c.value)
	}
	return c.untie(m.UserID, m.CompetitionID, before)
}

// untie removes what there is of a user's tie in lists.
func (c *commit) untie(userID, id string, before *competition.Summary) error {
	if err := c.batch.Delete(appendOpenTieKey(nil, userID, id), nil); err != nil {
		return err
	}
	if before == nil || !before.Status.Over() {
		return nil
	}
	return c.batch.Delete(appendOverKey(nil, userID, before.Place()), nil)
}

// summaryBefore is the stored summary of the competition of a batch that needs to
// know; nil if there is none that can be read: then nothing leads to it either, or
// to what is found not to fit.
func (s *Store) summaryBefore(b *competition.Batch) *competition.Summary {
	if b.FirstSeq == 1 || b.Summary == nil && len(b.Memberships) == 0 && len(b.Erasures) == 0 {
		return nil
	}
	summary, err := storedSummary(s.db, b.CompetitionID)
	if err != nil {
		return nil
	}
	return summary
}

// storedSummary is a summary; nil if there is none.
func storedSummary(from pebble.Reader, id string) (*competition.Summary, error) {
	summary, there, err := rowOf(from, appendKey(nil, summaryKeys, id), id, "its summary", parseSummary)
	if err != nil || !there {
		return nil, err
	}
	return &summary, nil
}

// DueBefore is the competitions whose status is due; see competition.Catalog.
func (s *Store) DueBefore(ctx context.Context, after competition.Due, before calendar.Millis, limit int) (due []competition.Due, err error) {
	lower := append(appendDueKey(nil, after.At, after.CompetitionID), separator)
	upper := appendTime([]byte{dueKeys, '/'}, before+1)
	err = each(ctx, s.db, lower, upper, func(key, _ []byte) error {
		if len(due) == limit {
			return errEnough
		}
		due = append(due, competition.Due{At: parseTime(key[kindSize:]), CompetitionID: string(key[kindSize+timestampSize:])})
		return nil
	})
	return due, eachError(err, "", 0)
}

// OpenTies is a user's ties to what is not over; see competition.Catalog.
func (s *Store) OpenTies(ctx context.Context, userID string) (ties []competition.Tie, err error) {
	view := s.db.NewSnapshot()
	defer closeAfter(view, &err)
	many := s.newBulk()
	ties, over, err := openTies(ctx, many, view, userID)
	many.end()
	if len(over) > 0 {
		s.retireTies(ctx, userID, over)
	}
	return ties, err
}

// openTies is a user's ties that are open, and those of which that is not so any
// more. Ties that cannot be read, or whose summary cannot, are left out, and named by
// the error.
func openTies(ctx context.Context, many *bulk, from pebble.Reader, userID string) (open, over []competition.Tie, err error) {
	var damage []error
	lower, upper := under(openTieKeys, userID)
	err = each(ctx, from, lower, upper, func(key, value []byte) error {
		if err := many.row(ctx); err != nil {
			return err
		}
		m, err := membership(key, value, userID, string(key[len(lower):]))
		if err != nil {
			damage = append(damage, err)
			return nil
		}
		summary, err := storedSummary(from, m.CompetitionID)
		if err != nil || summary == nil {
			damage = append(damage, err)
			return nil
		}
		tie := competition.Tie{Membership: m, Summary: *summary}
		if summary.Status.Over() {
			over = append(over, tie)
		} else {
			open = append(open, tie)
		}
		return nil
	})
	return open, over, errors.Join(append(damage, eachError(err, "", 0))...)
}

// retireTies moves ties to competitions that are over out of the way, unless they
// have changed since. When it does not succeed, the next reader tries again.
func (s *Store) retireTies(ctx context.Context, userID string, over []competition.Tie) {
	if s.refusal.Load() != nil || s.acquire(ctx) != nil {
		return
	}
	defer s.release()
	c := &commit{batch: s.db.NewBatch()}
	defer func() { _ = c.batch.Close() }()
	for i := range over {
		tie := &over[i]
		key := appendOpenTieKey(nil, userID, tie.CompetitionID)
		if value, err := get(s.db, key); err != nil || value == nil { // erased meanwhile
			continue
		}
		err := c.batch.Delete(key, nil)
		if tie.Summary.Definition.Visibility == competition.Private {
			c.key = appendOverKey(c.key[:0], userID, tie.Summary.Place())
			c.value = emptyRow(c.value[:0], c.key)
			err = errors.Join(err, c.set(c.value))
		}
		if err != nil {
			return
		}
	}
	if err := s.db.Apply(c.batch, pebble.NoSync); err != nil {
		s.options.Logger.WarnContext(ctx, "ties to competitions that are over could not be moved", "error", err)
	}
}
