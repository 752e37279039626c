package actors

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/paceboard/paceboard/competition"
)

// newID is a UUIDv7 (RFC 9562, section 5.7), so that ids order by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// openTo is a competition that the caller may invite people to. Errors:
// competition.ErrUnknownCompetition, ErrForbidden, ErrClosed.
func (e *Engine) openTo(competitionID string, caller competition.Caller, deadline time.Time) (competition.Summary, error) {
	s, err := forward[competition.Summary](e, competitionID, &getInvitable{caller}, deadline)
	if err == nil && s.Status != competition.Upcoming && s.Status != competition.Active {
		err = competition.ErrClosed
	}
	return s, err
}

// Invite invites users to a competition, each of whom is named once, and returns
// an invitation for each, in order: the one that stands already, or was declined
// not long ago, or a new one. Whether there are such users is not looked at.
// Errors: competition.ErrUnknownCompetition, ErrForbidden, ErrClosed,
// ErrTooManyInvitations, ErrInvitingTooFast.
func (e *Engine) Invite(competitionID string, caller competition.Caller, users []string) ([]competition.Invitation, error) {
	if err := e.admit(); err != nil {
		return nil, err
	}
	defer e.dismiss()
	ctx, cancel := context.WithDeadline(e.life, e.deadline())
	defer cancel()
	deadline, _ := ctx.Deadline()
	s, err := e.openTo(competitionID, caller, deadline)
	if err != nil {
		return nil, err
	}
	now := e.now()
	r := &competition.Inviting{
		CompetitionID: competitionID, ByOperator: caller.Operator, Now: now, ExpiresAt: min(now+competition.InvitationLife, s.Definition.End),
	}
	if !caller.Operator {
		r.InvitedBy = caller.UserID
	}
	for _, user := range users {
		r.Guests = append(r.Guests, competition.Guest{UserID: user, InvitationID: newID()})
	}
	return e.Store.Invite(ctx, r)
}

// Invitations lists a competition's invitations, by time, beginning behind the id
// after, and its join codes; next is empty at the end. What came of a join code is
// shown once the person takes part. Errors: competition.ErrUnknownCompetition,
// ErrForbidden.
func (e *Engine) Invitations(competitionID string, caller competition.Caller, after string, limit int) (list []competition.Invitation, codes []competition.JoinCode, next string, err error) {
	if err := e.admit(); err != nil {
		return nil, nil, "", err
	}
	defer e.dismiss()
	deadline := e.deadline()
	if _, err := forward[competition.Summary](e, competitionID, &getInvitable{caller}, deadline); err != nil {
		return nil, nil, "", err
	}
	ctx, cancel := context.WithDeadline(e.life, deadline)
	defer cancel()
	now := e.now()
	err = e.Store.InvitationsIn(ctx, competitionID, after, func(i competition.Invitation) bool {
		if i.Gone(now) || i.ByCode() && i.State != competition.InvitationAccepted {
			return true
		}
		if len(list) == limit {
			next = list[limit-1].ID
			return false
		}
		list = append(list, i)
		return true
	})
	if err != nil {
		return nil, nil, "", err
	}
	all, err := e.Store.JoinCodesOf(ctx, competitionID)
	for _, c := range all {
		if now < c.ExpiresAt {
			codes = append(codes, c)
		}
	}
	return list, codes, next, err
}

// WithdrawInvitation takes an open invitation back, or ends a join code. Errors:
// competition.ErrUnknownCompetition, ErrForbidden, ErrUnknownInvitation,
// ErrInvitationDecided.
func (e *Engine) WithdrawInvitation(competitionID string, caller competition.Caller, id string) (competition.Invitation, error) {
	if err := e.admit(); err != nil {
		return competition.Invitation{}, err
	}
	defer e.dismiss()
	deadline := e.deadline()
	if _, err := forward[competition.Summary](e, competitionID, &getInvitable{caller}, deadline); err != nil {
		return competition.Invitation{}, err
	}
	ctx, cancel := context.WithDeadline(e.life, deadline)
	defer cancel()
	release, err := e.answering.lock(ctx, id)
	if err != nil {
		return competition.Invitation{}, err
	}
	defer release()
	i, err := e.Store.FindInvitation(ctx, id)
	if errors.Is(err, competition.ErrUnknownInvitation) {
		if err := e.Store.DeleteJoinCode(ctx, competitionID, id); err != nil {
			return competition.Invitation{}, err
		}
		return competition.Invitation{ID: id, CompetitionID: competitionID, State: competition.InvitationWithdrawn}, nil
	}
	if err == nil && (i.CompetitionID != competitionID || i.ByCode()) {
		err = competition.ErrUnknownInvitation
	}
	if err != nil {
		return competition.Invitation{}, err
	}
	return e.Store.DecideInvitation(ctx, id, e.now(), competition.InvitationWithdrawn)
}

// InvitationsTo lists a user's invitations, by competition, beginning behind a
// place; next is the zero value at the end.
func (e *Engine) InvitationsTo(userID string, behind competition.InvitationPlace, limit int) (list []competition.Offer, next competition.InvitationPlace, err error) {
	if err := e.admit(); err != nil {
		return nil, next, err
	}
	defer e.dismiss()
	ctx, cancel := e.storeContext()
	defer cancel()
	now := e.now()
	err = e.Store.InvitationsTo(ctx, userID, behind, func(i competition.Invitation) bool {
		if i.Gone(now) {
			return true
		}
		if len(list) == limit {
			next = list[limit-1].Place()
			return false
		}
		list = append(list, competition.Offer{Invitation: i})
		return true
	})
	if err != nil {
		return nil, next, err
	}
	var ids []string
	var pending []*competition.Offer
	for n := range list {
		if o := &list[n]; o.Pending(now) {
			ids, pending = append(ids, o.CompetitionID), append(pending, o)
		}
	}
	found, err := e.summaries(ctx, "a user's invitations", ids)
	for n := range found {
		if found[n].Definition.ID != "" {
			pending[n].Competition = &found[n]
		}
	}
	return list, next, err
}

