package http

import (
	"strings"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"
	"golang.org/x/time/rate"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// Board links: whoever sends the token of one is no caller, sees the board of one
// competition as the link shows it, and reaches nothing else. A route takes such a token
// only if its scope says so; see readBoard.

// errLink refuses a link what it does not show.
var errLink = kindForbidden.with("a board link shows the board of its competition, and nothing else")

// mayUse returns why a caller may not use a route, or nil.
func mayUse(r *route, who *auth.Identity) error {
	switch {
	case who.May(r.scope):
		return nil
	case who.Link != nil:
		return errLink
	default:
		return errScope
	}
}

// shows returns why a caller does not get to a competition's board: by a link to another.
func shows(who *auth.Identity, competitionID string) error {
	if who.Link != nil && who.Link.CompetitionID != competitionID {
		return errLink
	}
	return nil
}

// readerOf returns as whom the engine is asked for a board that the caller may see if the
// engine says so, or that the caller's link shows.
func readerOf(who *auth.Identity) competition.Caller {
	if who.Link != nil {
		return who.Link.Reader()
	}
	return who.Caller
}

// bucketOf returns the bucket of a caller's requests; nil without a limit. Those who come
// by a link are held to a user's rate by their address.
func (s *Server) bucketOf(ctx *fasthttp.RequestCtx, who *auth.Identity) *rate.Limiter {
	if who.Link == nil {
		return who.Bucket
	}
	return s.users.of("board link " + s.limits.clientAddress(ctx).String()) // no user's id has a space
}

// entryUnder returns what writes an entry under a link, already as the link shows it.
func entryUnder(link *competition.BoardLink, private bool) entryWriter {
	if link.ShownNames(private) != competition.ShowNoNames {
		return appendEntry
	}
	return func(dst []byte, competitionID string, e *competition.Entry) []byte {
		return append(appendPlace(dst, competitionID, e), '}')
	}
}

// linkedTopKey names the encodedTop of a link among the encodings of a published board.
type linkedTopKey struct{ link string }

// getLinkedBoard is getLeaderboard for whoever comes by a link.
func (s *Server) getLinkedBoard(c *call, id string) error {
	link := c.who.Link
	err := shows(c.who, id)
	var part decode.Part
	if err == nil {
		part, err = decode.ReadPart(c.query())
	}
	if err == nil && part.Around != "" {
		err = kindInvalidRequest.listing([]competition.FieldError{{Field: "around", Detail: "cannot be asked for by a board link"}})
	}
	engine, err := s.permit(c, err)
	if err != nil {
		return err
	}
	c.Response.Header.SetCanonical(headerCacheControl, valueRevalidate)
	if part.Offset == 0 && part.Limit <= competition.PublishedEntries {
		top, err := engine.Top(link.CompetitionID, link.Reader())
		if err != nil {
			return err
		}
		encoded := competition.Encoded(&top.Encodings, linkedTopKey{link.ID}, func() *encodedTop {
			shown := link.Board(&top.Board)
			return encodeTop(&shown, entryUnder(link, top.Private))
		})
		if !unchanged(c.RequestCtx, c.linkedETag(&part, &top.Board)) {
			c.replyTop(encoded, part.Limit)
		}
		return nil
	}
	board, err := engine.Page(link.CompetitionID, link.Reader(), part.Offset, part.Limit, nil)
	if err != nil {
		return onReading(err)
	}
	if !unchanged(c.RequestCtx, c.linkedETag(&part, &board)) {
		shown := link.Board(&board)
		c.out = append(appendBoard(append(c.out[:0], envelope...), &shown, entryUnder(link, board.Private)), envelopeEnd)
		c.reply(fasthttp.StatusOK, c.out)
	}
	return nil
}

// linkedETag is etag under a link: a cache that has a board of another token at the same
// address must not take it for this one. It also tells how much the link shows.
func (c *call) linkedETag(p *decode.Part, b *competition.Board) []byte {
	tag := c.etag(p, b)
	tag = append(append(tag[:len(tag)-1], ".l"...), c.who.Link.ID...)
	tag = append(append(tag, '.'), c.who.Link.ShownNames(b.Private).String()...)
	c.out = append(tag, '"')
	return c.out
}

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
		s.live.wakeAll()
	}
	return replyOne(c, err, fasthttp.StatusOK, &link, func(dst []byte, l *competition.BoardLink) []byte { return appendBoardLink(dst, l, "") })
}

// appendBoardLink writes a link as those who manage it see it. Its code, which is known
// only when it is made, is left out if empty.
func appendBoardLink(dst []byte, l *competition.BoardLink, code string) []byte {
	dst = wordField(dst, `{"id":"`, l.ID)
	if code != "" {
		dst = wordField(dst, `,"code":"`, code)
		dst = wordField(dst, `,"token":"`, auth.LinkPrefix+code)
		dst = wordField(dst, `,"path":"`, "/b/"+code)
	}
	dst = wordField(dst, `,"competition_id":"`, l.CompetitionID)
	dst = wordField(dst, `,"names":"`, l.Names.String())
	dst = timeField(dst, `,"created_at":`, l.CreatedAt)
	return append(timeField(dst, `,"expires_at":`, l.ExpiresAt), '}')
}

// appendShownLink writes a link as all readers of the competition see it.
func appendShownLink(dst []byte, l *competition.BoardLink) []byte {
	dst = wordField(dst, `{"names":"`, l.Names.String())
	dst = timeField(dst, `,"created_at":`, l.CreatedAt)
	return append(timeField(dst, `,"expires_at":`, l.ExpiresAt), '}')
}
