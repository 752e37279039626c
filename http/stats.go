package http

import (
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
)

// getStats reads what a user did in one competition, or in all of them.
func (s *Server) getStats(c *call) error {
	userID, err := c.userID()
	if err != nil {
		return err
	}
	q := c.query()
	id, given := q.text("competition_id")
	if given && !competition.ValidID(id) {
		q.refuse("competition_id", badCompetitionID)
	}
	from, to := q.day("from", competition.MinDay), q.day("to", competition.MaxDay)
	if from > to && len(q.bad) == 0 {
		q.refuse("from", "must not be after to")
	}
	if err := q.err(); err != nil {
		return err
	}
	if err := c.ownData(userID); err != nil {
		return err
	}
	engine, err := s.permit(c)
	if err != nil {
		return err
	}
	var stats competition.Stats
	if given {
		stats, err = engine.Stats(strings.Clone(id), c.who.Caller, userID, from, to)
	} else {
		stats, err = engine.Lifetime(c.who.Caller, userID, from, to)
	}
	if err != nil {
		return onReading(err)
	}
	replyOne(c, fasthttp.StatusOK, &stats, appendStats)
	return nil
}
