package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

const (
	codeColumns = `code_id, hash, competition_id, by_operator, uses, created_at, expires_at`

	codesOfSQL    = `SELECT ` + codeColumns + ` FROM paceboard.join_codes WHERE competition_id = $1 ORDER BY code_id`
	findCodeSQL   = `SELECT ` + codeColumns + ` FROM paceboard.join_codes WHERE hash = $1`
	lockCodeSQL   = findCodeSQL + ` FOR UPDATE`
	liveCodesSQL  = `SELECT count(*) FROM paceboard.join_codes WHERE competition_id = $1 AND uses > 0 AND expires_at > $2`
	insertCodeSQL = `INSERT INTO paceboard.join_codes (` + codeColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7)`
	deleteCodeSQL = `DELETE FROM paceboard.join_codes WHERE competition_id = $1 AND code_id = $2`
	useCodeSQL    = `UPDATE paceboard.join_codes SET uses = uses - 1 WHERE code_id = $1`
	returnCodeSQL = `UPDATE paceboard.join_codes SET uses = uses + 1 WHERE hash = $1`
	unredeemSQL   = `DELETE FROM paceboard.invitations WHERE invitation_id = $1 AND state = 'open' AND code_hash IS NOT NULL RETURNING code_hash`
	newSecretSQL  = `INSERT INTO paceboard.secrets (name, value) VALUES ('codes', $1) ON CONFLICT DO NOTHING`
	secretSQL     = `SELECT value FROM paceboard.secrets WHERE name = 'codes'` //nolint:gosec // G101: a statement
)

// PutJoinCode stores a new code; see competition.InvitationStore.
func (s *Store) PutJoinCode(ctx context.Context, c *competition.JoinCode) error {
	return s.invitationWrite(ctx, "make a join code", func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockSQL, "invitations to "+c.CompetitionID); err != nil {
			return err
		}
		var live int
		if err := tx.QueryRow(ctx, liveCodesSQL, c.CompetitionID, c.CreatedAt.Time()).Scan(&live); err != nil {
			return err
		}
		if live >= competition.MaxJoinCodes {
			return competition.ErrTooManyInvitations
		}
		_, err := tx.Exec(ctx, insertCodeSQL, c.ID, c.Hash[:], c.CompetitionID, c.ByOperator, c.Uses, c.CreatedAt.Time(), c.ExpiresAt.Time())
		return err
	})
}

// JoinCodesOf is a competition's codes; see competition.InvitationStore.
func (s *Store) JoinCodesOf(ctx context.Context, competitionID string) ([]competition.JoinCode, error) {
	codes, err := joinCodes(ctx, s.read, codesOfSQL, competitionID)
	return codes, invitationFailure("list join codes", err)
}

func joinCodes(ctx context.Context, from querier, sql string, arguments ...any) ([]competition.JoinCode, error) {
	rows, _ := from.Query(ctx, sql, arguments...) // CollectRows tells its error
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c competition.JoinCode, err error) {
		var hash []byte
		var created, expires time.Time
		err = row.Scan(&c.ID, &hash, &c.CompetitionID, &c.ByOperator, &c.Uses, &created, &expires)
		copy(c.Hash[:], hash)
		c.CreatedAt, c.ExpiresAt = calendar.MillisOf(created), calendar.MillisOf(expires)
		return c, err
	})
}

// FindJoinCode is the code with a hash; see competition.InvitationStore.
func (s *Store) FindJoinCode(ctx context.Context, hash competition.CodeHash) (competition.JoinCode, error) {
	codes, err := joinCodes(ctx, s.read, findCodeSQL, hash[:])
	if err == nil && len(codes) == 0 {
		err = competition.ErrUnknownCode
	}
	if err != nil {
		return competition.JoinCode{}, invitationFailure("read a join code", err)
	}
	return codes[0], nil
}

// DeleteJoinCode ends a code; see competition.InvitationStore.
func (s *Store) DeleteJoinCode(ctx context.Context, competitionID, id string) error {
	done, err := s.write.Exec(ctx, deleteCodeSQL, competitionID, id)
	if err == nil && done.RowsAffected() == 0 {
		err = competition.ErrUnknownInvitation
	}
	return invitationFailure("delete a join code", err)
}

// Redeem takes one use of a code, whose row it locks until the commit; see
// competition.InvitationStore.
func (s *Store) Redeem(ctx context.Context, r *competition.Redemption) (i competition.Invitation, made bool, err error) {
	err = s.invitationWrite(ctx, "redeem a join code", func(tx pgx.Tx) error {
		codes, err := joinCodes(ctx, tx, lockCodeSQL, r.Hash[:])
		if err != nil {
			return err
		}
		if len(codes) == 0 {
			return competition.ErrUnknownCode
		}
		found, err := invitations(ctx, tx, latestInvitationSQL, r.UserID, codes[0].CompetitionID)
		if err != nil {
			return err
		}
		var latest *competition.Invitation
		if len(found) > 0 {
			latest = &found[0]
		}
		if i, made, err = r.Decide(&codes[0], latest); err != nil || !made {
			return err
		}
		if _, err := tx.Exec(ctx, useCodeSQL, codes[0].ID); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, insertInvitationSQL, invitationValues(&i)...)
		return err
	})
	return i, made, err
}

// Unredeem gives a use back; see competition.InvitationStore.
func (s *Store) Unredeem(ctx context.Context, id string) error {
	return s.invitationWrite(ctx, "take a redemption back", func(tx pgx.Tx) error {
		var hash []byte
		switch err := tx.QueryRow(ctx, unredeemSQL, id).Scan(&hash); {
		case errors.Is(err, pgx.ErrNoRows):
			return nil
		case err != nil:
			return err
		}
		_, err := tx.Exec(ctx, returnCodeSQL, hash)
		return err
	})
}

// CodeKey is the key of the codes' hashes; see competition.InvitationStore.
func (s *Store) CodeKey(ctx context.Context) (k competition.Key, err error) {
	rand.Read(k[:]) // never fails, see crypto/rand
	if _, err := s.write.Exec(ctx, newSecretSQL, k[:]); err != nil {
		return k, unavailable("make the key of join codes", err)
	}
	var value []byte
	if err := s.write.QueryRow(ctx, secretSQL).Scan(&value); err != nil {
		return k, unavailable("read the key of join codes", err)
	}
	copy(k[:], value)
	return k, nil
}
