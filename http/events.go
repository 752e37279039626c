package http

import (
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// listEvents answers with a page of a competition's feed, or, if the client accepts
// an event stream, follows the feed.
func (s *Server) listEvents(c *call) error {
	q := c.query()
	identity, err := s.liveIdentity(c, &q)
	if err != nil {
		return err
	}
	c.who, c.paid = identity, 1+c.rows()/rowsOfUnit
	if err := s.users.take(c.RequestCtx, identity.Bucket, c.paid, 0); err != nil {
		return err
	}
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	after, limit := readFeedPlace(&q), q.Limit()
	engine, err := s.permit(c, q.Err())
	if err != nil {
		return err
	}
	streams := wantsStream(c.RequestCtx)
	if last := c.Request.Header.Peek("Last-Event-ID"); streams && len(last) > 0 {
		if place, ok := competition.ParseBoardVersion(string(last)); ok {
			after = place
		}
	}
	page, err := engine.Events(id, identity.Caller, after, limit)
	s.chargeRows(c, page.Rows)
	if err != nil {
		return err
	}
	if streams {
		return s.followFeed(c, &feedStream{server: s, engine: engine, identity: identity, competitionID: id, page: page})
	}
	out := append(append(c.out[:0], envelope...), `{"events":[`...)
	for i := range page.Events {
		if i > 0 {
			out = append(out, ',')
		}
		event, err := page.Events[i].JSON()
		if err != nil {
			return err
		}
		out = append(out, event...)
	}
	out = append(page.Next.Append(append(out, `],"next_after":"`...)), '"')
	out = boolField(out, `,"more":`, page.More)
	c.replyFresh(fasthttp.StatusOK, append(out, '}', envelopeEnd))
	return nil
}

// wantsStream reports whether a client accepts Server-Sent Events.
func wantsStream(ctx *fasthttp.RequestCtx) bool {
	for part := range strings.SplitSeq(decode.View(ctx.Request.Header.Peek("Accept")), ",") {
		media, _, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(media), eventStreamType) {
			return true
		}
	}
	return false
}

// readFeedPlace reads the place in a feed after which the client wants to go on.
func readFeedPlace(q *decode.Query) (place competition.FeedPlace) {
	if text, given := q.Text("after"); given {
		var ok bool
		if place, ok = competition.ParseBoardVersion(text); !ok {
			q.Refuse("after", "must be the seq of an event, or a next_after: <seq> or <seq>.<epoch>")
		}
	}
	return place
}
