package http

import (
	"fmt"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// charge takes what a request costs beyond what every request costs. Handlers change
// nothing before it succeeds.
func (s *Server) charge(c *call, units int) error {
	if units == 0 || c.who == nil {
		return nil
	}
	err := s.users.take(c.RequestCtx, c.who.Bucket, units, c.paid)
	if err == nil {
		c.paid += units
	}
	return err
}

// chargeRows takes what a request costs for the rows that it has read.
func (s *Server) chargeRows(c *call, rows int) {
	s.users.owe(c.RequestCtx, c.who.Bucket, rows/rowsOfUnit)
}

// payFor charges for reports. A tie that was read to count them costs as much as a
// report, whether they are accepted or not: refusing reports to very many
// competitions takes about as long.
func (s *Server) payFor(c *call) competition.Pay {
	return func(writes, ties int) error {
		looking := ties / writesOfUnit
		s.users.owe(c.RequestCtx, c.who.Bucket, looking)
		c.paid += looking
		if writes > maxWrites {
			return errTooMuch
		}
		return s.charge(c, max(writes/writesOfUnit-looking, 0))
	}
}

// rows returns about how many rows a request asks for, as far as it says.
func (c *call) rows() (n int) {
	if len(c.URI().QueryString()) == 0 {
		return 0
	}
	q := c.query()
	if limit, ok := q.OnlyLimit(); ok {
		return limit
	}
	n = q.Integer("limit", 1, decode.MaxLimit, 0)
	return max(n, 2*q.Integer("radius", 0, decode.MaxRadius, 0)) // the handler reports what is wrong with them
}

// errTooMuch is returned for a request that not even operators may send.
var errTooMuch = kindTooMuch.with(fmt.Sprintf("the request amounts to more than %d reports, each counted once for every competition that it goes to: %s", maxWrites, sendLess))
