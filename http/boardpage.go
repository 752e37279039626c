package http

import (
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
)

// getBoardPage answers with the page of a board link. Its title, and what sites show that
// preview it, is the competition's name and days: a preview may outlive the link. The page
// itself asks for the board, with the link's token.
func (s *Server) getBoardPage(c *call) error {
	if s.boardPage == nil {
		return kindNotFound.with("this server has no web page; see /docs for the API")
	}
	title, description := "Board", ""
	status := fasthttp.StatusOK
	if err := s.users.take(c.RequestCtx, s.linkBucket(c.RequestCtx), 1, 0); err != nil { // for a wrong code, too
		return err
	}
	who, err := s.auth.Token([]byte(auth.LinkPrefix + c.parameter("code")))
	if err == nil {
		var summary competition.Summary
		if summary, err = s.engine.Competition(who.Link.CompetitionID, who.Link.Reader()); err == nil {
			title, description = summary.Definition.Name, describe(&summary)
		}
	}
	board := ""
	if err == nil {
		board = who.Link.CompetitionID
	} else {
		p, _ := problemOf(err)
		if status = p.kind.status; status == fasthttp.StatusUnauthorized {
			status = fasthttp.StatusNotFound
		}
	}
	header := &c.Response.Header
	header.SetCanonical(headerCacheControl, valueNoStore)
	header.Set("X-Robots-Tag", "noindex")
	policy := s.boardPage.policy
	q := c.query()
	if embed, _ := q.Text("embed"); embed == "1" {
		policy = s.boardPage.framed
	}
	header.SetCanonical(headerSecurityPolicy, []byte(policy))
	header.SetContentType(contentTypes[".html"])
	c.SetStatusCode(status)
	c.out = s.boardPage.append(c.out[:0], title, description, board, status)
	c.SetBody(c.out)
	return nil
}
