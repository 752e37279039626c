package http

import (
	"errors"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// leaveCompetition takes the caller off the board, or removes the user of the parameter
// user_id, which needs a reason.
func (s *Server) leaveCompetition(c *call) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	f, err := c.optionalForm()
	if err != nil {
		return err
	}
	q := c.query()
	named, given := q.Text("user_id")
	if given && !competition.ValidUserID(named) {
		q.Refuse("user_id", decode.BadUserID)
	}
	reason, inBody := f.Text("reason")
	if !inBody {
		reason, _ = q.Text("reason")
	}
	if err := errors.Join(q.Err(), f.Err()); err != nil {
		return err
	}
	userID, err := c.userIDOf([]byte(named))
	if err != nil {
		return err
	}
	leaves := userID == c.who.Caller.UserID
	if !leaves {
		if err := competition.CheckReason(reason, userID); err != nil {
			return err
		}
	}
	engine, err := s.permit(c, nil)
	if err != nil {
		return err
	}
	if leaves {
		_, err = engine.Run(id, &competition.LeaveCompetition{Caller: c.who.Caller, UserID: userID})
	} else {
		err = engine.Remove(id, &competition.RemoveParticipant{Caller: c.who.Caller, UserID: userID, Reason: reason})
	}
	if err != nil {
		return err
	}
	out := wordField(append(c.out[:0], envelope...), `{"competition_id":"`, id)
	c.out = append(textField(out, `,"user_id":`, userID), `,"removed":true}}`...)
	c.reply(fasthttp.StatusOK, c.out)
	return nil
}

// listParticipants lists the users on the board, by enrolment, or those whose name or id
// contains a text.
func (s *Server) listParticipants(c *call) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	q := c.query()
	after, limit, search := q.AfterParticipant(), q.Limit(), readSearch(&q)
	engine, err := s.permit(c, q.Err())
	if err != nil {
		return err
	}
	if search != "" {
		s.chargeRows(c, competition.MaxSearchedParticipants)
	}
	entries, next, err := engine.Participants(id, c.who.Caller, after, limit, strings.Clone(search))
	return replyList(c, err, "participants", entries, func(dst []byte, e *competition.Entry) []byte {
		return appendEntry(dst, id, e)
	}, decode.ParticipantCursor(next))
}

// joinCompetition enrols the caller, or the user that an operator names.
func (s *Server) joinCompetition(c *call) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	join, code, err := c.readJoin()
	if err != nil {
		return err
	}
	if code != "" {
		return s.joinWithCode(c, id, code, join)
	}
	if join.UserID != c.who.Caller.UserID && !c.who.Caller.Operator {
		return kindForbidden.with("a user cannot enrol another user; invite them with POST /api/v1/competitions/" + id + "/invitations")
	}
	engine, err := s.permit(c, nil)
	if err != nil {
		return err
	}
	entry, err := engine.Join(id, join)
	return c.replyEntry(err, id, &entry)
}

// readJoin reads the body of a join, which may be missing, and the join code in it.
func (c *call) readJoin() (join *competition.JoinCompetition, code string, err error) {
	f, err := c.optionalForm()
	if err != nil {
		return nil, "", err
	}
	named, given := f.Bytes("user_id")
	if given && !competition.ValidUserID(string(named)) {
		f.Refuse("user_id", decode.BadUserID)
	}
	join = &competition.JoinCompetition{Caller: c.who.Caller}
	join.UserName, join.Rename = f.Text("user_name")
	f.RefuseAll(competition.CheckUserName(join.UserName))
	code, coded := f.Text("code")
	if coded && code == "" {
		f.Refuse("code", "must not be empty")
	}
	if err := f.Err(); err != nil {
		return nil, "", err
	}
	if join.UserID, err = c.userIDOf(named); err != nil {
		return nil, "", err
	}
	if !join.Rename {
		join.UserName = c.nameOf(join.UserID)
	}
	return join, code, nil
}

func (c *call) replyEntry(err error, competitionID string, entry *competition.Entry) error {
	return replyOne(c, err, fasthttp.StatusOK, entry, func(dst []byte, entry *competition.Entry) []byte {
		return appendEntry(dst, competitionID, entry)
	})
}

// joinByCode enrols the caller in the competition of a join code.
func (s *Server) joinByCode(c *call) error {
	join, code, err := c.readCoded()
	if err != nil {
		return err
	}
	return s.joinWithCode(c, "", code, join)
}

// previewCode shows the competition that joinByCode would enrol the caller in.
func (s *Server) previewCode(c *call) error {
	join, code, err := c.readCoded()
	if err != nil {
		return err
	}
	engine, err := s.permitSelf(c, join.UserID)
	if err != nil {
		return err
	}
	summary, err := engine.PreviewCode(code, join)
	if err != nil {
		return err
	}
	one := []competition.Summary{summary}
	date(engine, one)
	answer := wholeCompetition{Summary: one[0]}
	answer.links, answer.linked = s.linksTo.of(engine, summary.Definition.ID)
	return replyOne(c, nil, fasthttp.StatusOK, &answer, appendWholeCompetition)
}

// readCoded is readJoin where a code is required.
func (c *call) readCoded() (join *competition.JoinCompetition, code string, err error) {
	join, code, err = c.readJoin()
	if err == nil && code == "" {
		err = kindInvalidRequest.listing([]competition.FieldError{{Field: "code", Detail: "is required: a join code"}})
	}
	return join, code, err
}

// joinWithCode joins the competition of a code, which must be competitionID if that is
// not empty.
func (s *Server) joinWithCode(c *call, competitionID, code string, join *competition.JoinCompetition) error {
	engine, err := s.permitSelf(c, join.UserID)
	if err != nil {
		return err
	}
	competitionID, entry, err := engine.JoinByCode(competitionID, code, join)
	return c.replyEntry(err, competitionID, &entry)
}

// permitSelf is permit where users may act only for themselves.
func (s *Server) permitSelf(c *call, userID string) (Engine, error) {
	if caller := c.who.Caller.UserID; caller == "" || userID != caller {
		return nil, kindForbidden.with("users accept invitations and use join codes with their own token")
	}
	return s.permit(c, nil)
}
