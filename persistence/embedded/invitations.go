package embedded

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// Invitations are few and small: their fields are JSON, sealed like every row.
// Whoever writes one does it in a turn of inviting, so that what was read holds.

// Invite stores invitations; see competition.InvitationStore. Cost: linear in the
// competition's open invitations and the athlete's of the last hour.
func (s *Store) Invite(ctx context.Context, r *competition.Inviting) (result []competition.Invitation, err error) {
	err = s.invitationWrite(ctx, func(batch *pebble.Batch) error {
		latest := make([]*competition.Invitation, len(r.Guests))
		for n, guest := range r.Guests {
			if latest[n], err = s.latestInvitation(ctx, r.CompetitionID, guest.UserID); err != nil {
				return err
			}
		}
		open, err := s.openInvitations(ctx, r.CompetitionID, r.Now)
		if err != nil {
			return err
		}
		recent, err := s.recentInvitations(ctx, r)
		if err != nil {
			return err
		}
		var made, raised []competition.Invitation
		if result, made, raised, err = r.Decide(latest, open, recent); err != nil {
			return err
		}
		made = append(made, raised...) // in the place of what they were, with the same index
		for i := range made {
			if err := putInvitation(batch, nil, &made[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return result, err
}

func (s *Store) openInvitations(ctx context.Context, competitionID string, now calendar.Millis) (n int, err error) {
	lower, upper := under(openInvitationKeys, competitionID)
	err = each(ctx, s.db, lower, upper, func(key, value []byte) error {
		r := fieldsOf(key, value)
		if expires := r.Uint64(); now < calendar.Millis(expires) {
			n++
		}
		if err := r.End(); err != nil {
			return corruptRow(key, err)
		}
		return nil
	})
	return n, err
}

// recentInvitations counts those that the athlete made within the hour.
func (s *Store) recentInvitations(ctx context.Context, r *competition.Inviting) (n int, err error) {
	if r.InvitedBy == "" {
		return 0, nil
	}
	lower, upper := under(invitedByKeys, r.InvitedBy)
	lower = binary.BigEndian.AppendUint64(lower, uint64(r.Since()+1))
	err = each(ctx, s.db, lower, upper, func([]byte, []byte) error {
		n++
		return nil
	})
	return n, err
}

// latestInvitation is a user's latest invitation to a competition, or nil.
func (s *Store) latestInvitation(ctx context.Context, competitionID, userID string) (latest *competition.Invitation, err error) {
	lower := append(invitedKey(userID, competitionID), separator)
	upper := append(invitedKey(userID, competitionID), pastSeparator)
	err = backwards(ctx, s.db, lower, upper, func(key, _ []byte) error {
		i, err := s.invitation(string(key[len(lower):]))
		if err != nil {
			return err
		}
		latest = &i
		return errEnough
	})
	return latest, err
}

// invitation reads an invitation. Error: competition.ErrUnknownInvitation.
func (s *Store) invitation(id string) (i competition.Invitation, err error) {
	return i, s.readJSON(appendKey(nil, invitationKeys, id), &i, competition.ErrUnknownInvitation)
}

// FindInvitation is one invitation; see competition.InvitationStore.
func (s *Store) FindInvitation(ctx context.Context, id string) (competition.Invitation, error) {
	if ctx.Err() != nil {
		return competition.Invitation{}, outOfTime(ctx, "nothing was begun")
	}
	return s.invitation(id)
}

// LatestInvitation is a user's latest invitation to a competition; see
// competition.InvitationStore.
func (s *Store) LatestInvitation(ctx context.Context, competitionID, userID string) (competition.Invitation, error) {
	i, err := s.latestInvitation(ctx, competitionID, userID)
	switch {
	case err != nil:
		return competition.Invitation{}, err
	case i == nil:
		return competition.Invitation{}, competition.ErrUnknownInvitation
	}
	return *i, nil
}

// InvitationsTo visits a user's invitations; see competition.InvitationStore.
func (s *Store) InvitationsTo(ctx context.Context, userID string, after competition.InvitationPlace, visit func(competition.Invitation) bool) error {
	lower, upper := under(invitedKeys, userID)
	if after != (competition.InvitationPlace{}) {
		lower = append(append(append(invitedKey(userID, after.CompetitionID), separator), after.ID...), separator)
	}
	return s.eachInvitation(ctx, lower, upper, visit)
}

// InvitationsIn visits a competition's invitations; see competition.InvitationStore.
func (s *Store) InvitationsIn(ctx context.Context, competitionID, after string, visit func(competition.Invitation) bool) error {
	lower, upper := under(invitationOfKeys, competitionID)
	if after != "" {
		lower = append(append(lower, after...), separator)
	}
	return s.eachInvitation(ctx, lower, upper, visit)
}

// eachInvitation visits the invitations whose ids end the keys of a range.
func (s *Store) eachInvitation(ctx context.Context, lower, upper []byte, visit func(competition.Invitation) bool) error {
	return each(ctx, s.db, lower, upper, func(key, _ []byte) error {
		i, err := s.invitation(lastName(key))
		switch {
		case errors.Is(err, competition.ErrUnknownInvitation): // it has just been deleted
			return nil
		case err != nil:
			return err
		case !visit(i):
			return errEnough
		}
		return nil
	})
}

// DecideInvitation stores an answer; see competition.InvitationStore.
func (s *Store) DecideInvitation(ctx context.Context, id string, now calendar.Millis, to competition.InvitationState) (i competition.Invitation, err error) {
	err = s.invitationWrite(ctx, func(batch *pebble.Batch) error {
		if i, err = s.invitation(id); err != nil {
			return err
		}
		before := i
		changed, err := i.Decide(now, to)
		if err != nil || !changed {
			return err
		}
		return putInvitation(batch, &before, &i)
	})
	return i, err
}

// SweepInvitations deletes what need not be kept; see competition.InvitationStore.
func (s *Store) SweepInvitations(ctx context.Context, now calendar.Millis, limit int) (deleted int, err error) {
	err = s.invitationWrite(ctx, func(batch *pebble.Batch) error {
		sweep := func(kind, rows byte, remove func(id string) error) error {
			n := 0
			lower, _ := allOf(kind)
			return each(ctx, s.db, lower, binary.BigEndian.AppendUint64([]byte{kind, '/'}, uint64(now)+1), func(key, _ []byte) error {
				if n++; n > limit {
					return errEnough
				}
				deleted++
				id := string(key[kindSize+timestampSize:])
				err := remove(id)
				if unreadable(err) {
					err = deleteAll(batch, key, appendKey(nil, rows, id))
				}
				return err
			})
		}
		err := sweep(invitationEndKeys, invitationKeys, func(id string) error {
			i, err := s.invitation(id)
			if err != nil {
				return err
			}
			return deleteInvitation(batch, &i)
		})
		if err != nil {
			return err
		}
		return sweep(codeEndKeys, codeKeys, func(id string) error {
			c, err := s.joinCode(id)
			if err != nil {
				return err
			}
			return deleteJoinCode(batch, &c)
		})
	})
	return deleted, err
}

// ForgetInvitations deletes a user's invitations; see competition.InvitationStore.
func (s *Store) ForgetInvitations(ctx context.Context, userID string) error {
	return s.invitationWrite(ctx, func(batch *pebble.Batch) error {
		lower, upper := under(invitedKeys, userID)
		err := each(ctx, s.db, lower, upper, func(key, _ []byte) error {
			i, err := s.invitation(lastName(key))
			if unreadable(err) {
				competitionID, id, _ := bytes.Cut(key[len(lower):], []byte{separator})
				of := func(kind byte) []byte {
					return append(append(appendKey(nil, kind, string(competitionID)), separator), id...)
				}
				return deleteAll(batch, key, of(invitationOfKeys), of(openInvitationKeys), appendKey(nil, invitationKeys, string(id)))
			}
			if err != nil {
				return err
			}
			return deleteInvitation(batch, &i)
		})
		if err != nil {
			return err
		}
		lower, upper = under(invitedByKeys, userID)
		err = each(ctx, s.db, lower, upper, func(key, _ []byte) error {
			id := string(key[len(lower)+timestampSize:])
			i, err := s.invitation(id)
			if unreadable(err) { // it may still name the user
				return deleteAll(batch, key, appendKey(nil, invitationKeys, id))
			}
			if err != nil {
				return err
			}
			if i.UserID == userID { // it is deleted
				return nil
			}
			before := i
			i.InvitedBy = ""
			return putInvitation(batch, &before, &i)
		})
		if err != nil || batch.Empty() {
			return err
		}
		return errors.Join(markUser(batch, userID), setMark(batch, invitationMark))
	})
}

// invitationWrite fills a batch while nobody else writes invitations, and commits
// it with an fsync.
func (s *Store) invitationWrite(ctx context.Context, fill func(batch *pebble.Batch) error) error {
	return s.write(ctx, s.inviting, fill)
}

// invitationIndex is the keys by which an invitation is found.
func invitationIndex(i *competition.Invitation) (keys [][]byte) {
	stamp := func(kind byte, prefix []byte, at calendar.Millis) []byte {
		key := append([]byte{kind, '/'}, prefix...)
		return append(binary.BigEndian.AppendUint64(key, uint64(at)), i.ID...)
	}
	keys = append(keys,
		append(append(appendKey(nil, invitationOfKeys, i.CompetitionID), separator), i.ID...),
		append(append(invitedKey(i.UserID, i.CompetitionID), separator), i.ID...),
		stamp(invitationEndKeys, nil, i.KeptUntil()))
	if i.InvitedBy != "" {
		keys = append(keys, stamp(invitedByKeys, append([]byte(i.InvitedBy), separator), i.CreatedAt))
	}
	if i.State == competition.InvitationOpen && !i.ByCode() {
		keys = append(keys, append(append(appendKey(nil, openInvitationKeys, i.CompetitionID), separator), i.ID...))
	}
	return keys
}

// putInvitation writes an invitation in the place of one before, nil for none.
func putInvitation(batch *pebble.Batch, before, i *competition.Invitation) error {
	if before != nil {
		if err := deleteInvitation(batch, before); err != nil {
			return err
		}
	}
	expires := binary.BigEndian.AppendUint64([]byte{rowVersion}, uint64(i.ExpiresAt))
	for _, key := range invitationIndex(i) {
		if err := batch.Set(key, seal(key, slices.Clip(expires)), nil); err != nil {
			return err
		}
	}
	return setJSON(batch, appendKey(nil, invitationKeys, i.ID), i)
}

func deleteInvitation(batch *pebble.Batch, i *competition.Invitation) error {
	return deleteAll(batch, append(invitationIndex(i), appendKey(nil, invitationKeys, i.ID))...)
}

// unreadable reports whether a row is damaged, or not there although it has a place
// in an index: what is known of it goes then, so that one row does not stop the
// deletion of all others.
func unreadable(err error) bool {
	return errors.Is(err, competition.ErrCorrupt) || errors.Is(err, competition.ErrUnknownInvitation)
}

func deleteAll(batch *pebble.Batch, keys ...[]byte) error {
	for _, key := range keys {
		if err := batch.Delete(key, nil); err != nil {
			return err
		}
	}
	return nil
}

func corruptRow(key []byte, err error) error {
	return fmt.Errorf("%w: row %q cannot be read: %w", competition.ErrCorrupt, key, errors.Join(errFields, err))
}
