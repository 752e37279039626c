package http

import (
	"strings"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// createBoardLink makes a link, whose code is never shown again.
func (s *Server) createBoardLink(c *call) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	f, err := decode.ReadForm(c.Request.Body())
	if err != nil {
		return err
	}
	word, _ := f.Text("names")
	names, ok := competition.ParseNamePrivacy(word)
	if !ok {
		f.Refuse("names", "must be names, initials or none")
	}
	var until calendar.Millis
	if at, given := f.Time("expires_at"); given {
		if until = at.Millis(); until <= s.nowMillis() {
			f.Refuse("expires_at", "must lie in the future")
		}
	}
	engine, err := s.permit(c, f.Err())
	if err != nil {
		return err
	}
	code, link, err := engine.MakeBoardLink(id, c.who.Caller, names, until)
	if err == nil {
		s.linksTo.forget(id)
	}
	return replyOne(c, err, fasthttp.StatusCreated, &link, func(dst []byte, l *competition.BoardLink) []byte {
		return appendBoardLink(dst, l, code)
	})
}

// listBoardLinks shows a competition's links, without their codes.
func (s *Server) listBoardLinks(c *call) error {
	id, err := c.competitionID()
	engine, err := s.permit(c, err)
	if err != nil {
		return err
	}
	list, err := engine.BoardLinks(id, c.who.Caller)
	return replyList(c, err, "board_links", list, func(dst []byte, l *competition.BoardLink) []byte { return appendBoardLink(dst, l, "") }, "")
}

// revokeBoardLink ends a link: here at once, and with it the live connections that came
// by it. Other processes look within 5 seconds.
func (s *Server) revokeBoardLink(c *call) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	linkID, ok := decode.Unescape(c.parameter("link_id"), false)
	if !ok || uuid.Validate(linkID) != nil {
		err = competition.ErrUnknownBoardLink
	}
	engine, err := s.permit(c, err)
	if err != nil {
		return err
	}
	link, err := engine.RevokeBoardLink(id, c.who.Caller, strings.Clone(linkID))
	if err == nil {
		s.auth.EndLink(link)
		s.linksTo.forget(id)
	}
	return replyOne(c, err, fasthttp.StatusOK, &link, func(dst []byte, l *competition.BoardLink) []byte { return appendBoardLink(dst, l, "") })
}
