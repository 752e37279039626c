package http

import (
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
	out := intField(append(c.out[:0], envelope...), `{"erased":true,"competitions":`, done.Competitions)
	out = intField(out, `,"transactions_kept":`, done.Transactions)
	out = timeField(out, `,"kept_until":`, done.KeptUntil)
	if len(done.KeptIn) > 0 {
		out = listField(out, `,"kept_in":`, done.KeptIn, textItem)
	}
	c.replyFresh(fasthttp.StatusOK, append(out, '}', envelopeEnd))
	return nil
}
