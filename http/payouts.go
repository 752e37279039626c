package http

import (
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
)

// listPayouts lists the prizes that are pending, and how far handing them over
// to the payment provider is.
func (s *Server) listPayouts(c *call) error {
	q := c.query()
	var status *competition.HandoverStatus
	if word, given := q.choice("status"); given {
		wanted, ok := competition.ParseHandoverStatus(word)
		if !ok {
			q.refuse("status", "must be waiting, delivered, dead or all")
		}
		status = &wanted
	}
	behind, limit := q.afterPrize(), q.limit()
	if err := q.err(); err != nil {
		return err
	}
	engine, err := s.permit(c)
	if err != nil {
		return err
	}
	list, next, err := engine.Payouts(status, behind, limit)
	if err != nil {
		return err
	}
	cursor := ""
	if next != (competition.PrizeID{}) {
		cursor = encodeCursor(cursorPayout, next.String())
	}
	replyList(c, "payouts", list, appendPayout, cursor)
	return nil
}

// retryPayout hands a pending prize over again.
func (s *Server) retryPayout(c *call) error {
	id, err := c.prizeID()
	if err != nil {
		return err
	}
	engine, err := s.permit(c)
	if err != nil {
		return err
	}
	payout, err := engine.RetryPayout(id)
	if err != nil {
		return err
	}
	replyOne(c, fasthttp.StatusOK, &payout, appendPayout)
	return nil
}
