package http

import (
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// mostDecimals is what no currency has more of.
const mostDecimals = 4

// calculatePrizes tells what a pool comes to by the standings as they are.
func (s *Server) calculatePrizes(c *call) error {
	engine, id, pool, err := s.readPool(c)
	if err != nil {
		return err
	}
	reply, err := engine.CalculatePrizes(id, c.who.Caller, pool)
	if err != nil {
		return err
	}
	c.replyPrizes(&reply)
	return nil
}

// distributePrizes pays them, however often it is asked to.
func (s *Server) distributePrizes(c *call) error {
	engine, id, pool, err := s.readPool(c)
	if err != nil {
		return err
	}
	reply, err := engine.DistributePrizes(id, &competition.DistributePrizes{Caller: c.who.Caller, PoolMinor: pool})
	if err != nil {
		return err
	}
	c.replyPrizes(&reply)
	return nil
}

// readPool reads the amount of a body that may be missing, for which it has to
// know the competition's currency.
func (s *Server) readPool(c *call) (engine Engine, id string, minor int64, err error) {
	if id, err = c.competitionID(); err != nil {
		return nil, "", 0, err
	}
	f, err := c.optionalForm()
	if err != nil {
		return nil, "", 0, err
	}
	engine, err = s.permit(c)
	decimals := mostDecimals
	if err == nil {
		var today competition.Summary
		if today, err = engine.Competition(id, c.who.Caller); err == nil {
			decimals, _ = competition.CurrencyDecimals(today.Definition.Currency)
		}
	}
	minor, _ = f.Exact("prize_pool", decimals, competition.MaxAmountMinor)
	if bad := f.Err(); bad != nil { // 400 goes before 403 and 404
		return nil, "", 0, bad
	}
	return engine, id, minor, err
}

// confirmPrize takes the payment provider's word that a prize has arrived.
func (s *Server) confirmPrize(c *call) error {
	id, err := c.prizeID()
	if err != nil {
		return err
	}
	engine, err := s.permit(c)
	if err != nil {
		return err
	}
	prize, err := engine.ConfirmPrize(id, c.who.Caller)
	if err != nil {
		return err
	}
	c.replyPrize(&prize)
	return nil
}

// failPrize takes the payment provider's word that a prize cannot be paid.
func (s *Server) failPrize(c *call) error {
	id, err := c.prizeID()
	if err != nil {
		return err
	}
	f, err := c.optionalForm()
	if err != nil {
		return err
	}
	reason, _ := f.Text("reason")
	if reason != "" {
		f.RefuseAll(competition.CheckReason(reason, "")) // whether it names the winner is the engine's to know
	}
	if err := f.Err(); err != nil {
		return err
	}
	engine, err := s.permit(c)
	if err != nil {
		return err
	}
	prize, err := engine.FailPrize(id, c.who.Caller, reason)
	if err != nil {
		return err
	}
	c.replyPrize(&prize)
	return nil
}

// prizeID is the prize of the path, copied.
func (c *call) prizeID() (competition.PrizeID, error) {
	text, ok := decode.Unescape(c.parameter("id"), false)
	id, valid := competition.ParsePrizeID(string([]byte(text)))
	if !ok || !valid {
		return id, kindInvalidRequest.listing([]competition.FieldError{{Field: "id", Detail: "must be the id of a prize, such as spring.7"}})
	}
	return id, nil
}

// listPrizes lists what a user has won, newest first.
func (s *Server) listPrizes(c *call) error {
	engine, userID, behind, limit, err := readOwnList(s, c, afterPlace(decode.CursorPrize))
	if err != nil {
		return err
	}
	list, next, err := engine.PrizesOf(userID, behind, limit)
	if err != nil {
		return err
	}
	replyList(c, "prizes", list, appendPrize, decode.PlaceCursor(decode.CursorPrize, next))
	return nil
}

// listTransactions lists what was brought or cost a user, newest first.
func (s *Server) listTransactions(c *call) error {
	engine, userID, behind, limit, err := readOwnList(s, c, afterPlace(decode.CursorTransaction))
	if err != nil {
		return err
	}
	list, next, err := engine.TransactionsOf(userID, behind, limit)
	if err != nil {
		return err
	}
	replyList(c, "transactions", list, appendTransaction, decode.PlaceCursor(decode.CursorTransaction, next))
	return nil
}

// replyPrizes answers with the prizes of a competition.
func (c *call) replyPrizes(r *competition.PrizesReply) {
	decimals, _ := competition.CurrencyDecimals(r.Currency)
	out := wordField(append(c.out[:0], envelope...), `{"competition_id":`, r.CompetitionID)
	out = boolField(out, `,"final":`, r.Final)
	out = minorField(out, `,"prize_pool":`, r.PoolMinor, decimals)
	out = wordField(out, `,"currency":`, r.Currency)
	c.out = append(listField(out, `,"prizes":`, r.Prizes, appendPrize), '}', envelopeEnd)
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	c.reply(fasthttp.StatusOK, c.out)
}

func (c *call) replyPrize(p *competition.Prize) {
	replyOne(c, fasthttp.StatusOK, p, appendPrize)
}

// afterPlace reads the cursor of a list by its letter.
func afterPlace(letter string) func(*decode.Query) competition.LedgerPlace {
	return func(q *decode.Query) competition.LedgerPlace { return q.AfterPlace(letter) }
}
