package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

const (
	invitationColumns = `invitation_id, competition_id, user_id, coalesce(invited_by, ''), by_operator, code_hash, state, created_at, expires_at, decided_at`

	findInvitationSQL   = `SELECT ` + invitationColumns + ` FROM paceboard.invitations WHERE invitation_id = $1`
	latestInvitationSQL = `SELECT ` + invitationColumns + ` FROM paceboard.invitations
WHERE user_id = $1 AND competition_id = $2 ORDER BY invitation_id DESC LIMIT 1`
	latestInvitationsSQL = `SELECT DISTINCT ON (user_id) ` + invitationColumns + ` FROM paceboard.invitations
WHERE user_id = ANY ($1) AND competition_id = $2 ORDER BY user_id, invitation_id DESC`
	invitationsToSQL = `SELECT ` + invitationColumns + ` FROM paceboard.invitations
WHERE user_id = $1 AND (competition_id, invitation_id) > ($2 COLLATE "C", $3 COLLATE "C") ORDER BY competition_id, invitation_id LIMIT $4`
	invitationsInSQL = `SELECT ` + invitationColumns + ` FROM paceboard.invitations
WHERE competition_id = $1 AND invitation_id > $2 COLLATE "C" ORDER BY invitation_id LIMIT $3`

	openInvitationsSQL = `SELECT count(*) FROM paceboard.invitations
WHERE competition_id = $1 AND state = 'open' AND code_hash IS NULL AND expires_at > $2`
	recentInvitationsSQL = `SELECT count(*) FROM paceboard.invitations WHERE invited_by = $1 AND created_at > $2`

	insertInvitationSQL = `
INSERT INTO paceboard.invitations (invitation_id, competition_id, user_id, invited_by, by_operator, code_hash, state, created_at, expires_at, decided_at, kept_until)
VALUES ($1, $2, $3, nullif($4, ''), $5, $6, $7, $8, $9, $10, $11)`
	raiseInvitationSQL  = `UPDATE paceboard.invitations SET by_operator = true WHERE invitation_id = $1`
	decideInvitationSQL = `UPDATE paceboard.invitations SET state = $2, decided_at = $3, kept_until = $4 WHERE invitation_id = $1`

	sweepInvitationsSQL = `
DELETE FROM paceboard.invitations WHERE invitation_id IN (
    SELECT invitation_id FROM paceboard.invitations WHERE kept_until <= $1 ORDER BY kept_until LIMIT $2 FOR UPDATE SKIP LOCKED)`
	sweepCodesSQL = `
DELETE FROM paceboard.join_codes WHERE code_id IN (
    SELECT code_id FROM paceboard.join_codes WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`

	// lockSQL lets one transaction at a time count what a name stands for.
	lockSQL = `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`
)

// Invite stores invitations; see competition.InvitationStore. Whoever counts an
// athlete's invitations or a competition's holds that one's lock, the athlete's
// first, until the commit.
func (s *Store) Invite(ctx context.Context, r *competition.Inviting) (result []competition.Invitation, err error) {
	err = s.invitationWrite(ctx, "invite", func(tx pgx.Tx) error {
		if r.InvitedBy != "" {
			if _, err := tx.Exec(ctx, lockSQL, "invitations by "+r.InvitedBy); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, lockSQL, "invitations to "+r.CompetitionID); err != nil {
			return err
		}
		latest, err := latestOf(ctx, tx, r)
		if err != nil {
			return err
		}
		var open, recent int
		if err := tx.QueryRow(ctx, openInvitationsSQL, r.CompetitionID, r.Now.Time()).Scan(&open); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, recentInvitationsSQL, r.InvitedBy, r.Since().Time()).Scan(&recent); err != nil {
			return err
		}
		var made, raised []competition.Invitation
		if result, made, raised, err = r.Decide(latest, open, recent); err != nil {
			return err
		}
		batch := &pgx.Batch{}
		for i := range made {
			batch.Queue(insertInvitationSQL, invitationValues(&made[i])...)
		}
		for i := range raised {
			batch.Queue(raiseInvitationSQL, raised[i].ID)
		}
		return tx.SendBatch(ctx, batch).Close()
	})
	return result, err
}

// latestOf is the latest invitation of each guest, nil for none.
func latestOf(ctx context.Context, tx pgx.Tx, r *competition.Inviting) ([]*competition.Invitation, error) {
	users := make([]string, len(r.Guests))
	for n, guest := range r.Guests {
		users[n] = guest.UserID
	}
	found, err := invitations(ctx, tx, latestInvitationsSQL, users, r.CompetitionID)
	if err != nil {
		return nil, err
	}
	byUser := make(map[string]*competition.Invitation, len(found))
	for i := range found {
		byUser[found[i].UserID] = &found[i]
	}
	return inOrder(users, byUser), nil
}

func invitationValues(i *competition.Invitation) []any {
	var hash []byte
	if i.ByCode() {
		hash = i.Code[:]
	}
	return []any{
		i.ID, i.CompetitionID, i.UserID, i.InvitedBy, i.ByOperator, hash, i.State.String(),
		i.CreatedAt.Time(), i.ExpiresAt.Time(), instantOrNull(i.DecidedAt), i.KeptUntil().Time(),
	}
}

