package http

import (
	"errors"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// joinCompetition enrols the caller, or whom an operator names.
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
		return kindForbidden.with("nobody is enrolled by another user; invite them by POST /api/v1/competitions/" + id + "/invitations")
	}
	engine, err := s.permit(c)
	if err != nil {
		return err
	}
	entry, err := engine.Join(id, join)
	if err != nil {
		return err
	}
	c.replyEntry(id, &entry)
	return nil
}

// replyEntry answers with somebody's own entry.
func (c *call) replyEntry(competitionID string, entry *competition.Entry) {
	replyOne(c, fasthttp.StatusOK, entry, func(dst []byte, entry *competition.Entry) []byte {
		return appendEntry(dst, competitionID, entry)
	})
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

// leaveCompetition takes the caller off the board, or removes whom the parameter
// user_id names, for a reason.
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
	engine, err := s.permit(c)
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
	out := append(append(c.out[:0], envelope...), `{"competition_id":"`...)
	out = append(append(out, id...), `","user_id":`...)
	c.out = append(appendString(out, userID), `,"removed":true}}`...)
	c.reply(fasthttp.StatusOK, c.out)
	return nil
}

// listParticipants lists who is on the board, by enrolment.
func (s *Server) listParticipants(c *call) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	q := c.query()
	after, limit := q.AfterParticipant(), q.Limit()
	if err := q.Err(); err != nil {
		return err
	}
	engine, err := s.permit(c)
	if err != nil {
		return err
	}
	entries, next, err := engine.Participants(id, c.who.Caller, after, limit)
	if err != nil {
		return err
	}
	replyList(c, "participants", entries, func(dst []byte, e *competition.Entry) []byte {
		return appendEntry(dst, id, e)
	}, decode.ParticipantCursor(next))
	return nil
}
