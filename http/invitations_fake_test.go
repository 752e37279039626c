package http

import (
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// The invitations of the fake engine: u1 is invited to spring.

const (
	invitationID = "019d2f5e-0000-7000-8000-000000000001"
	codeID       = "019d2f5e-0000-7000-8000-000000000002"
)

func fakeInvitation(user string) competition.Invitation {
	return competition.Invitation{
		ID: invitationID, CompetitionID: "spring", UserID: user, InvitedBy: "carol",
		State: competition.InvitationOpen, CreatedAt: atStart, ExpiresAt: atStart + 1000,
	}
}

func fakeCode() competition.JoinCode {
	return competition.JoinCode{ID: codeID, CompetitionID: "spring", Uses: 5, CreatedAt: atStart, ExpiresAt: atStart + 1000}
}

func (e *fakeEngine) Invite(id string, caller competition.Caller, users []string) (list []competition.Invitation, err error) {
	for _, user := range users {
		list = append(list, fakeInvitation(user))
	}
	return list, e.note("Invite", id, caller, users)
}

func (e *fakeEngine) MakeJoinCode(id string, caller competition.Caller, uses int, until calendar.Millis) (string, competition.JoinCode, error) {
	return "ABCDE12345", fakeCode(), e.note("MakeJoinCode", id, caller, uses, until)
}

func (e *fakeEngine) Invitations(id string, caller competition.Caller, after string, limit int) ([]competition.Invitation, []competition.JoinCode, string, error) {
	next := ""
	if e.next != "" {
		next = invitationID
	}
	return []competition.Invitation{fakeInvitation("u1")}, []competition.JoinCode{fakeCode()}, next, e.note("Invitations", id, caller, after, limit)
}

func (e *fakeEngine) WithdrawInvitation(id string, caller competition.Caller, invitation string) (competition.Invitation, error) {
	i := fakeInvitation("u1")
	i.State = competition.InvitationWithdrawn
	return i, e.note("WithdrawInvitation", id, caller, invitation)
}

func (e *fakeEngine) InvitationsTo(userID string, after competition.InvitationPlace, limit int) ([]competition.Offer, competition.InvitationPlace, error) {
	next := competition.InvitationPlace{}
	if e.next != "" && after == next {
		next = competition.InvitationPlace{CompetitionID: "spring", ID: invitationID}
	}
	offer := competition.Offer{Invitation: fakeInvitation(userID), Competition: &e.summary}
	return []competition.Offer{offer}, next, e.note("InvitationsTo", "", competition.Caller{}, userID, after, limit)
}

func (e *fakeEngine) AcceptInvitation(invitation string, j *competition.JoinCompetition) (string, competition.Entry, error) {
	err := e.note("AcceptInvitation", invitation, j.Caller)
	e.join = *j
	return "spring", competition.Entry{UserID: j.UserID, UserName: j.UserName, Rank: 4, UpdatedAt: atStart}, err
}

func (e *fakeEngine) DeclineInvitation(invitation, userID string) (competition.Invitation, error) {
	i := fakeInvitation(userID)
	i.State = competition.InvitationDeclined
	return i, e.note("DeclineInvitation", invitation, competition.Caller{UserID: userID})
}

func (e *fakeEngine) JoinByCode(id, code string, j *competition.JoinCompetition) (string, competition.Entry, error) {
	err := e.note("JoinByCode", id, j.Caller, code)
	e.join = *j
	return "spring", competition.Entry{UserID: j.UserID, UserName: j.UserName, Rank: 4, UpdatedAt: atStart}, err
}

func (e *fakeEngine) PreviewCode(code string, j *competition.JoinCompetition) (competition.Summary, error) {
	e.join = *j
	return e.summary, e.note("PreviewCode", "", j.Caller, code)
}