// invitations reads all that a query finds.
func invitations(ctx context.Context, from querier, sql string, arguments ...any) (list []competition.Invitation, err error) {
	rows, _ := from.Query(ctx, sql, arguments...) // CollectRows tells its error
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (i competition.Invitation, err error) {
		var hash []byte
		var state string
		var created, expires time.Time
		var decided *time.Time
		err = row.Scan(&i.ID, &i.CompetitionID, &i.UserID, &i.InvitedBy, &i.ByOperator, &hash, &state, &created, &expires, &decided)
		copy(i.Code[:], hash)
		i.State, _ = competition.ParseInvitationState(state)
		i.CreatedAt, i.ExpiresAt, i.DecidedAt = calendar.MillisOf(created), calendar.MillisOf(expires), millisOrZero(decided)
		return i, err
	})
}

// invitation reads one invitation. Error: competition.ErrUnknownInvitation.
func invitation(ctx context.Context, from querier, sql string, arguments ...any) (competition.Invitation, error) {
	found, err := invitations(ctx, from, sql, arguments...)
	switch {
	case err != nil:
		return competition.Invitation{}, err
	case len(found) == 0:
		return competition.Invitation{}, competition.ErrUnknownInvitation
	}
	return found[0], nil
}

// FindInvitation is one invitation; see competition.InvitationStore.
func (s *Store) FindInvitation(ctx context.Context, id string) (competition.Invitation, error) {
	i, err := invitation(ctx, s.read, findInvitationSQL, id)
	return i, invitationFailure("read an invitation", err)
}

// LatestInvitation is a user's latest invitation to a competition; see
// competition.InvitationStore.
func (s *Store) LatestInvitation(ctx context.Context, competitionID, userID string) (competition.Invitation, error) {
	i, err := invitation(ctx, s.read, latestInvitationSQL, userID, competitionID)
	return i, invitationFailure("read an invitation", err)
}

// InvitationsTo visits a user's invitations; see competition.InvitationStore.
func (s *Store) InvitationsTo(ctx context.Context, userID string, after competition.InvitationPlace, visit func(competition.Invitation) bool) error {
	return pages(func() ([]competition.Invitation, error) {
		page, err := invitations(ctx, s.read, invitationsToSQL, userID, after.CompetitionID, after.ID, pageSize)
		return page, invitationFailure("list invitations", err)
	}, func(i competition.Invitation) bool {
		after = i.Place()
		return visit(i)
	})
}

// InvitationsIn visits a competition's invitations; see competition.InvitationStore.
func (s *Store) InvitationsIn(ctx context.Context, competitionID, after string, visit func(competition.Invitation) bool) error {
	return pages(func() ([]competition.Invitation, error) {
		page, err := invitations(ctx, s.read, invitationsInSQL, competitionID, after, pageSize)
		return page, invitationFailure("list invitations", err)
	}, func(i competition.Invitation) bool {
		after = i.ID
		return visit(i)
	})
}

// DecideInvitation stores an answer; see competition.InvitationStore.
func (s *Store) DecideInvitation(ctx context.Context, id string, now calendar.Millis, to competition.InvitationState) (i competition.Invitation, err error) {
	err = s.invitationWrite(ctx, "answer an invitation", func(tx pgx.Tx) error {
		if i, err = invitation(ctx, tx, findInvitationSQL+` FOR UPDATE`, id); err != nil {
			return err
		}
		changed, err := i.Decide(now, to)
		if err != nil || !changed {
			return err
		}
		_, err = tx.Exec(ctx, decideInvitationSQL, id, i.State.String(), instantOrNull(i.DecidedAt), i.KeptUntil().Time())
		return err
	})
	return i, err
}

// SweepInvitations deletes what need not be kept; see competition.InvitationStore.
func (s *Store) SweepInvitations(ctx context.Context, now calendar.Millis, limit int) (deleted int, err error) {
	for _, sql := range []string{sweepInvitationsSQL, sweepCodesSQL} {
		done, err := s.write.Exec(ctx, sql, now.Time(), limit)
		if err != nil {
			return deleted, unavailable("sweep invitations", err)
		}
		deleted += int(done.RowsAffected())
	}
	return deleted, nil
}

// ForgetInvitations deletes a user's invitations; see competition.InvitationStore.
func (s *Store) ForgetInvitations(ctx context.Context, userID string) error {
	return s.invitationWrite(ctx, "forget invitations", func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM paceboard.invitations WHERE user_id = $1`, userID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE paceboard.invitations SET invited_by = NULL WHERE invited_by = $1`, userID)
		return err
	})
}

// invitationWrite runs a transaction.
func (s *Store) invitationWrite(ctx context.Context, what string, do func(tx pgx.Tx) error) error {
	return invitationFailure(what, pgx.BeginFunc(ctx, s.write, do))
}

// invitationFailure leaves the core's own refusals as they are.
func invitationFailure(what string, err error) error {
	return unlessRefusal(what, err, competition.ErrUnknownInvitation, competition.ErrUnknownCode, competition.ErrInvitationDecided,
		competition.ErrTooManyInvitations, competition.ErrInvitingTooFast)
}
