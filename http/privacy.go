package http

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// exportUser returns everything that is stored about a person. A large document is
// written while it is read: an error in between ends it early, so that it is not
// valid JSON. It costs what it reads.
func (s *Server) exportUser(c *call) error {
	engine, userID, err := s.readPerson(c)
	if err != nil {
		return err
	}
	if err := s.exports.take(userID, s.now()); err != nil {
		return err
	}
	x := &personExport{engine: engine, webhooks: s.webhooks, userID: userID, now: s.nowMillis(), deadline: time.Now().Add(exportTimeout)}
	if x.lifetime, err = engine.Lifetime(c.who.Caller, userID); err != nil {
		return err
	}
	c.out = c.out[:0]
	err = x.run(func(b []byte) error {
		if len(c.out)+len(b) > wholeExport {
			return errLarge
		}
		c.out = append(c.out, b...)
		return nil
	})
	s.chargeRows(c, x.rows)
	if err != nil && !errors.Is(err, errLarge) {
		return err
	}
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	c.Response.Header.Set("Content-Disposition", `attachment; filename="paceboard-export.json"`)
	if err == nil {
		c.reply(fasthttp.StatusOK, c.out)
		return nil
	}
	c.Response.Header.SetContentTypeBytes(valueJSON)
	if !c.IsHead() {
		s.streamExport(c, x)
	}
	return nil
}

// streamExport writes the document again from its beginning, and keeps nothing of it.
func (s *Server) streamExport(c *call, x *personExport) {
	conn, bucket := c.Conn(), c.who.Bucket
	id := string(c.Response.Header.PeekCanonical(headerRequestID))
	c.SetBodyStreamWriter(func(w *bufio.Writer) {
		defer func() { s.survive(recover()) }()
		err := x.run(func(b []byte) error {
			_ = conn.SetWriteDeadline(time.Now().Add(writeDeadline)) // the server's is for whole responses
			_, err := w.Write(b)
			return err
		})
		s.users.owe(nil, bucket, x.rows/rowsOfUnit)
		if err != nil {
			s.log.Warn("an export ended early", slog.String("request_id", id), slog.Any("error", err))
		}
	})
}

const (
	wholeExport   = 1 << 20     // documents up to so many bytes are sent whole
	exportTimeout = time.Minute // for all of it
	exportPage    = 100         // ties at a time
)

var (
	errLarge      = errors.New("the export is large")
	errExportLate = fmt.Errorf("%w: the export was not finished within %v", competition.ErrUnavailable, exportTimeout)
)

// personExport is an export under way. It holds a page of each list at a time.
type personExport struct {
	engine   Engine
	webhooks Webhooks
	userID   string
	now      calendar.Millis
	deadline time.Time
	lifetime *competition.Lifetime
	rows     int // read by the last run; each competition counts as the rows of a unit
	write    func([]byte) error
	out      []byte
}

func (x *personExport) run(write func([]byte) error) error {
	x.write, x.rows = write, 0
	x.out = textField(append(x.out[:0], envelope...), `{"user_id":`, x.userID)
	x.out = timeField(x.out, `,"exported_at":`, x.now)
	x.out = append(x.out, `,"lifetime":`...)
	if err := x.lifetimeDays(); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		each func(item func(func([]byte) []byte) error) error
	}{
		{"competitions", x.competitions},
		{"transactions", x.transactions},
		{"prizes", x.prizes},
		{"invitations", x.invitations},
		{"webhooks", x.hooks},
		{"operator_actions", x.actions},
	} {
		x.out = append(append(append(x.out, `,"`...), part.name...), `":[`...)
		first := true
		err := part.each(func(appendTo func([]byte) []byte) error {
			if !first {
				x.out = append(x.out, ',')
			}
			first = false
			x.rows++
			return x.piece(appendTo)
		})
		if err != nil {
			return err
		}
		x.out = append(x.out, ']')
	}
	x.out = append(x.out, '}', envelopeEnd)
	return x.flush(0)
}

// piece writes a part of the document, unless the deadline has passed.
func (x *personExport) piece(appendTo func([]byte) []byte) error {
	if time.Now().After(x.deadline) {
		return errExportLate
	}
	x.out = appendTo(x.out)
	return x.flush(maxKeptReply)
}

// flush writes the buffer if it has at least so many bytes.
func (x *personExport) flush(least int) error {
	if len(x.out) < least {
		return nil
	}
	err := x.write(x.out)
	x.out = x.out[:0]
	return err
}

func pageFrom(begin calendar.Day) competition.Span {
	return competition.Span{From: begin, To: calendar.MaxDay, Limit: maxDays}
}

// eachDays writes days and the pages of those after them, from a day on (0 is the end),
// and then a tail.
func eachDays[D any](x *personExport, days []D, from calendar.Day, one func([]byte, *D) []byte, read func(calendar.Day) ([]D, calendar.Day, error), tail func([]byte) []byte) error {
	err := x.piece(func(dst []byte) []byte { return appendItems(dst, days, one) })
	for err == nil && from != 0 {
		if days, from, err = read(from); err == nil {
			err = x.piece(func(dst []byte) []byte { return appendItems(append(dst, ','), days, one) })
		}
	}
	if err != nil {
		return err
	}
	return x.piece(tail)
}

func (x *personExport) lifetimeDays() error {
	whole := x.lifetime.Stats(x.userID, competition.Span{To: calendar.MaxDay, Limit: maxDays})
	x.rows += whole.Rows
	x.out = appendStatsHead(x.out, &whole)
	return eachDays(x, whole.Days, whole.Next, appendDay, func(begin calendar.Day) ([]competition.DayStats, calendar.Day, error) {
		page := x.lifetime.Stats(x.userID, pageFrom(begin))
		return page.Days, page.Next, nil
	}, func(dst []byte) []byte { return append(appendStatsTail(dst, &whole), '}') })
}

