package http

import (
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// listPayouts lists the prizes that are pending, and how far handing them over
// to the payment provider is.
func (s *Server) listPayouts(c *call) error {
	q := c.query()
	var status *ledger.HandoverStatus
	if word, given := q.Choice("status"); given {
		wanted, ok := ledger.ParseHandoverStatus(word)
		if !ok {
			q.Refuse("status", "must be waiting, delivered, dead or all")
		}
		status = &wanted
	}
	after, limit := q.AfterPrize(), q.Limit()
	engine, err := s.permit(c, q.Err())
	if err != nil {
		return err
	}
	list, next, err := engine.Payouts(status, after, limit)
	cursor := ""
	if next != (ledger.PrizeID{}) {
		cursor = decode.Cursor(decode.CursorPayout, next.String())
	}
	return replyList(c, err, "payouts", list, appendPayout, cursor)
}

// retryPayout hands a pending prize over again.
func (s *Server) retryPayout(c *call) error {
	id, err := c.prizeID()
	engine, err := s.permit(c, err)
	if err != nil {
		return err
	}
	payout, err := engine.RetryPayout(id)
	return replyOne(c, err, fasthttp.StatusOK, &payout, appendPayout)
}
