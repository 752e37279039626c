package http

import (
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// mostDecimals is the largest number of decimals that a currency has.
const mostDecimals = 4

// calculatePrizes works out the prizes of a pool by the present standings.
func (s *Server) calculatePrizes(c *call) error {
	engine, id, pool, err := s.readPool(c)
	if err != nil {
		return err
	}
	reply, err := engine.CalculatePrizes(id, c.who.Caller, pool)
	return replyOne(c, err, fasthttp.StatusOK, &reply, appendPrizes)
}

// distributePrizes pays the prizes. Distributing twice pays once.
func (s *Server) distributePrizes(c *call) error {
	engine, id, pool, err := s.readPool(c)
	if err != nil {
		return err
	}
	reply, err := engine.DistributePrizes(id, &competition.DistributePrizes{Caller: c.who.Caller, PoolMinor: pool})
	return replyOne(c, err, fasthttp.StatusOK, &reply, appendPrizes)
}

// readPool reads the amount in a body that may be missing. It needs the competition's
// currency for that.
func (s *Server) readPool(c *call) (engine Engine, id string, minor int64, err error) {
	if id, err = c.competitionID(); err != nil {
		return nil, "", 0, err
	}
	f, err := c.optionalForm()
	if err != nil {
		return nil, "", 0, err
	}
	engine, err = s.permit(c, nil)
	decimals := mostDecimals
	if err == nil {
		var today competition.Summary
		if today, err = engine.Competition(id, c.who.Caller); err == nil {
			decimals, _ = ledger.CurrencyDecimals(today.Definition.Currency)
		}
	}
	minor, _ = f.Exact("prize_pool", decimals, ledger.MaxAmountMinor)
	if bad := f.Err(); bad != nil { // 400 goes before 403 and 404
		return nil, "", 0, bad
	}
	return engine, id, minor, err
}

// confirmPrize records that the payment provider has paid a prize.
func (s *Server) confirmPrize(c *call) error {
	id, err := c.prizeID()
	engine, err := s.permit(c, err)
	if err != nil {
		return err
	}
	prize, err := engine.ConfirmPrize(id, c.who.Caller)
	return replyOne(c, err, fasthttp.StatusOK, &prize, appendPrize)
}

// failPrize records that the payment provider cannot pay a prize.
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
		f.RefuseAll(competition.CheckReason(reason, "")) // the engine checks whether it names the winner
	}
	engine, err := s.permit(c, f.Err())
	if err != nil {
		return err
	}
	prize, err := engine.FailPrize(id, c.who.Caller, reason)
	return replyOne(c, err, fasthttp.StatusOK, &prize, appendPrize)
}

// prizeID returns the prize of the path, copied.
func (c *call) prizeID() (ledger.PrizeID, error) {
	text, ok := decode.Unescape(c.parameter("id"), false)
	id, valid := competition.ParsePrizeID(string([]byte(text)))
	if !ok || !valid {
		return id, kindInvalidRequest.listing([]competition.FieldError{{Field: "id", Detail: "must be the id of a prize, such as spring.7"}})
	}
	return id, nil
}

// listPrizes lists the prizes that a user has won, newest first.
func (s *Server) listPrizes(c *call) error {
	engine, userID, after, limit, err := readOwnList(s, c, afterPlace(decode.CursorPrize))
	if err != nil {
		return err
	}
	list, next, err := engine.PrizesOf(userID, after, limit)
	return replyList(c, err, "prizes", list, appendPrize, decode.PlaceCursor(decode.CursorPrize, next))
}

// listTransactions lists a user's transactions, newest first.
func (s *Server) listTransactions(c *call) error {
	engine, userID, after, limit, err := readOwnList(s, c, afterPlace(decode.CursorTransaction))
	if err != nil {
		return err
	}
	list, next, err := engine.TransactionsOf(userID, after, limit)
	return replyList(c, err, "transactions", list, appendTransaction, decode.PlaceCursor(decode.CursorTransaction, next))
}

func afterPlace(letter string) func(*decode.Query) ledger.Place {
	return func(q *decode.Query) ledger.Place { return q.AfterPlace(letter) }
}

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

func (s *Server) retryPayout(c *call) error {
	id, err := c.prizeID()
	engine, err := s.permit(c, err)
	if err != nil {
		return err
	}
	payout, err := engine.RetryPayout(id)
	return replyOne(c, err, fasthttp.StatusOK, &payout, appendPayout)
}
