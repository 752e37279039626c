package actors

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/paceboard/paceboard/competition"
)

// newID returns a UUIDv7 (RFC 9562, section 5.7), so that ids order by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// invitable returns a competition whose invitations are the caller's to manage.
// Errors: competition.ErrUnknownCompetition, ErrForbidden.
func (e *Engine) invitable(ctx context.Context, competitionID string, caller competition.Caller) (competition.Summary, error) {
	return forward[competition.Summary](e, competitionID, &getInvitable{caller}, deadlineOf(ctx))
}

// openTo is invitable for new invitations. Error besides: competition.ErrClosed.
func (e *Engine) openTo(ctx context.Context, competitionID string, caller competition.Caller) (competition.Summary, error) {
	s, err := e.invitable(ctx, competitionID, caller)
	if err == nil && s.Status != competition.Upcoming && s.Status != competition.Active {
		err = competition.ErrClosed
	}
	return s, err
}

// Invite invites users to a competition, each of whom is named once, and returns an
// invitation for each, in order: the one that is open, or was declined not long ago,
// or a new one. Whether such users exist is not checked.
// Errors: competition.ErrUnknownCompetition, ErrForbidden, ErrClosed,
// ErrTooManyInvitations, ErrInvitingTooFast.
func (e *Engine) Invite(competitionID string, caller competition.Caller, users []string) ([]competition.Invitation, error) {
	ctx, end, err := e.begin()
	if err != nil {
		return nil, err
	}
	defer end()
	s, err := e.openTo(ctx, competitionID, caller)
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
	return e.store.Invite(ctx, r)
}

// Invitations lists a competition's invitations, by time, after an id, and its join
// codes; next is empty at the end. An invitation by a join code is listed once the
// person takes part. Errors: competition.ErrUnknownCompetition, ErrForbidden.
func (e *Engine) Invitations(competitionID string, caller competition.Caller, after string, limit int) (list []competition.Invitation, codes []competition.JoinCode, next string, err error) {
	ctx, end, err := e.begin()
	if err != nil {
		return nil, nil, "", err
	}
	defer end()
	if _, err := e.invitable(ctx, competitionID, caller); err != nil {
		return nil, nil, "", err
	}
	now := e.now()
	p := page[competition.Invitation, string]{limit: limit, place: func(i *competition.Invitation) string { return i.ID }}
	err = e.store.InvitationsIn(ctx, competitionID, after, func(i competition.Invitation) bool {
		return i.Gone(now) || i.ByCode() && i.State != competition.InvitationAccepted || p.add(i)
	})
	if err != nil {
		return nil, nil, "", err
	}
	all, err := e.store.JoinCodesOf(ctx, competitionID)
	for _, c := range all {
		if now < c.ExpiresAt {
			codes = append(codes, c)
		}
	}
	return p.rows, codes, p.next, err
}

// WithdrawInvitation withdraws an open invitation, or ends a join code. Errors:
// competition.ErrUnknownCompetition, ErrForbidden, ErrUnknownInvitation,
// ErrInvitationDecided.
func (e *Engine) WithdrawInvitation(competitionID string, caller competition.Caller, id string) (competition.Invitation, error) {
	ctx, end, err := e.begin()
	if err != nil {
		return competition.Invitation{}, err
	}
	defer end()
	if _, err := e.invitable(ctx, competitionID, caller); err != nil {
		return competition.Invitation{}, err
	}
	release, err := e.answering.lock(ctx, id)
	if err != nil {
		return competition.Invitation{}, err
	}
	defer release()
	i, err := e.store.FindInvitation(ctx, id)
	if errors.Is(err, competition.ErrUnknownInvitation) {
		if err := e.store.DeleteJoinCode(ctx, competitionID, id); err != nil {
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
	return e.store.DecideInvitation(ctx, id, e.now(), competition.InvitationWithdrawn)
}

// InvitationsTo lists a user's invitations, by competition, after a place; next is the
// zero value at the end.
func (e *Engine) InvitationsTo(userID string, after competition.InvitationPlace, limit int) (list []competition.Offer, next competition.InvitationPlace, err error) {
	ctx, end, err := e.begin()
	if err != nil {
		return nil, next, err
	}
	defer end()
	now := e.now()
	p := page[competition.Offer, competition.InvitationPlace]{limit: limit, place: func(o *competition.Offer) competition.InvitationPlace { return o.Place() }}
	err = e.store.InvitationsTo(ctx, userID, after, func(i competition.Invitation) bool {
		return i.Gone(now) || p.add(competition.Offer{Invitation: i})
	})
	if err != nil {
		return nil, next, err
	}
	var ids []string
	var pending []*competition.Offer
	for n := range p.rows {
		if o := &p.rows[n]; o.Pending(now) {
			ids, pending = append(ids, o.CompetitionID), append(pending, o)
		}
	}
	found, err := e.summaries(ctx, "a user's invitations", ids)
	for n := range found {
		if found[n].Definition.ID != "" {
			pending[n].Competition = &found[n]
		}
	}
	return p.rows, p.next, err
}

// DeclineInvitation declines an invitation. Errors:
// competition.ErrUnknownInvitation, ErrInvitationDecided.
func (e *Engine) DeclineInvitation(id, userID string) (competition.Invitation, error) {
	ctx, end, err := e.begin()
	if err != nil {
		return competition.Invitation{}, err
	}
	defer end()
	release, err := e.answering.lock(ctx, id)
	if err != nil {
		return competition.Invitation{}, err
	}
	defer release()
	if _, err := e.invitationOf(ctx, id, userID); err != nil {
		return competition.Invitation{}, err
	}
	return e.store.DecideInvitation(ctx, id, e.now(), competition.InvitationDeclined)
}

// invitationOf returns an invitation of a user's.
func (e *Engine) invitationOf(ctx context.Context, id, userID string) (competition.Invitation, error) {
	i, err := e.store.FindInvitation(ctx, id)
	if err == nil && i.UserID != userID {
		err = competition.ErrUnknownInvitation
	}
	return i, err
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
	command := *j
	command.Invited, command.ByOperator = true, i.ByOperator
	if !i.ByCode() {
		command.InvitedAt = i.CreatedAt
	}
	if entry, err = e.join(ctx, i.CompetitionID, &command); err != nil {
		return entry, err
	}
	_, err = e.store.DecideInvitation(ctx, i.ID, e.now(), competition.InvitationAccepted)
	return entry, err
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
