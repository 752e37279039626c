package http

import (
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// getStats returns a user's statistics in one competition, or in all of them, a page of
// days at a time.
func (s *Server) getStats(c *call) error {
	userID, err := c.userID()
	if err != nil {
		return err
	}
	q := c.query()
	id, given := q.Text("competition_id")
	if given && !competition.ValidID(id) {
		q.Refuse("competition_id", decode.BadCompetitionID)
	}
	from, to := q.Day("from", calendar.MinDay), q.Day("to", calendar.MaxDay)
	if from > to && q.Err() == nil {
		q.Refuse("from", "must not be after to")
	}
	span := competition.Span{From: from, To: to, Begin: q.BeginDay(), Limit: maxDays}
	if err := q.Err(); err != nil {
		return err
	}
	engine, err := s.permit(c, c.ownData(userID))
	if err != nil {
		return err
	}
	var stats competition.Stats
	if given {
		stats, err = engine.Stats(strings.Clone(id), c.who.Caller, userID, span)
	} else {
		var all *competition.Lifetime
		if all, err = engine.Lifetime(c.who.Caller, userID); err == nil {
			stats = all.Stats(userID, span)
		}
	}
	s.chargeRows(c, stats.Rows)
	return replyOne(c, onReading(err), fasthttp.StatusOK, &stats, appendStats)
}

// maxDays is how many days one answer may have: more than a year.
const maxDays = 400