func (x *personExport) competitions(item func(func([]byte) []byte) error) error {
	for after := ""; ; {
		ids, err := x.engine.Ties(x.userID, after, exportPage)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := x.competition(id, item); err != nil {
				return err
			}
			after = id
		}
		if len(ids) < exportPage {
			return nil
		}
	}
}

// competition writes a person's part in a competition: first the statistics' days,
// then those of the explanation.
func (x *personExport) competition(id string, item func(func([]byte) []byte) error) error {
	read := func(begin calendar.Day) (competition.Person, error) {
		p, err := x.engine.Person(id, x.userID, pageFrom(begin))
		x.rows += rowsOfUnit + p.Stats.Rows
		return p, err
	}
	whole, err := read(calendar.MinDay)
	if err != nil {
		return err
	}
	if err := item(func(dst []byte) []byte { return appendStatsHead(appendPersonHead(dst, &whole), &whole.Stats) }); err != nil {
		return err
	}
	err = eachDays(x, whole.Stats.Days, whole.Stats.Next, appendDay, func(begin calendar.Day) ([]competition.DayStats, calendar.Day, error) {
		p, err := read(begin)
		return p.Stats.Days, p.Stats.Next, err
	}, func(dst []byte) []byte { return append(appendStatsTail(dst, &whole.Stats), '}') })
	if err != nil {
		return err
	}
	if whole.Explanation == nil {
		x.out = append(x.out, '}')
		return nil
	}
	x.out = appendExplanationHead(append(x.out, `,"explanation":`...), whole.Explanation)
	return eachDays(x, whole.Explanation.Days, whole.Explanation.Next, appendExplainedDay, func(begin calendar.Day) ([]competition.ExplainedDay, calendar.Day, error) {
		p, err := read(begin)
		if err != nil {
			return nil, 0, err
		}
		if p.Explanation == nil {
			return nil, 0, competition.ErrNotEnrolled // the person was erased meanwhile
		}
		return p.Explanation.Days, p.Explanation.Next, nil
	}, func(dst []byte) []byte { return append(appendExplanationTail(dst, whole.Explanation), `}}`...) })
}

// appendPersonHead writes a person's part in a competition as far as the statistics.
func appendPersonHead(dst []byte, p *competition.Person) []byte {
	decimals, _ := ledger.CurrencyDecimals(p.Competition.Definition.Currency)
	dst = appendSummary(append(dst, `{"competition":`...), &p.Competition)
	dst = textField(dst, `,"user_name":`, p.UserName)
	dst = boolField(dst, `,"takes_part":`, p.Present)
	dst = boolField(dst, `,"created_it":`, p.Creator)
	dst = minorField(dst, `,"paid":`, p.PaidMinor, decimals)
	return append(dst, `,"stats":`...)
}

func (x *personExport) transactions(item func(func([]byte) []byte) error) error {
	return eachPage(func(after ledger.Place) ([]ledger.UserTransaction, ledger.Place, error) {
		return x.engine.TransactionsOf(x.userID, after, decode.MaxLimit)
	}, appendTransaction, item)
}

func (x *personExport) prizes(item func(func([]byte) []byte) error) error {
	return eachPage(func(after ledger.Place) ([]ledger.Prize, ledger.Place, error) {
		return x.engine.PrizesOf(x.userID, after, decode.MaxLimit)
	}, appendPrize, item)
}

func (x *personExport) invitations(item func(func([]byte) []byte) error) error {
	return eachPage(func(after competition.InvitationPlace) ([]competition.Offer, competition.InvitationPlace, error) {
		return x.engine.InvitationsTo(x.userID, after, decode.MaxLimit)
	}, func(dst []byte, o *competition.Offer) []byte { return appendInvitation(dst, &o.Invitation) }, item)
}

// hooks writes the person's webhooks, without their secrets.
func (x *personExport) hooks(item func(func([]byte) []byte) error) error {
	list, _, err := x.webhooks.List(competition.Caller{UserID: x.userID}, "", decode.MaxLimit) // a creator's are one page
	for i := range list {
		if err == nil {
			err = appendShown(showWebhook(&list[i]), item)
		}
	}
	return err
}

// appendShown writes a value where speed does not matter.
func appendShown(value any, item func(func([]byte) []byte) error) error {
	shown, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return item(func(dst []byte) []byte { return append(dst, shown...) })
}

// eachPage visits all rows of a user's list, whose end is the place that is zero.
func eachPage[T any, P comparable](read func(after P) ([]T, P, error), appendOne func([]byte, *T) []byte, item func(func([]byte) []byte) error) error {
	for after, end := *new(P), *new(P); ; {
		page, next, err := read(after)
		if err != nil {
			return err
		}
		for i := range page {
			if err := item(func(dst []byte) []byte { return appendOne(dst, &page[i]) }); err != nil {
				return err
			}
		}
		if next == end {
			return nil
		}
		after = next
	}
}

// actions writes what the person did as an operator, and what operators did to the
// person.
func (x *personExport) actions(item func(func([]byte) []byte) error) error {
	for before := uint64(0); ; {
		entries, err := x.engine.AuditLogOf(x.userID, before, decode.MaxLimit)
		if err != nil {
			return err
		}
		for i := range entries {
			before = entries[i].Seq
			if err := appendShown(showEntry(&entries[i]), item); err != nil {
				return err
			}
		}
		if len(entries) < decode.MaxLimit {
			return nil
		}
	}
}

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
	switch {
	case err != nil:
		c.erase = openErasure
		return err
	case done.Competitions > 0 || done.Transactions > 0: // not where there was nobody to erase, again and again
		c.erase = doneErasure
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