// DeclineInvitation answers an invitation with no. Errors:
// competition.ErrUnknownInvitation, ErrInvitationDecided.
func (e *Engine) DeclineInvitation(id, userID string) (competition.Invitation, error) {
	if err := e.admit(); err != nil {
		return competition.Invitation{}, err
	}
	defer e.dismiss()
	ctx, cancel := e.storeContext()
	defer cancel()
	release, err := e.answering.lock(ctx, id)
	if err != nil {
		return competition.Invitation{}, err
	}
	defer release()
	if _, err := e.invitationOf(ctx, id, userID); err != nil {
		return competition.Invitation{}, err
	}
	return e.Store.DecideInvitation(ctx, id, e.now(), competition.InvitationDeclined)
}

// invitationOf is an invitation of a user's.
func (e *Engine) invitationOf(ctx context.Context, id, userID string) (competition.Invitation, error) {
	i, err := e.Store.FindInvitation(ctx, id)
	if err == nil && i.UserID != userID {
		err = competition.ErrUnknownInvitation
	}
	return i, err
}

// AcceptInvitation has the caller of j, who must be j's user, take part in what
// the invitation is to, and returns the user's entry. Twice is a no-op. Errors:
// competition.ErrUnknownInvitation, ErrInvitationDecided, and those of Join.
func (e *Engine) AcceptInvitation(id string, j *competition.JoinCompetition) (competitionID string, entry competition.Entry, err error) {
	if err := e.admit(); err != nil {
		return "", entry, err
	}
	defer e.dismiss()
	return e.acceptBy(id, j, e.deadline())
}

// acceptBy is AcceptInvitation for a request that was admitted.
func (e *Engine) acceptBy(id string, j *competition.JoinCompetition, deadline time.Time) (competitionID string, entry competition.Entry, err error) {
	ctx, cancel := context.WithDeadline(e.life, deadline)
	defer cancel()
	release, err := e.answering.lock(ctx, id)
	if err != nil {
		return "", entry, err
	}
	defer release()
	i, err := e.invitationOf(ctx, id, j.UserID)
	if err != nil {
		return "", entry, err
	}
	entry, err = e.accept(ctx, &i, j, deadline)
	if errors.Is(err, competition.ErrInvitationRequired) && !errors.Is(err, competition.ErrOperatorInvites) {
		// The user was removed after it had been made: that withdrew it.
		if _, err := e.Store.DecideInvitation(ctx, i.ID, e.now(), competition.InvitationWithdrawn); err != nil {
			return "", entry, err
		}
		err = competition.ErrUnknownInvitation
	}
	return i.CompetitionID, entry, err
}

// accept joins, and then notes that the invitation is accepted: whatever cuts it
// short in between, the same call does the rest, and a join without the note is
// what a list shows until then. answering is held.
func (e *Engine) accept(ctx context.Context, i *competition.Invitation, j *competition.JoinCompetition, deadline time.Time) (entry competition.Entry, err error) {
	switch {
	case i.State == competition.InvitationAccepted:
	case i.Gone(e.now()):
		return entry, competition.ErrUnknownInvitation
	case i.State != competition.InvitationOpen:
		return entry, competition.ErrInvitationDecided
	}
	command := *j
	command.Invited, command.ByOperator = true, i.ByOperator
	if !i.ByCode() {
		command.InvitedAt = i.CreatedAt
	}
	if entry, err = e.join(i.CompetitionID, &command, deadline); err != nil { //nolint:contextcheck // It is ctx's.
		return entry, err
	}
	_, err = e.Store.DecideInvitation(ctx, i.ID, e.now(), competition.InvitationAccepted)
	return entry, err
}

// joinInvited is a join that was refused for want of an invitation, again with the
// one that the user may have.
func (e *Engine) joinInvited(competitionID string, j *competition.JoinCompetition, refusal error, deadline time.Time) (entry competition.Entry, err error) {
	ctx, cancel := context.WithDeadline(e.life, deadline)
	defer cancel()
	i, err := e.Store.LatestInvitation(ctx, competitionID, j.UserID)
	switch {
	case errors.Is(err, competition.ErrUnknownInvitation):
		return entry, refusal
	case err != nil:
		return entry, err
	case !i.Pending(e.now()) || i.ByCode():
		return entry, refusal
	}
	if _, entry, err = e.acceptBy(i.ID, j, deadline); errors.Is(err, competition.ErrUnknownInvitation) || errors.Is(err, competition.ErrInvitationDecided) {
		err = refusal
	}
	return entry, err
}

// withdrawFrom takes back the open invitation of somebody who was removed.
func (e *Engine) withdrawFrom(competitionID, userID string, deadline time.Time) {
	ctx, cancel := context.WithDeadline(e.life, deadline)
	defer cancel()
	i, err := e.Store.LatestInvitation(ctx, competitionID, userID)
	if err == nil && i.Pending(e.now()) {
		_, err = e.Store.DecideInvitation(ctx, i.ID, e.now(), competition.InvitationWithdrawn)
	}
	if err != nil && !errors.Is(err, competition.ErrUnknownInvitation) && !errors.Is(err, competition.ErrInvitationDecided) {
		e.Logger.Warn("an open invitation of a removed participant stays; accepting it is refused", "competition", competitionID, "error", err)
	}
}
