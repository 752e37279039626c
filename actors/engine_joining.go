package actors

import (
	"context"
	"errors"

	"github.com/paceboard/paceboard/competition"
)

// Join enrols a user, and returns the user's entry on the board. If that takes an
// invitation, users who join themselves accept the one that they have.
func (e *Engine) Join(competitionID string, j *competition.JoinCompetition) (competition.Entry, error) {
	ctx, end, err := e.begin()
	if err != nil {
		return competition.Entry{}, err
	}
	defer end()
	return e.join(ctx, competitionID, j)
}

// join is Join for a request that was admitted.
func (e *Engine) join(ctx context.Context, competitionID string, j *competition.JoinCompetition) (competition.Entry, error) {
	command := *j
	entry, err := e.forwardJoin(ctx, competitionID, &command)
	uninvited := errors.Is(err, competition.ErrInvitationRequired) || errors.Is(err, competition.ErrUnknownCompetition)
	if uninvited && !j.Invited && j.UserID == j.Caller.UserID {
		return e.joinInvited(ctx, competitionID, j, err)
	}
	return entry, err
}

// Remove removes a user from a competition, who cannot rejoin without a new
// invitation, and withdraws the one that they have.
func (e *Engine) Remove(competitionID string, r *competition.RemoveParticipant) error {
	ctx, end, err := e.begin()
	if err != nil {
		return err
	}
	defer end()
	command := *r
	if _, err = forward[struct{}](e, competitionID, &command, deadlineOf(ctx)); err == nil {
		e.withdrawFrom(ctx, competitionID, r.UserID)
	}
	return err
}

// AcceptInvitation has the caller of j, who must be j's user, join the competition of
// an invitation, and returns the user's entry. Accepting twice is a no-op. Errors:
// competition.ErrUnknownInvitation, ErrInvitationDecided, and those of Join.
func (e *Engine) AcceptInvitation(id string, j *competition.JoinCompetition) (competitionID string, entry competition.Entry, err error) {
	ctx, end, err := e.begin()
	if err != nil {
		return "", entry, err
	}
	defer end()
	return e.acceptBy(ctx, id, j)
}

// acceptBy is AcceptInvitation for a request that was admitted.
func (e *Engine) acceptBy(ctx context.Context, id string, j *competition.JoinCompetition) (competitionID string, entry competition.Entry, err error) {
	release, err := e.answering.lock(ctx, id)
	if err != nil {
		return "", entry, err
	}
	defer release()
	i, err := e.invitationOf(ctx, id, j.UserID)
	if err != nil {
		return "", entry, err
	}
	entry, err = e.accept(ctx, &i, j)
	if errors.Is(err, competition.ErrInvitationRequired) && !errors.Is(err, competition.ErrOperatorInvites) {
		// The user was removed after it was made, which withdrew it.
		if _, err := e.store.DecideInvitation(ctx, i.ID, e.now(), competition.InvitationWithdrawn); err != nil {
			return "", entry, err
		}
		err = competition.ErrUnknownInvitation
	}
	return i.CompetitionID, entry, err
}

// accept joins, and then notes that the invitation is accepted: if it is cut short in
// between, the same call does the rest, and until then a list shows the join without
// the note. The caller holds answering.
func (e *Engine) accept(ctx context.Context, i *competition.Invitation, j *competition.JoinCompetition) (entry competition.Entry, err error) {
	switch {
	case i.State == competition.InvitationAccepted:
	case i.Gone(e.now()):
		return entry, competition.ErrUnknownInvitation
	case i.State != competition.InvitationOpen:
		return entry, competition.ErrInvitationDecided
	}
	if entry, err = e.join(ctx, i.CompetitionID, joinBy(i, j)); err != nil {
		return entry, err
	}
	_, err = e.store.DecideInvitation(ctx, i.ID, e.now(), competition.InvitationAccepted)
	return entry, err
}

// joinBy returns a join as one by an invitation.
func joinBy(i *competition.Invitation, j *competition.JoinCompetition) *competition.JoinCompetition {
	command := *j
	command.Invited, command.ByOperator = true, i.ByOperator
	if !i.ByCode() {
		command.InvitedAt = i.CreatedAt
	}
	return &command
}

// joinInvited repeats a join that was refused for lack of an invitation, with the one
// that the user may have.
func (e *Engine) joinInvited(ctx context.Context, competitionID string, j *competition.JoinCompetition, refusal error) (entry competition.Entry, err error) {
	i, err := e.store.LatestInvitation(ctx, competitionID, j.UserID)
	switch {
	case errors.Is(err, competition.ErrUnknownInvitation):
		return entry, refusal
	case err != nil:
		return entry, err
	case !i.Pending(e.now()) || i.ByCode():
		return entry, refusal
	}
	if _, entry, err = e.acceptBy(ctx, i.ID, j); errors.Is(err, competition.ErrUnknownInvitation) || errors.Is(err, competition.ErrInvitationDecided) {
		err = refusal
	}
	return entry, err
}

// withdrawFrom withdraws the open invitation of a removed user.
func (e *Engine) withdrawFrom(ctx context.Context, competitionID, userID string) {
	i, err := e.store.LatestInvitation(ctx, competitionID, userID)
	if err == nil && i.Pending(e.now()) {
		_, err = e.store.DecideInvitation(ctx, i.ID, e.now(), competition.InvitationWithdrawn)
	}
	if err != nil && !errors.Is(err, competition.ErrUnknownInvitation) && !errors.Is(err, competition.ErrInvitationDecided) {
		e.options.Logger.WarnContext(ctx, "an open invitation of a removed participant stays; accepting it is refused", "competition", competitionID, "error", err)
	}
}
