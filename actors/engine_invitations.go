package actors

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
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

func (e *Engine) invitationOf(ctx context.Context, id, userID string) (competition.Invitation, error) {
	i, err := e.store.FindInvitation(ctx, id)
	if err == nil && i.UserID != userID {
		err = competition.ErrUnknownInvitation
	}
	return i, err
}

// sweeper deletes invitations, join codes and board links that need not be kept. Of
// several processes each sweeps, which does no harm.
type sweeper struct {
	store   sweptStore
	timeout time.Duration // of one call of the store
	now     func() calendar.Millis
	logger  *slog.Logger
	active  func() bool // it is up to this process; nil: always
}

// sweptStore is what a sweeper needs of the store.
type sweptStore interface {
	SweepInvitations(ctx context.Context, now calendar.Millis, limit int) (deleted int, err error)
	SweepBoardLinks(ctx context.Context, now calendar.Millis, limit int) (deleted int, err error)
}

const (
	sweepEvery  = time.Hour
	sweepAtOnce = 1_000
)

// sweep deletes some at a time. What fails is left for the next time.
func (s sweeper) sweep(ctx context.Context) {
	if s.active != nil && !s.active() {
		return
	}
	s.sweepAll(ctx, s.store.SweepInvitations)
	s.sweepAll(ctx, s.store.SweepBoardLinks)
}

func (s sweeper) sweepAll(ctx context.Context, sweepSome func(ctx context.Context, now calendar.Millis, limit int) (deleted int, err error)) {
	for ctx.Err() == nil {
		within, cancel := context.WithTimeout(ctx, s.timeout)
		n, err := sweepSome(within, s.now(), sweepAtOnce)
		cancel()
		if err != nil {
			s.logger.WarnContext(ctx, "old invitations or board links cannot be deleted now", "error", err)
		}
		if err != nil || n < sweepAtOnce {
			return
		}
	}
}
