package http

import (
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

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

// replyEntry answers with a participant's own entry.
func (c *call) replyEntry(err error, competitionID string, entry *competition.Entry) error {
	return replyOne(c, err, fasthttp.StatusOK, entry, func(dst []byte, entry *competition.Entry) []byte {
		return appendEntry(dst, competitionID, entry)
	})
}

// joinByCode enrols the caller in the competition of a join code.
func (s *Server) joinByCode(c *call) error {
	join, code, err := c.readJoin()
	if err != nil {
		return err
	}
	if code == "" {
		return kindInvalidRequest.listing([]competition.FieldError{{Field: "code", Detail: "is required: a join code"}})
	}
	return s.joinWithCode(c, "", code, join)
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
