package http

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// inviteUsers invites users, or makes a join code. The engine decides who may.
func (s *Server) inviteUsers(c *call) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	f, err := decode.ReadForm(c.Request.Body())
	if err != nil {
		return err
	}
	code, coded := f.Object("code")
	if coded == f.Has("user_ids") {
		f.Refuse("user_ids", "must be there, or else code")
	}
	var users []string
	var uses int64
	var until calendar.Millis
	if coded {
		uses, until = s.readCode(code)
	} else {
		users = readInvited(f)
	}
	engine, err := s.permit(c, f.Err())
	if err != nil {
		return err
	}
	if coded {
		text, made, err := engine.MakeJoinCode(id, c.who.Caller, int(uses), until)
		return replyOne(c, err, fasthttp.StatusCreated, &made, func(dst []byte, made *competition.JoinCode) []byte {
			return append(appendJoinCode(append(dst, `{"code":`...), made, text), '}')
		})
	}
	if err := s.charge(c, len(users)/writesOfUnit); err != nil {
		return err
	}
	list, err := engine.Invite(id, c.who.Caller, users)
	return replyList(c, err, "invitations", list, appendInvitation, "")
}

// readCode reads the limits of a join code; until is 0 for as long as possible.
func (s *Server) readCode(f *decode.Form) (uses int64, until calendar.Millis) {
	uses, given := f.Integer("uses")
	if !given || uses < 1 || uses > competition.MaxJoinCodeUses {
		f.Refuse("uses", "must be 1 to "+strconv.Itoa(competition.MaxJoinCodeUses))
	}
	if at, given := f.Time("expires_at"); given {
		if until = at.Millis(); until <= s.nowMillis() {
			f.Refuse("expires_at", "must lie in the future")
		}
	}
	return uses, until
}

func readInvited(f *decode.Form) (users []string) {
	values, ok := f.List("user_ids", competition.MaxGuests)
	if ok && len(values) == 0 {
		f.Refuse("user_ids", "must name somebody")
	}
	seen := make(map[string]bool, len(values))
	for i, value := range values {
		var user string
		err := json.Unmarshal(value, &user)
		problem := competition.NewUserIDProblem(user)
		switch {
		case err != nil:
			problem = decode.BadUserID
		case problem == "" && seen[user]:
			problem = "must not be there twice"
		}
		if problem != "" {
			f.Refuse("user_ids["+strconv.Itoa(i)+"]", problem)
		}
		seen[user] = true
		users = append(users, user)
	}
	return users
}

// listInvitations shows a competition's invitations and, on the first page, its
// join codes.
func (s *Server) listInvitations(c *call) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	q := c.query()
	after, limit := q.AfterInvitationID(), q.Limit()
	engine, err := s.permit(c, q.Err())
	if err != nil {
		return err
	}
	list, codes, next, err := engine.Invitations(id, c.who.Caller, strings.Clone(after), limit)
	if err != nil {
		return err
	}
	page := appendListPage(c.out[:0], "invitations", list, appendInvitation, decode.Cursor(decode.CursorInvitation, next))
	if after == "" {
		page = listField(page, `,"codes":`, codes, func(dst []byte, code *competition.JoinCode) []byte {
			return appendJoinCode(dst, code, "")
		})
	}
	c.replyListPage(page)
	return nil
}

// withdrawInvitation takes an invitation back, or ends a join code.
func (s *Server) withdrawInvitation(c *call) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	invitation, err := c.invitationID()
	engine, err := s.permit(c, err)
	if err != nil {
		return err
	}
	withdrawn, err := engine.WithdrawInvitation(id, c.who.Caller, invitation)
	return replyOne(c, err, fasthttp.StatusOK, &withdrawn, appendInvitation)
}

func (s *Server) listUserInvitations(c *call) error {
	engine, userID, after, limit, err := readOwnList(s, c, (*decode.Query).AfterInvitation)
	if err != nil {
		return err
	}
	list, next, err := engine.InvitationsTo(userID, after, limit)
	cursor := ""
	if next != (competition.InvitationPlace{}) {
		cursor = decode.Cursor(decode.CursorInvitation, next.CompetitionID+"."+next.ID)
	}
	return replyList(c, err, "invitations", list, appendOffer, cursor)
}

// acceptInvitation enrols the caller in the invitation's competition.
func (s *Server) acceptInvitation(c *call) error {
	id, err := c.invitationID()
	if err != nil {
		return err
	}
	join, _, err := c.readJoin()
	if err != nil {
		return err
	}
	engine, err := s.permitSelf(c, join.UserID)
	if err != nil {
		return err
	}
	competitionID, entry, err := engine.AcceptInvitation(id, join)
	return c.replyEntry(err, competitionID, &entry)
}

func (s *Server) declineInvitation(c *call) error {
	id, err := c.invitationID()
	if err != nil {
		return err
	}
	engine, err := s.permitSelf(c, c.who.Caller.UserID)
	if err != nil {
		return err
	}
	declined, err := engine.DeclineInvitation(id, c.who.Caller.UserID)
	return replyOne(c, err, fasthttp.StatusOK, &declined, appendInvitation)
}

// invitationID returns the invitation of the path, copied. The error is
// competition.ErrUnknownInvitation for anything that cannot be an id.
func (c *call) invitationID() (string, error) {
	id, ok := decode.Unescape(c.parameter("invitation_id"), false)
	if !ok || uuid.Validate(id) != nil {
		return "", competition.ErrUnknownInvitation
	}
	return strings.Clone(id), nil
}

// appendInvitation writes an invitation. It has no user if it stands for a join code
// that was ended.
func appendInvitation(dst []byte, i *competition.Invitation) []byte {
	return append(appendInvitationFields(dst, i), '}')
}

func appendInvitationFields(dst []byte, i *competition.Invitation) []byte {
	dst = wordField(dst, `{"id":"`, i.ID)
	dst = wordField(dst, `,"competition_id":"`, i.CompetitionID)
	if i.UserID != "" {
		dst = textField(dst, `,"user_id":`, i.UserID)
	}
	dst = wordField(dst, `,"state":"`, i.State.String())
	dst = timeField(dst, `,"created_at":`, i.CreatedAt)
	return timeField(dst, `,"expires_at":`, i.ExpiresAt)
}

func appendOffer(dst []byte, o *competition.Offer) []byte {
	dst = appendInvitationFields(dst, &o.Invitation)
	if o.Competition != nil {
		dst = appendSummary(append(dst, `,"competition":`...), o.Competition)
	}
	return append(dst, '}')
}

// appendJoinCode writes a join code. Its text, which is known only when it is made, is
// left out if empty.
func appendJoinCode(dst []byte, c *competition.JoinCode, text string) []byte {
	dst = wordField(dst, `{"id":"`, c.ID)
	if text != "" {
		dst = wordField(dst, `,"code":"`, text)
	}
	dst = wordField(dst, `,"competition_id":"`, c.CompetitionID)
	dst = intField(dst, `,"uses":`, int64(c.Uses))
	dst = timeField(dst, `,"created_at":`, c.CreatedAt)
	return append(timeField(dst, `,"expires_at":`, c.ExpiresAt), '}')
}
