package http

import (
	"strconv"

	"github.com/valyala/fasthttp"
)

// eraseUser has everything forget a person. The answer names nobody, so that
// nothing leads from the person to what is kept.
func (s *Server) eraseUser(c *call) error {
	engine, userID, err := s.readPerson(c)
	if err != nil {
		return err
	}
	if err := s.erasures.take(userID, s.now()); err != nil {
		return err
	}
	done, err := engine.EraseUser(userID)
	if err != nil {
		return err
	}
	out := append(append(c.out[:0], envelope...), `{"erased":true,"competitions":`...)
	out = strconv.AppendInt(out, int64(done.Competitions), 10)
	out = append(out, `,"transactions_kept":`...)
	out = strconv.AppendInt(out, int64(done.Transactions), 10)
	out = appendTimeField(out, `,"kept_until":`, done.KeptUntil)
	for i, id := range done.KeptIn {
		if i == 0 {
			out = append(out, `,"kept_in":[`...)
		} else {
			out = append(out, ',')
		}
		out = appendString(out, id)
	}
	if len(done.KeptIn) > 0 {
		out = append(out, ']')
	}
	out = append(out, '}', envelopeEnd)
	c.out = out
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	c.reply(fasthttp.StatusOK, c.out)
	return nil
}
