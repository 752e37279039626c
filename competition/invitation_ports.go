package competition

import (
	"context"

	"github.com/paceboard/paceboard/competition/calendar"
)

// InvitationStore keeps invitations and join codes, beside the journals. Its
// writes are durable when they return, and each is atomic: limits, uses and
// states are exact however many callers there are, in however many processes.
// Every call may return ErrUnavailable; the outcome of a write is then unknown.
type InvitationStore interface {
	// Invite stores what r.Decide makes of the request, and returns an invitation
	// for each guest, in order. Errors: ErrTooManyInvitations, ErrInvitingTooFast.
	Invite(ctx context.Context, r *Inviting) ([]Invitation, error)

	// FindInvitation is one invitation. Error: ErrUnknownInvitation.
	FindInvitation(ctx context.Context, id string) (Invitation, error)

	// LatestInvitation is a user's latest invitation to a competition. Error:
	// ErrUnknownInvitation.
	LatestInvitation(ctx context.Context, competitionID, userID string) (Invitation, error)

	// InvitationsTo visits a user's invitations, by competition and then by id,
	// beginning after one (the zero value: with the first), until visit returns
	// false. Cost: linear in those visited.
	InvitationsTo(ctx context.Context, userID string, after InvitationPlace, visit func(Invitation) bool) error

	// InvitationsIn visits a competition's invitations by id, beginning after one.
	InvitationsIn(ctx context.Context, competitionID, after string, visit func(Invitation) bool) error

	// DecideInvitation stores what Invitation.Decide makes of an invitation, and
	// returns it. Errors: ErrUnknownInvitation, ErrInvitationDecided.
	DecideInvitation(ctx context.Context, id string, now calendar.Millis, to InvitationState) (Invitation, error)

	// PutJoinCode stores a new code. Error: ErrTooManyInvitations, if the
	// competition has MaxJoinCodes that are neither expired nor used up.
	PutJoinCode(ctx context.Context, c *JoinCode) error

	// JoinCodesOf is a competition's codes, by id.
	JoinCodesOf(ctx context.Context, competitionID string) ([]JoinCode, error)

	// DeleteJoinCode ends a code, by its id. Error: ErrUnknownInvitation.
	DeleteJoinCode(ctx context.Context, competitionID, id string) error

	// Redeem stores what r.Decide makes of a code, with the use that it costs.
	// Error: ErrUnknownCode.
	Redeem(ctx context.Context, r *Redemption) (i Invitation, made bool, err error)

	// Unredeem takes an open invitation by code back, and gives the code its use
	// back. An invitation that is not open, or not there, is left as it is.
	Unredeem(ctx context.Context, id string) error

	// SweepInvitations deletes invitations that need not be kept and codes that
	// have expired, up to limit of each, and returns how many it deleted.
	SweepInvitations(ctx context.Context, now calendar.Millis, limit int) (deleted int, err error)

	// ForgetInvitations deletes a user's invitations, and has those that the user
	// made name nobody. Cost: linear in both.
	ForgetInvitations(ctx context.Context, userID string) error

	// CodeKey is the random key under which join codes are hashed, made by the
	// first who asks.
	CodeKey(ctx context.Context) (Key, error)
}

// InvitationPlace is a place among a user's invitations.
type InvitationPlace struct{ CompetitionID, ID string }

// Place returns where the invitation stands among those of its user.
func (i *Invitation) Place() InvitationPlace { return InvitationPlace{i.CompetitionID, i.ID} }
