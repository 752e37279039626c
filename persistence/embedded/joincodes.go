package embedded

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
)

// codePlace is where a code's row is found by its hash.
type codePlace struct{ ID string }

// PutJoinCode stores a new code; see competition.InvitationStore.
func (s *Store) PutJoinCode(ctx context.Context, c *competition.JoinCode) error {
	return s.invitationWrite(ctx, func(batch *pebble.Batch) error {
		codes, err := s.JoinCodesOf(ctx, c.CompetitionID)
		if err != nil {
			return err
		}
		live := 0
		for i := range codes {
			if codes[i].Uses > 0 && c.CreatedAt < codes[i].ExpiresAt {
				live++
			}
		}
		if live >= competition.MaxJoinCodes {
			return competition.ErrTooManyInvitations
		}
		return putJoinCode(batch, c)
	})
}

// JoinCodesOf is a competition's codes; see competition.InvitationStore.
func (s *Store) JoinCodesOf(ctx context.Context, competitionID string) (codes []competition.JoinCode, err error) {
	lower, upper := under(codeOfKeys, competitionID)
	err = each(ctx, s.db, lower, upper, func(key, _ []byte) error {
		c, err := s.joinCode(lastName(key))
		if errors.Is(err, competition.ErrUnknownInvitation) { // it has just been deleted
			return nil
		}
		codes = append(codes, c)
		return err
	})
	return codes, err
}

// joinCode reads a code. Error: competition.ErrUnknownInvitation.
func (s *Store) joinCode(id string) (c competition.JoinCode, err error) {
	return c, s.readJSON(appendKey(nil, codeKeys, id), &c, competition.ErrUnknownInvitation)
}

// codeByHash reads a code by its hash. Error: competition.ErrUnknownCode.
func (s *Store) codeByHash(hash competition.CodeHash) (c competition.JoinCode, err error) {
	var place codePlace
	if err := s.readJSON(codeHashKey(hash), &place, competition.ErrUnknownCode); err != nil {
		return c, err
	}
	return s.joinCode(place.ID)
}

// FindJoinCode is the code with a hash; see competition.InvitationStore.
func (s *Store) FindJoinCode(ctx context.Context, hash competition.CodeHash) (competition.JoinCode, error) {
	if ctx.Err() != nil {
		return competition.JoinCode{}, outOfTime(ctx, "nothing was begun")
	}
	c, err := s.codeByHash(hash)
	if errors.Is(err, competition.ErrUnknownInvitation) { // it has just been deleted
		err = competition.ErrUnknownCode
	}
	return c, err
}

// DeleteJoinCode ends a code; see competition.InvitationStore.
func (s *Store) DeleteJoinCode(ctx context.Context, competitionID, id string) error {
	return s.invitationWrite(ctx, func(batch *pebble.Batch) error {
		c, err := s.joinCode(id)
		if err == nil && c.CompetitionID != competitionID {
			err = competition.ErrUnknownInvitation
		}
		if err != nil {
			return err
		}
		return deleteJoinCode(batch, &c)
	})
}

// Redeem takes one use of a code; see competition.InvitationStore.
func (s *Store) Redeem(ctx context.Context, r *competition.Redemption) (i competition.Invitation, made bool, err error) {
	err = s.invitationWrite(ctx, func(batch *pebble.Batch) error {
		c, err := s.codeByHash(r.Hash)
		if err != nil {
			return err
		}
		latest, err := s.latestInvitation(ctx, c.CompetitionID, r.UserID)
		if err != nil {
			return err
		}
		if i, made, err = r.Decide(&c, latest); err != nil || !made {
			return err
		}
		c.Uses--
		return errors.Join(putInvitation(batch, nil, &i), putJoinCode(batch, &c))
	})
	return i, made, err
}

// Unredeem gives a use back; see competition.InvitationStore.
func (s *Store) Unredeem(ctx context.Context, id string) error {
	return s.invitationWrite(ctx, func(batch *pebble.Batch) error {
		i, err := s.invitation(id)
		switch {
		case errors.Is(err, competition.ErrUnknownInvitation):
			return nil
		case err != nil:
			return err
		case i.State != competition.InvitationOpen || !i.ByCode():
			return nil
		}
		if err := deleteInvitation(batch, &i); err != nil {
			return err
		}
		c, err := s.codeByHash(i.Code)
		switch {
		case errors.Is(err, competition.ErrUnknownCode): // it was deleted meanwhile
			return nil
		case err != nil:
			return err
		}
		c.Uses++
		return putJoinCode(batch, &c)
	})
}

// CodeKey is the key of the codes' hashes; see competition.InvitationStore.
func (s *Store) CodeKey(ctx context.Context) (k competition.Key, err error) {
	err = s.invitationWrite(ctx, func(batch *pebble.Batch) error {
		key := appendKey(nil, secretKeys, "codes")
		absent := errors.New("there is no such key yet")
		err := s.readJSON(key, &k, absent)
		if errors.Is(err, absent) {
			rand.Read(k[:]) // never fails, see crypto/rand
			return setJSON(batch, key, k)
		}
		return err
	})
	return k, err
}

// codeEndKey is the key by which a code is swept.
func codeEndKey(c *competition.JoinCode) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{codeEndKeys, '/'}, uint64(c.ExpiresAt)), c.ID...)
}

func codeHashKey(hash competition.CodeHash) []byte {
	return append([]byte{codeHashKeys, '/'}, hash[:]...)
}

func codeOfKey(c *competition.JoinCode) []byte {
	return append(append(appendKey(nil, codeOfKeys, c.CompetitionID), separator), c.ID...)
}

func putJoinCode(batch *pebble.Batch, c *competition.JoinCode) error {
	end, of := codeEndKey(c), codeOfKey(c)
	return errors.Join(
		setJSON(batch, appendKey(nil, codeKeys, c.ID), c),
		setJSON(batch, codeHashKey(c.Hash), codePlace{c.ID}),
		batch.Set(end, seal(end, []byte{rowVersion}), nil),
		batch.Set(of, seal(of, []byte{rowVersion}), nil))
}

func deleteJoinCode(batch *pebble.Batch, c *competition.JoinCode) error {
	return errors.Join(
		batch.Delete(appendKey(nil, codeKeys, c.ID), nil), batch.Delete(codeHashKey(c.Hash), nil),
		batch.Delete(codeEndKey(c), nil), batch.Delete(codeOfKey(c), nil))
}
