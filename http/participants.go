package http

import (
	"errors"

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

// listParticipants lists the users on the board, by enrolment.
func (s *Server) listParticipants(c *call) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	q := c.query()
	after, limit := q.AfterParticipant(), q.Limit()
	engine, err := s.permit(c, q.Err())
	if err != nil {
		return err
	}
	entries, next, err := engine.Participants(id, c.who.Caller, after, limit)
	return replyList(c, err, "participants", entries, func(dst []byte, e *competition.Entry) []byte {
		return appendEntry(dst, id, e)
	}, decode.ParticipantCursor(next))
}
